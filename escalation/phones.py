"""Which phones our calls keep busy after an event, and for how long: at most one call of ours may be on a phone, site-wide. Not the rows
(the store's), not the waiting (`dispatch`)."""

from __future__ import annotations

from datetime import timedelta

from escalation.domain import events as ev
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Outcome, Status
from escalation.ports import Transaction

STOPS_RINGING = timedelta(seconds=5)
REQUEST_LASTS = timedelta(seconds=15)
GOODBYE_LASTS = timedelta(seconds=30)
MESSAGE_LASTS = timedelta(seconds=45)


def release_phones(tx: Transaction, before: Incident, after: Incident, event: ev.Event) -> None:
    """A phone is free for the next call when this one is known to be over; a withdrawn call has a moment to stop ringing, and
    one whose end nobody reports must not keep the phone from other incidents."""
    calls = [(old, new) for old, new in zip(before.attempts, after.attempts, strict=False) if new.channel.rings]
    for old, new in sorted(calls, key=lambda pair: pair[1].address):  # in key order: two incidents may share phones
        if is_over(old, new, event):
            tx.free_phone(after.id, new.number)
        elif (lasts := may_last(old, new, before, after)) is not None:
            tx.hold_phone(new.address, after.id, new.number, new.try_, tx.now + lasts)


def is_over(old: Attempt, new: Attempt, event: ev.Event) -> bool:
    """Whether the attempt's call is known to be over: the end of another try says nothing of the one that counts."""
    return (
        isinstance(event, ev.AttemptEnded | ev.AttemptFailed)
        and event.attempt == new.number
        and event.try_ in (old.try_, new.try_)
        and new.status in (AttemptStatus.SETTLED, AttemptStatus.PLANNED)
    )


def may_last(old: Attempt, new: Attempt, before: Incident, after: Incident) -> timedelta | None:
    """How long the call may still be on the phone after this event; None where nothing changed, or nothing was ever sent."""
    if new.settled and not old.settled:
        if new.outcome is Outcome.VOICEMAIL:
            return MESSAGE_LASTS
        if old.status is AttemptStatus.CLAIMED:
            return REQUEST_LASTS
        return STOPS_RINGING if old.status is not AttemptStatus.PLANNED or old.tries > 1 else None
    has_said_thank_you = after.status is Status.ACKNOWLEDGED and before.status is not Status.ACKNOWLEDGED
    return GOODBYE_LASTS if has_said_thank_you and new.status is AttemptStatus.ANSWERED else None
