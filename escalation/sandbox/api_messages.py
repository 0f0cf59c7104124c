"""`Message/` of Plivo's REST API: send, get one, list. It checks and answers; what becomes of a text is `texting.py`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, request

from escalation.sandbox.account import digits_of
from escalation.sandbox.body import BadRequest, Body, is_number, keeps, page_of
from escalation.sandbox.encoding import is_too_long
from escalation.sandbox.gate import error
from escalation.sandbox.texting import Message, record

if TYPE_CHECKING:
    from escalation.sandbox.world import World

_EXACT = ("message_direction", "message_state", "message_type", "error_code")


def register(app: Flask, world: World) -> None:
    api = _Messages(world)
    base = "/v1/Account/<auth_id>/Message/"
    app.add_url_rule(base, "send_message", api.send, methods=["POST"])
    app.add_url_rule(base, "list_messages", api.listed, methods=["GET"])
    app.add_url_rule(f"{base}<uuid>/", "get_message", api.get, methods=["GET"])


class _Messages:
    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, auth_id: str) -> Any:
        try:
            return self._accept(Body()), 202
        except BadRequest as fault:
            self._world.note("api.refused", path=request.path, status=400, error=str(fault))
            return error(self._world, 400, str(fault))

    def _accept(self, body: Body) -> dict[str, object]:
        good, bad = body.destinations("dst")
        sender, text = _sender(body), body.required("text")
        if not good:
            raise BadRequest("dst parameter is invalid")
        if sender in good:
            raise BadRequest("src and dst parameters cannot be the same")
        if is_too_long(text):
            raise BadRequest("text parameter is too long")
        callback = body.target("url", "method")
        messages = [self._world.texting.send(sender, to, text, callback) for to in good]
        answer: dict[str, object] = {"api_id": self._world.new_uuid(), "message": "message(s) queued",
                                     "message_uuid": [message.uuid for message in messages]}  # fmt: skip
        return answer | ({"invalid_number": bad} if bad else {})

    def listed(self, auth_id: str) -> Any:
        records = [self._record(message) for message in reversed(self._world.texting.messages)]
        kept = [each for each in records if keeps(each, _EXACT, ("from_number", "to_number"), ("message_time",))]
        return page_of(kept, f"/v1/Account/{auth_id}/Message/", self._world.new_uuid())

    def get(self, auth_id: str, uuid: str) -> Any:
        message = self._world.texting.by_uuid(uuid)
        if message is None:
            return error(self._world, 404, "not found")
        return {"api_id": self._world.new_uuid(), **self._record(message)}

    def _record(self, message: Message) -> dict[str, object]:
        account = self._world.account
        time = f"{self._world.utc(message.requested_at):%Y-%m-%d %H:%M:%S}+00:00"
        return record(message, account.auth_id, account.message_rate, time)


def _sender(body: Body) -> str:
    """A number, or up to eleven letters and digits; nothing but those is kept."""
    src = body.text("src")
    if not src:
        raise BadRequest("src parameter is missing" if not body.text("powerpack_uuid") else "powerpack_uuid is unknown")
    if is_number(src):
        return digits_of(src)
    kept = "".join(character for character in src if character.isascii() and character.isalnum())
    if not kept or len(kept) > 14 or (not kept.isdigit() and len(kept) > 11):
        raise BadRequest("src parameter is invalid")
    return kept
