"""Which phones our calls keep busy after an event, and for how long: at most one call of ours may be on a phone, site-wide. Not the rows
(the store's), not the waiting (`dispatch`)."""

from __future__ import annotations

from datetime import timedelta

from escalation.domain import events as ev
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Outcome, Status
from escalation.domain.joined import end_of, is_over_for_all
from escalation.domain.roster import Channel
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
        if isinstance(event, ev.AttemptUnheard) and event.attempt == new.number:
            tx.leave_call(after.id, new.number)
        elif is_over(old, new, event):
            tx.free_phone(after.id, new.number)
            tx.end_call(after.id, new.number, end_of(event, new), new.reason)
        elif (lasts := may_last(old, new, before, after)) is not None:
            _leave_phone(tx, after.id, old, new, lasts)
    for old, new in zip(before.attempts, after.attempts, strict=False):
        if new.channel is Channel.SMS:
            _release_text(tx, after.id, old, new, event)


def _release_text(tx: Transaction, incident_id: int, old: Attempt, new: Attempt, event: ev.Event) -> None:
    """Those that a text was to tell of too hear that it did not. One that is tried again will tell of them; one that lies there to be
    read is nobody's business any more."""
    if isinstance(event, ev.AttemptUnheard) and event.attempt == new.number:
        tx.leave_call(incident_id, new.number)
    elif new.settled and not old.settled:
        if is_over(old, new, event):
            tx.free_phone(incident_id, new.number)
        tx.end_call(incident_id, new.number, end_of(event, new), new.reason)


def _leave_phone(tx: Transaction, incident_id: int, old: Attempt, new: Attempt, lasts: timedelta) -> None:
    """A call that others have joined keeps its phone as long as one of them wants it; that is the business of whoever placed it."""
    if tx.is_member(incident_id, new.number):
        return
    if not is_over_for_all(old, new) and tx.is_shared(incident_id, new.number):
        return
    tx.hold_phone(new.address, incident_id, new.number, new.try_, tx.now + lasts)
    if new.settled:
        tx.end_call(incident_id, new.number, new.outcome or Outcome.STOOD_DOWN, new.reason)


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
