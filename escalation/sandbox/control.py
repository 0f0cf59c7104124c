"""`/_sandbox/…`: the sandbox's own API for scripts, demos and tests in other processes: phones, script, faults, clock,
log, Slack, mail. It has no password: it is bound to loopback and refuses requests that another web site's page sends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

from escalation.sandbox.account import digits_of, money
from escalation.sandbox.calls import Call
from escalation.sandbox.phones import Phone
from escalation.sandbox.script import ScriptFaults, load, read_fault, read_phone

if TYPE_CHECKING:
    from escalation.sandbox.world import World

PREFIX = "/_sandbox"
A_YEAR = 366 * 24 * 3600  # seconds


def register(app: Flask, world: World) -> None:
    control = _Control(world)
    looks: dict[str, Callable[..., Any]] = {
        "/": control.overview,
        "/phones": control.phones,
        "/phones/<number>": control.phone,
        "/log": control.log,
        "/calls": control.calls,
        "/messages": control.messages,
        "/slack": control.slack,
        "/mail": control.mail,
        "/clock": control.clock,
        "/faults": control.faults,
    }
    for path, view in looks.items():
        app.add_url_rule(PREFIX + path, f"control{path}", view, methods=["GET"])
    _register_changes(app, control)
    app.before_request(_refuse_other_sites)


def _register_changes(app: Flask, control: _Control) -> None:
    app.add_url_rule(f"{PREFIX}/phones/<number>", "control_declare", control.declare, methods=["PUT"])
    app.add_url_rule(f"{PREFIX}/phones/<number>/<act>", "control_act", control.act, methods=["POST"])
    app.add_url_rule(f"{PREFIX}/script", "control_script", control.script, methods=["POST"])
    app.add_url_rule(f"{PREFIX}/faults", "control_add_fault", control.add_fault, methods=["POST"])
    app.add_url_rule(f"{PREFIX}/faults", "control_clear_faults", control.clear_faults, methods=["DELETE"])
    app.add_url_rule(f"{PREFIX}/clock", "control_move_clock", control.move_clock, methods=["POST"])
    app.add_url_rule(f"{PREFIX}/slack/press", "control_press_button", control.press_button, methods=["POST"])


def _refuse_other_sites() -> Any:
    """A page on the internet can make the browser post to loopback; then Origin names that page."""
    origin = request.headers.get("Origin")
    if origin and request.method != "GET" and urlsplit(origin).netloc != request.host:
        return Response("not from another site", 403, mimetype="text/plain")
    return None


class _Control:
    def __init__(self, world: World) -> None:
        self._world = world

    # -- looking

    def overview(self) -> Any:
        world = self._world
        return {
            "now": world.now(),
            "next_due": world.next_due(),
            "auth_id": world.account.auth_id,
            "cash_credits": money(world.account.cash_credits),
            "message_url": world.message_url,
            "log": len(world.log),
            "stopped": sorted(f"{ours} -> {theirs}" for ours, theirs in world.texting.stopped),
            "unexpected": [{"number": each.number, "kind": each.kind, "at": each.at} for each in world.unexpected],
        }

    def phones(self) -> Any:
        return [phone_state(phone) for phone in self._world.phones.values()]

    def phone(self, number: str) -> Any:
        phone = self._world.phones.get(digits_of(number))
        return phone_state(phone) if phone else _fault(404, "no such phone")

    def log(self) -> Any:
        since, kind = request.args.get("since", 0, int), request.args.get("kind", "")
        return [record.as_json() for record in self._world.log.since(since) if record.kind.startswith(kind)]

    def calls(self) -> Any:
        return [call_state(call) for call in self._world.calls]

    def messages(self) -> Any:
        return [{"uuid": each.uuid, "from": each.sender, "to": each.to, "text": each.text, "state": each.state,
                 "error_code": each.error_code, "direction": each.direction, "at": each.requested_at}
                for each in self._world.texting.messages]  # fmt: skip

    def slack(self) -> Any:
        return [message.as_json() for message in self._world.slack.messages]

    def mail(self) -> Any:
        return [mail.as_json() for mail in self._world.mailbox]

    def clock(self) -> Any:
        return {"now": self._world.now(), "next_due": self._world.next_due()}

    def faults(self) -> Any:
        return [fault.as_json() for fault in self._world.faults.pending]

    # -- changing

    def declare(self, number: str) -> Any:
        """The body is a phone of the script, as JSON."""
        try:
            wanted = read_phone("+" + digits_of(number), request.get_json(silent=True) or {})
        except ScriptFaults as fault:
            return _fault(400, *fault.faults)
        phone = self._world.phone(wanted.number, wanted.name, wanted.habits)
        phone.answers_texts, phone.undeliverable = wanted.replies, wanted.undeliverable
        return phone_state(phone)

    def act(self, number: str, act: str) -> Any:
        phone = self._world.phones.get(digits_of(number))
        if phone is None or act not in ACTS:
            return _fault(404, f"no such phone, or not one of {', '.join(ACTS)}")
        try:
            ACTS[act](phone, request.get_json(silent=True) or request.values.to_dict())
        except RuntimeError as fault:
            return _fault(409, str(fault))
        return phone_state(phone)

    def script(self) -> Any:
        try:
            load(request.get_data(as_text=True)).apply(self._world)
        except ScriptFaults as fault:
            return _fault(400, *fault.faults)
        return {"phones": len(self._world.phones), "faults": len(self._world.faults.pending)}

    def add_fault(self) -> Any:
        try:
            timed = read_fault(request.get_json(silent=True) or {})
        except ScriptFaults as fault:
            return _fault(400, *fault.faults)
        return self._world.faults.add(timed.begin(self._world.now())).as_json(), 201

    def clear_faults(self) -> Any:
        self._world.faults.clear()
        return "", 204

    def move_clock(self) -> Any:
        try:
            seconds = _seconds_ahead()
        except ValueError as fault:
            return _fault(400, str(fault))
        self._world.skip(seconds)
        return self.clock()

    def press_button(self) -> Any:
        values = request.get_json(silent=True) or {}
        try:
            self._world.slack.press(
                str(values.get("ts", "")),
                str(values.get("action_id", "")),
                user=str(values.get("user", "U0SANDBOX")),
                value=str(values.get("value", "")),
            )
        except LookupError as fault:
            return _fault(404, str(fault))
        return {"pressed": True}, 202


def _seconds_ahead() -> float:
    """`advance` of a JSON body or a form. Raises `ValueError`: a time that cannot be written would break every page for good."""
    try:
        values = request.get_json(silent=True) if request.is_json else request.values
    except RecursionError:  # brackets, thousands deep
        values = None
    if not isinstance(values, Mapping) or "advance" not in values:
        raise ValueError("the body must be a JSON object or a form with advance: seconds")
    wanted = values["advance"]
    try:
        seconds = math.nan if isinstance(wanted, bool) else float(wanted)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds <= A_YEAR:
        raise ValueError(f"advance: must be seconds, from 0 to {A_YEAR} (a year)")
    return seconds


def _keys(values: dict[str, Any]) -> str:
    return "".join(key for key in str(values.get("digits", "")) if key in "0123456789*#")


ACTS: dict[str, Callable[[Phone, dict[str, Any]], None]] = {
    "pick-up": lambda phone, _: phone.pick_up(),
    "press": lambda phone, values: phone.press(_keys(values)),
    "hang-up": lambda phone, _: phone.hang_up(),
    "reject": lambda phone, _: phone.reject(),
    "reply": lambda phone, values: phone.reply(str(values.get("text", "")), str(values.get("to", ""))),
}


def _fault(status: int, *texts: str) -> Any:
    return {"faults": list(texts)}, status


def call_state(call: Call) -> dict[str, object]:
    return {
        "call_uuid": call.call_uuid,
        "request_uuid": call.request_uuid,
        "from": call.sender,
        "to": call.to,
        "status": str(call.status),
        "heard": list(call.heard),
        "pressed": call.pressed,
        "machine": call.machine,
        "requested_at": call.requested_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "hangup_code": call.hangup.code if call.hangup else None,
        "hangup_name": call.hangup.name if call.hangup else None,
        "hangup_source": call.hangup.source if call.hangup else None,
    }


def phone_state(phone: Phone) -> dict[str, object]:
    call = phone.call
    return {
        "number": phone.number,
        "name": phone.name,
        "state": "idle" if call is None else "ringing" if phone.ringing else "talking",
        "caller": "+" + call.sender if call else None,
        "menu": phone.is_listened_to,
        "heard": phone.heard,
        "habits": [habit.kind for habit in phone.habits],
        "texts": [{"body": text.body, "at": text.at, "from": "+" + text.sender} for text in phone.texts],
        "sent": list(phone.sent),
        "calls": [call_state(each) for each in phone.calls],
    }
