"""The HTTP side of the pretend Slack: the Web API methods a pager uses, incoming webhooks and response URLs, with Slack's
own error words. What it keeps is in `slack.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalation.sandbox.slack import SlackMessage
    from escalation.sandbox.world import World


def register(app: Flask, world: World) -> None:
    api = _SlackApi(world)
    app.add_url_rule("/api/<method>", "slack_api", api.call, methods=["POST", "GET"])
    app.add_url_rule("/services/<path:rest>", "slack_webhook", api.webhook, methods=["POST"])
    app.add_url_rule("/slack/response/<key>", "slack_response", api.respond, methods=["POST"])


class _SlackApi:
    def __init__(self, world: World) -> None:
        self._world = world
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "conversations.open": self._open,
            "users.lookupByEmail": self._look_up,
        }

    def call(self, method: str) -> Any:
        body, token = _body(), request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        token = token or str(body.get("token", ""))
        if not token:
            return _no("not_authed")
        if token != self._world.slack.token:
            return _no("invalid_auth")
        carry_out = self._methods.get(method)
        return _no("unknown_method") if carry_out is None else carry_out(body)

    def _auth_test(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": f"{self._world.base_url}/", "team": "Sandbox", "user": "pager", "bot_id": "B0SANDBOX",
                "team_id": "T0SANDBOX", "user_id": "U0PAGER", "is_enterprise_install": False}  # fmt: skip

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        if fault := self._why_not(body):
            return _no(fault)
        message = self._world.slack.add(body, "chat.postMessage")
        return {"ok": True, "channel": message.channel, "ts": message.ts, "message": _as_slack(message)}

    def _post_ephemeral(self, body: dict[str, Any]) -> dict[str, Any]:
        if fault := self._why_not(body) or ("" if body.get("user") else "user_not_in_channel"):
            return _no(fault)
        message = self._world.slack.add(body, "chat.postEphemeral")
        return {"ok": True, "message_ts": message.ts}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._world.slack.find(str(body.get("ts", "")))
        if message is None or message.via != "chat.postMessage" or message.channel != body.get("channel"):
            return _no("message_not_found")
        self._world.slack.change(message, body)
        return {"ok": True, "channel": message.channel, "ts": message.ts, "text": message.text,
                "message": _as_slack(message)}  # fmt: skip

    def _open(self, body: dict[str, Any]) -> dict[str, Any]:
        users = str(body.get("users", ""))
        return {"ok": True, "channel": {"id": "D" + users.lstrip("U")}} if users else _no("users_not_found")

    def _look_up(self, body: dict[str, Any]) -> dict[str, Any]:
        user = self._world.slack.users.get(str(body.get("email", "")))
        return {"ok": True, "user": {"id": user, "name": user}} if user else _no("users_not_found")

    def _why_not(self, body: dict[str, Any]) -> str:
        channels, channel = self._world.slack.channels, str(body.get("channel", ""))
        if not channel or (channels and channel not in channels and channel[0] not in "DU"):
            return "channel_not_found"
        return "" if body.get("text") or body.get("blocks") or body.get("attachments") else "no_text"

    def webhook(self, rest: str) -> Any:
        body = _body()
        if not body:
            return Response("invalid_payload", 400, mimetype="text/html")
        if not (body.get("text") or body.get("blocks") or body.get("attachments")):
            return Response("no_text", 400, mimetype="text/html")
        self._world.slack.add(body, "webhook", str(body.get("channel") or rest))
        return Response("ok", 200, mimetype="text/html")

    def respond(self, key: str) -> Any:
        if not self._world.slack.respond(key, _body()):
            return Response("no_service", 404, mimetype="text/html")
        return {"ok": True}


def _no(fault: str) -> dict[str, Any]:
    """Slack answers 200 with ok false."""
    return {"ok": False, "error": fault}


def _body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    values: dict[str, Any] = found if isinstance(found, dict) else request.values.to_dict()
    if "payload" in values:
        return dict(json.loads(values["payload"]))
    return values


def _as_slack(message: SlackMessage) -> dict[str, Any]:
    return {"type": "message", "bot_id": "B0SANDBOX", "user": "U0PAGER", "text": message.text, "ts": message.ts,
            "blocks": message.blocks}  # fmt: skip
