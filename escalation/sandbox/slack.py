"""A pretend Slack workspace: what was posted, changed and shown to one person only, and a hand that presses the buttons
(signed v0, as Slack does). Its HTTP side is `slack_api.py`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from escalation.sandbox.courier import Envelope, Outcome
from escalation.sandbox.signer import slack_headers

if TYPE_CHECKING:
    from escalation.sandbox.world import World


@dataclass
class SlackMessage:
    """`via` is chat.postMessage, chat.postEphemeral, webhook or response_url; `updates` counts the changes."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    via: str
    at: float
    user: str = ""
    thread_ts: str = ""
    updates: int = 0
    deleted: bool = False
    attachments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """Every interactive element, with its block's id."""
        blocks = [*self.blocks, *(block for extra in self.attachments for block in extra.get("blocks", []))]
        return [
            {**element, "block_id": block.get("block_id", f"b{number}")}
            for number, block in enumerate(blocks)
            for element in [*block.get("elements", []), *([block["accessory"]] if "accessory" in block else [])]
            if isinstance(element, dict) and "action_id" in element
        ]

    def as_json(self) -> dict[str, object]:
        return {"channel": self.channel, "ts": self.ts, "text": self.text, "blocks": self.blocks, "via": self.via,
                "at": self.at, "user": self.user, "thread_ts": self.thread_ts, "updates": self.updates,
                "deleted": self.deleted, "buttons": self.buttons}  # fmt: skip


class Slack:
    """`world.slack`. `channels` empty means every channel exists."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.token = "xoxb-sandbox"
        self.signing_secret = "sandbox-signing-secret"
        self.actions_url = ""
        self.channels: set[str] = set()
        self.users: dict[str, str] = {}
        self.messages: list[SlackMessage] = []
        self.presses: list[Outcome] = []
        self._response_urls: dict[str, SlackMessage] = {}
        self._serial = 0

    def find(self, ts: str) -> SlackMessage | None:
        return next((message for message in self.messages if message.ts == ts and not message.deleted), None)

    def add(self, body: dict[str, Any], via: str, channel: str = "") -> SlackMessage:
        self._serial += 1
        ts = f"{int(self._world.now())}.{self._serial:06d}"
        message = SlackMessage(
            channel or str(body.get("channel", "")),
            ts,
            str(body.get("text", "")),
            _listed(body.get("blocks")),
            via,
            self._world.now(),
            str(body.get("user", "")),
            str(body.get("thread_ts") or ""),
            attachments=_listed(body.get("attachments")),
        )
        self.messages.append(message)
        self._world.note("slack.posted", via=via, channel=message.channel, ts=ts, text=message.text)
        return message

    def change(self, message: SlackMessage, body: dict[str, Any]) -> None:
        message.text = str(body.get("text", message.text))
        if "blocks" in body:
            message.blocks = _listed(body["blocks"])
        message.updates += 1
        self._world.note("slack.updated", channel=message.channel, ts=message.ts, text=message.text)

    def respond(self, key: str, body: dict[str, Any]) -> bool:
        """What came to a response_url: a change, a removal, or words for the channel or for one person."""
        message = self._response_urls.get(key)
        if message is None:
            return False
        if body.get("delete_original"):
            message.deleted = True
            self._world.note("slack.deleted", channel=message.channel, ts=message.ts)
        elif body.get("replace_original"):
            self.change(message, body)
        else:
            self.add(body, "response_url", message.channel)
        return True

    def press(
        self, message: SlackMessage | str, action_id: str, *, user: str = "U0SANDBOX", username: str = "sandbox", value: str = ""
    ) -> None:
        """Press a button of a message (or of the message with this ts). The product hears of it on the agenda; what it
        answered is the last of `presses`."""
        found = self.find(message) if isinstance(message, str) else message
        if found is None:
            raise LookupError(f"no such message: {message}")
        button = next((b for b in found.buttons if b["action_id"] == action_id and value in ("", b.get("value"))), None)
        if button is None:
            raise LookupError(f"no such button: {action_id}")
        body = urlencode({"payload": json.dumps(self._payload(found, button, user, username))}).encode()
        self._world.note("slack.pressed", ts=found.ts, action_id=action_id, user=user)
        self._world.after(0.0, lambda: self._send(body))

    def _send(self, body: bytes) -> None:
        headers = slack_headers(self.signing_secret, int(self._world.now()), body)
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Slackbot 1.0"}
        self._world.courier.carry(Envelope("POST", self.actions_url, headers, body, read_timeout=3.0), self._answered)

    def _answered(self, outcome: Outcome) -> None:
        self.presses.append(outcome)
        self._world.note(
            "slack.answered", status=outcome.status, failure=outcome.failure, body=outcome.body.decode(errors="replace")
        )

    def _payload(self, message: SlackMessage, button: dict[str, Any], user: str, username: str) -> dict[str, Any]:
        key = self._world.new_uuid()
        self._response_urls[key] = message
        now = self._world.now()
        return {
            "type": "block_actions",
            "user": {"id": user, "username": username, "name": username, "team_id": "T0SANDBOX"},
            "api_app_id": "A0SANDBOX",
            "token": "sandbox-verification",
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel,
                          "is_ephemeral": bool(message.user)},
            "trigger_id": f"{int(now)}.{key[:8]}",
            "team": {"id": "T0SANDBOX", "domain": "sandbox"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": message.channel, "name": message.channel.lstrip("#").lower()},
            "message": {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks,
                        "bot_id": "B0SANDBOX"},
            "state": {"values": {}},
            "response_url": f"{self._world.base_url}/slack/response/{key}",
            "actions": [{"action_id": button["action_id"], "block_id": button["block_id"],
                         "type": button.get("type", "button"), "text": button.get("text"),
                         "value": button.get("value", ""), "action_ts": f"{now:.6f}"}],
        }  # fmt: skip


def _listed(value: object) -> list[dict[str, Any]]:
    """Blocks come as JSON, or as a form field that holds JSON."""
    if isinstance(value, str):
        value = json.loads(value or "[]")
    return list(value) if isinstance(value, list) else []
