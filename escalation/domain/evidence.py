"""What a request of unknown outcome came to, in words: nobody heard the carrier's answer, and then something showed whether the message
went out. The decision (wait, redial, keep) is `attempts`'; here it is only told, because a phone that rang twice will be asked about."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.incident import Attempt, AttemptStatus, Outcome
from escalation.domain.timeline import EntryKind

SIGNS: Final[Mapping[type[ev.AttemptEvent], str]] = MappingProxyType(
    {
        ev.AttemptAccepted: "the carrier has it",
        ev.AttemptRinging: "it rings",
        ev.AttemptAnswered: "it was picked up",
        ev.MachineDetected: "a voicemail picked up",
        ev.AttemptEnded: "the call is over",
        ev.AttemptFailed: "and failed there",
        ev.TextDelivered: "it arrived",
    }
)
NOBODY_KNOWS = (AttemptStatus.PLANNED, AttemptStatus.UNKNOWN)  # planned: to be sent again, for want of a sign
UNSENT = (Outcome.STOOD_DOWN, Outcome.FAILED, Outcome.UNREACHABLE, Outcome.CAPPED)


def tell_sign(draft: Draft, a: Attempt, event: Any) -> None:
    """The first sign of a message that nobody knew of. A failure without a code of the carrier's is a refusal, and no sign."""
    is_refusal = isinstance(event, ev.AttemptFailed) and not event.code
    if a.status in NOBODY_KNOWS and type(event) in SIGNS and not is_refusal:
        draft.note(f"{draft.what(a)}: it did go out, {SIGNS[type(event)]} (try {event.try_}).", EntryKind.PAGE)


def known_by_then(draft: Draft, a: Attempt, event: ev.AttemptUnknown) -> None:
    """Whoever sent it died, or heard no answer; the sign came before anybody asked."""
    if a.outcome in UNSENT or event.try_ != a.try_:
        draft.note(f"{draft.what(a)}: {event.reason} (try {event.try_}); nothing follows from it, the attempt is {a.status}.")
    else:
        draft.note(f"{draft.what(a)}: {event.reason} (try {event.try_}); it did go out all the same.", EntryKind.PAGE)
