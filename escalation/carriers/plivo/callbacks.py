"""What Plivo posts to us, as events and identities. Pure; total on any form, however mangled. Not whether it may be believed
(`signature`, the receiver) and not what is answered (`answers`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from escalation.carriers.plivo import causes
from escalation.domain.events import (
    AttemptAccepted,
    AttemptAnswered,
    AttemptEnded,
    AttemptFailed,
    AttemptRinging,
    Event,
    MachineDetected,
    TextDelivered,
)
from escalation.domain.replies import ReplyAction

Form = Mapping[str, str]

_NAME = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
_NOT_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
_OVER = frozenset({"completed", "busy", "failed", "timeout", "no-answer", "cancel", "cancelled"})
_WISHES = {"optout": ReplyAction.STOP, "optin": ReplyAction.START}
_UNDELIVERED = frozenset({"undelivered", "failed", "rejected"})


@dataclass(frozen=True, slots=True)
class Name:
    """Whose call or text it is; the part of a callback's URL that says so. Ids only: a URL is in everybody's logs."""

    incident_id: int
    attempt: int
    try_: int

    @property
    def text(self) -> str:
        return f"{self.incident_id}-{self.attempt}-{self.try_}"

    @classmethod
    def parse(cls, text: str) -> Name | None:
        """None for anything that `text` does not make."""
        match = _NAME.fullmatch(text)
        return cls(int(match[1]), int(match[2]), int(match[3])) if match else None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that somebody sent to our number; phone numbers in E.164. `wish`: what Plivo itself read in it and acts on."""

    message_uuid: str
    sender: str
    to: str
    text: str
    wish: ReplyAction | None = None


def call_events(what: str, form: Form, name: Name) -> list[Event]:
    """Events of a voice callback; `what` is the last part of its URL (ring, answer, machine, hangup; others mean nothing)."""
    if is_over(form):
        what = "hangup"  # Plivo posts it to the answer URL too where it has no other
    read = READERS.get(what)
    return read(form, name) if read else []


def is_over(form: Form) -> bool:
    """Whether a voice callback tells of the call's end, wherever it was posted."""
    return _status(form) in _OVER or form.get("Event") == "Hangup"


def text_events(form: Form, name: Name) -> list[Event]:
    """Events of a text's status callback, which comes for each part of a long one."""
    status = form.get("Status", "").strip().lower()
    if status in _UNDELIVERED:
        return [_failed(causes.text(form.get("ErrorCode", "")), form.get("ErrorCode", ""), name)]
    if status in ("delivered", "read"):
        return [TextDelivered(name.attempt, name.try_)]
    if status in ("queued", "sent"):
        return [AttemptAccepted(name.attempt, name.try_, _id(form, "ParentMessageUUID") or _id(form, "MessageUUID"))]
    return []


def inbound(form: Form) -> Inbound | None:
    """The text that was sent to us; None when it lacks its id or its sender."""
    sender, to = e164(form.get("From", "")), e164(form.get("To", ""))
    wish = _WISHES.get(form.get("MessageIntent", "").strip().lower())
    said = Inbound(_id(form, "MessageUUID"), sender, to, form.get("Text", ""), wish)
    return said if said.message_uuid and said.sender else None


def pressed(form: Form) -> str:
    """The key pressed in a menu, empty when there was none, `?` for what no phone has."""
    digits = form.get("Digits", "").strip()
    return digits if re.fullmatch(r"[0-9*#]?", digits) else "?"


def e164(number: str) -> str:
    """`15550100001` -> `+15550100001`; what is no phone number (a short code, a sender's name) stays as it is."""
    plain = number.strip().removeprefix("+")
    return f"+{plain}" if re.fullmatch(r"[1-9][0-9]{6,14}", plain) else number.strip()[:40]


# --- identities: what makes a second delivery of the same thing the same


def call_identity(what: str, form: Form, name: Name) -> str:
    """Of a voice callback. Plivo delivers at least once; ring and hangup come once per call."""
    return f"plivo:call:{name.text}:{_id(form, 'CallUUID')}:{_word(what)}:{_word(_status(form))}"


def key_identity(hop: int, form: Form, name: Name) -> str:
    """Of a key: by the menu it was pressed in, so that 9 and then 1 are two."""
    return f"plivo:key:{name.text}:{_id(form, 'CallUUID')}:{hop}"


def text_identity(form: Form, name: Name) -> str:
    """Of a text's status, for each part of it."""
    return f"plivo:text:{name.text}:{_id(form, 'MessageUUID')}:{_word(form.get('Status', ''))}"


def text_references(form: Form) -> set[str]:
    """The ids by which a status names its text: its own, and for a part of a long one that of the first."""
    return {_id(form, "MessageUUID"), _id(form, "ParentMessageUUID")} - {""}


def inbound_identity(form: Form) -> str:
    """Of a text that was sent to us."""
    return f"plivo:inbound:{_id(form, 'MessageUUID')}"


# --- readers


def _ring(form: Form, name: Name) -> list[Event]:
    return [AttemptRinging(name.attempt, name.try_, _id(form, "CallUUID"))]


def _answer(form: Form, name: Name) -> list[Event]:
    return [AttemptAnswered(name.attempt, name.try_, _id(form, "CallUUID")), *_machine(form, name)]


def _machine(form: Form, name: Name) -> list[Event]:
    is_machine = form.get("Machine", "").strip().lower() == "true"
    return [MachineDetected(name.attempt, name.try_, _id(form, "CallUUID"))] if is_machine else []


def _hangup(form: Form, name: Name) -> list[Event]:
    code = form.get("HangupCauseCode", "").strip()
    cause = causes.hangup(code, form.get("HangupCauseName", ""), _status(form))
    if cause.outcome is None:
        return [_failed(cause, code, name)]
    seconds = causes.whole(form.get("BillDuration", "")) or causes.whole(form.get("Duration", ""))
    cost = causes.amount(form.get("TotalCost", ""))
    return [AttemptEnded(name.attempt, name.try_, cause.outcome, cause.says, seconds, cost)]


def _failed(cause: causes.Cause, code: str, name: Name) -> AttemptFailed:
    return AttemptFailed(name.attempt, name.try_, cause.permanent, cause.says, cause.alarm, _word(code))


READERS: Mapping[str, Callable[[Form, Name], list[Event]]] = {
    "ring": _ring,
    "answer": _answer,
    "machine": _machine,
    "hangup": _hangup,
}


def _status(form: Form) -> str:
    return form.get("CallStatus", "").strip().lower()


def _id(form: Form, key: str) -> str:
    """Safe in a URL's path and in a key column."""
    return _NOT_AN_ID.sub("", form.get(key, ""))[:64]


def _word(text: str) -> str:
    return _NOT_AN_ID.sub("", text)[:20]
