"""The second table: attempt state × event. What one call or text came to, and what follows for its page. Which event may
reach here, and what the incident's own status makes of it, is in `machine`.

planned → claimed → accepted → ringing → answered → settled, with *unknown* beside accepted: the carrier may have the request.
A settled attempt is one nobody wants any more. Signs of life from it are hung up; the bill of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from escalation.domain import events as ev
from escalation.domain.claims import again, claim, come_back, join
from escalation.domain.commands import CommandKind
from escalation.domain.draft import Draft
from escalation.domain.evidence import known_by_then, tell_sign
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Outcome, TimerKind
from escalation.domain.paging import (
    LAST_RESORT_PAUSE,
    LONGEST_PAUSE,
    alarm,
    calling,
    climb,
    fall_to_voice,
    meanwhile,
    pause,
    plan,
    settle,
)
from escalation.domain.roster import Channel
from escalation.domain.timeline import EntryKind

QUEUE_TAKES = timedelta(seconds=75)  # accepted, not ringing yet: Plivo starts 2 calls a second and queues the rest
EVIDENCE_TAKES = timedelta(seconds=15)  # unknown: no callback has named this try by then, so dial again
RINGING_SLACK = timedelta(seconds=15)  # beyond the ring time, for the callback to arrive
MENU_TAKES = timedelta(seconds=150)  # the menu three times over, with somebody half asleep

PLANNED, CLAIMED, UNKNOWN = AttemptStatus.PLANNED, AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN
ACCEPTED, RINGING, ANSWERED, SETTLED = (
    AttemptStatus.ACCEPTED,
    AttemptStatus.RINGING,
    AttemptStatus.ANSWERED,
    AttemptStatus.SETTLED,
)

ENDED_BY_ITSELF = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REJECTED, Outcome.HUNG_UP, Outcome.KEY, Outcome.VOICEMAIL})

Rule = Callable[[Draft, Attempt, Any], None]
OF_A_CALL = (ev.AttemptJoined, ev.AttemptUnheard, ev.AttemptRinging, ev.AttemptAnswered, ev.MachineDetected, ev.AttemptEnded)
Sign = ev.AttemptRinging | ev.AttemptAnswered | ev.MachineDetected


# --- sending


def accept(draft: Draft, a: Attempt, event: ev.AttemptAccepted) -> None:
    _refer(draft, a, event)
    _catch_up(draft, a)
    billed = f", as {event.parts} messages" if event.parts > 1 else ""
    draft.note(f"{_verb(a)} {draft.what(a)}{billed}.", EntryKind.PAGE)
    _become(draft, a, event.try_, ACCEPTED, QUEUE_TAKES if a.channel.rings else None)


def doubt(draft: Draft, a: Attempt, event: ev.AttemptUnknown) -> None:
    """Never "failed": the phone may be ringing. The texts go out meanwhile; without evidence we dial again."""
    if event.try_ != a.try_:
        return
    draft.note(f"Nobody knows whether the carrier has the message to {draft.what(a)}: {event.reason}.", EntryKind.PAGE)
    _become(draft, a, event.try_, UNKNOWN, EVIDENCE_TAKES)
    if a.channel.rings:
        meanwhile(draft, a.page)


def wait(draft: Draft, a: Attempt, event: ev.AttemptDelayed) -> None:
    """It cannot go out yet. What can reach the same person by text does not wait with a call whose phone is taken; a turn that will come
    is waited for."""
    when = f" It is expected at {event.until:%H:%M:%S} UTC." if event.until else ""
    what = "call" if a.channel.rings else "write to"
    draft.note(f"Waiting to {what} {draft.whom(draft.page(a.page))}: {event.reason}.{when}", EntryKind.PAGE)
    if event.until is None:
        meanwhile(draft, a.page)
    elif event.gathers and draft.incident.timer(TimerKind.SLOT):  # we hold it back ourselves: that is nobody's alarm
        draft.set_timer(TimerKind.SLOT, event.until - draft.now + draft.incident.policy.slot_limit)


def refuse(draft: Draft, a: Attempt, event: ev.AttemptFailed) -> None:
    """Certainly not accepted: never by this address, or later within the step and by the other channels meanwhile."""
    if event.try_ != a.try_:
        return
    _say_failed(draft, a, event)
    if event.permanent:
        _lost(draft, a, event.reason)
    else:
        a = draft.change_attempt(a.number, failures=a.failures + 1, reason=event.reason)
        again(draft, a, pause(a.failures, _longest_pause(draft, a)))
        meanwhile(draft, a.page)


# --- on the line


def ring(draft: Draft, a: Attempt, event: ev.AttemptRinging) -> None:
    _refer(draft, a, event)
    if a.status in (PLANNED, CLAIMED, UNKNOWN):
        draft.note(f"{_verb(a)} {draft.what(a)}.", EntryKind.PAGE)
    _become(draft, a, event.try_, RINGING, draft.incident.policy.ring + RINGING_SLACK)


def answer(draft: Draft, a: Attempt, event: ev.AttemptAnswered) -> None:
    """Answered is not acknowledged: only a key is."""
    _refer(draft, a, event)
    keep(draft, a, event.try_)
    draft.note(f"{draft.whom(draft.page(a.page))} picked up.", EntryKind.PAGE)
    _become(draft, a, event.try_, ANSWERED, MENU_TAKES)


def leave_message(draft: Draft, a: Attempt, event: ev.MachineDetected) -> None:
    _refer(draft, a, event)
    draft.note(f"{draft.what(a)}: a voicemail picked up; it gets a short message and counts for nothing.", EntryKind.PAGE)
    keep(draft, a, event.try_)
    draft.command(CommandKind.LEAVE_MESSAGE, a.number, event.try_)
    settle(draft, a, Outcome.VOICEMAIL)
    climb(draft, a.page)


def end(draft: Draft, a: Attempt, event: ev.AttemptEnded) -> None:
    if event.try_ != a.try_ and a.status is not PLANNED:  # the other try lives on
        bill(draft, a, event)
        return
    draft.change_attempt(a.number, try_=event.try_)
    over = draft.page(a.page).closed and event.outcome is Outcome.HUNG_UP and not draft.incident.policy.test_number
    outcome = Outcome.KEY if over else event.outcome
    draft.note(f"{draft.what(a)}: {outcome}, {event.seconds} s.", EntryKind.PAGE)
    bill(draft, settle(draft, a, outcome, event.reason), event)
    climb(draft, a.page)


def drop(draft: Draft, a: Attempt, event: ev.AttemptFailed) -> None:
    """Accepted once, and now said to have failed: an undelivered text, a call that the network lost, our XML unread."""
    if event.try_ != a.try_:
        return
    _say_failed(draft, a, event)
    if event.permanent:
        _lost(draft, a, event.reason)
        return
    settle(draft, a, Outcome.FAILED, event.reason)
    page, failures = draft.page(a.page), a.failures + 1
    if not page.closed and not (a.channel.rings and calling(draft, page)):
        plan(draft, page, a.rung, after=pause(failures, _longest_pause(draft, a)), failures=failures)
        meanwhile(draft, a.page)


def deliver(draft: Draft, a: Attempt, event: ev.TextDelivered) -> None:
    """Delivered is not reached: the page stays open until its step ends."""
    draft.note(f"{draft.what(a)}: delivered.", EntryKind.PAGE)
    _become(draft, a, event.try_, ACCEPTED, None)


def deliver_late(draft: Draft, a: Attempt, event: ev.TextDelivered) -> None:
    draft.note(f"{draft.what(a)}: delivered, when nobody waited for it any more.")


def another(draft: Draft, a: Attempt, event: ev.AttemptAccepted | ev.AttemptRinging) -> None:
    """A sign of life from this attempt's call is noted; from another try's it is hung up: never two calls on one phone."""
    _refer(draft, a, event)
    if event.try_ != a.try_ and a.channel.rings:
        draft.note(f"A second call for {draft.what(a)} came up; it is hung up.")
        draft.command(CommandKind.HANG_UP, a.number, event.try_)
    elif isinstance(event, ev.AttemptRinging) and a.status is ACCEPTED:
        ring(draft, a, event)


# --- nobody wants it any more


def late(draft: Draft, a: Attempt, event: ev.AttemptAccepted | ev.AttemptRinging | ev.AttemptAnswered) -> None:
    """The carrier took the call after it was stood down or given up, or after another try had settled it: hang it up. What
    comes late from a call that has ended by itself needs nothing, and a voicemail's message is let speak."""
    _refer(draft, a, event)
    _catch_up(draft, a)
    if a.channel.rings and (event.try_ != a.try_ or a.outcome not in ENDED_BY_ITSELF):
        draft.note(f"The call to {draft.what(a)} came up too late; it is hung up.")
        draft.command(CommandKind.HANG_UP, a.number, event.try_)


def bill(draft: Draft, a: Attempt, event: ev.AttemptEnded) -> None:
    """Plivo posts the hang-up after the key that caused it; the bill is in it, so the ledger listens even when nobody waits."""
    a = draft.attempt(a.number)
    draft.change_attempt(a.number, seconds=a.seconds + event.seconds, cost=a.cost + event.cost)


def note(draft: Draft, a: Attempt, event: Any) -> None:
    """Late, repeated or meant for another try: recorded and ignored."""
    draft.note(f"{type(event).__name__} for {draft.what(a)} (try {event.try_}): ignored, the attempt is {a.status}.")


def nothing(draft: Draft, a: Attempt, event: Any) -> None:
    """Not even worth a line: a claim that lost the race."""


def give_up(draft: Draft, a: Attempt) -> None:
    """The attempt's own timer: no word from the carrier. A call given up may still ring, so it is hung up."""
    match a.status:
        case AttemptStatus.CLAIMED:
            doubt(draft, a, ev.AttemptUnknown(a.number, a.try_, "no word from the worker that sent it"))
        case AttemptStatus.UNKNOWN:
            draft.note(
                f"No sign of the message to {draft.what(a)} within {EVIDENCE_TAKES.seconds} s: sent again.", EntryKind.PAGE
            )
            after = pause(a.failures, _longest_pause(draft, a)) if a.failures else timedelta(0)
            again(draft, draft.change_attempt(a.number, failures=a.failures + 1), after)
        case AttemptStatus.ACCEPTED | AttemptStatus.RINGING | AttemptStatus.ANSWERED:
            for try_ in a.references:
                draft.command(CommandKind.HANG_UP, a.number, try_)
            # Silent, picked up or not: nobody reported its end, so a later sign of it is hung up.
            draft.note(f"{draft.what(a)}: {Outcome.SILENT}, given up.", EntryKind.PAGE)
            settle(draft, a, Outcome.SILENT)
            climb(draft, a.page)
        case _:
            pass


RULES: Final[Mapping[tuple[AttemptStatus, type[ev.AttemptEvent]], Rule]] = MappingProxyType(
    {
        (PLANNED, ev.AttemptClaimed): claim,
        (PLANNED, ev.AttemptDelayed): wait,
        (PLANNED, ev.AttemptJoined): join,
        (PLANNED, ev.AttemptUnheard): nothing,
        (PLANNED, ev.AttemptAccepted): accept,  # the first try was accepted after all, before the redial went out
        (PLANNED, ev.AttemptUnknown): note,
        (PLANNED, ev.AttemptFailed): note,
        (PLANNED, ev.AttemptRinging): ring,
        (PLANNED, ev.AttemptAnswered): answer,
        (PLANNED, ev.MachineDetected): leave_message,
        (PLANNED, ev.AttemptEnded): end,
        (PLANNED, ev.TextDelivered): deliver,
        (CLAIMED, ev.AttemptClaimed): nothing,
        (CLAIMED, ev.AttemptDelayed): nothing,
        (CLAIMED, ev.AttemptJoined): nothing,
        (CLAIMED, ev.AttemptUnheard): nothing,
        (CLAIMED, ev.AttemptAccepted): accept,
        (CLAIMED, ev.AttemptUnknown): doubt,
        (CLAIMED, ev.AttemptFailed): refuse,
        (CLAIMED, ev.AttemptRinging): ring,
        (CLAIMED, ev.AttemptAnswered): answer,
        (CLAIMED, ev.MachineDetected): leave_message,
        (CLAIMED, ev.AttemptEnded): end,
        (CLAIMED, ev.TextDelivered): deliver,
        (UNKNOWN, ev.AttemptClaimed): nothing,
        (UNKNOWN, ev.AttemptDelayed): nothing,
        (UNKNOWN, ev.AttemptJoined): nothing,
        (UNKNOWN, ev.AttemptUnheard): nothing,
        (UNKNOWN, ev.AttemptAccepted): accept,
        (UNKNOWN, ev.AttemptUnknown): nothing,
        (UNKNOWN, ev.AttemptFailed): refuse,
        (UNKNOWN, ev.AttemptRinging): ring,
        (UNKNOWN, ev.AttemptAnswered): answer,
        (UNKNOWN, ev.MachineDetected): leave_message,
        (UNKNOWN, ev.AttemptEnded): end,
        (UNKNOWN, ev.TextDelivered): deliver,
        (ACCEPTED, ev.AttemptClaimed): nothing,
        (ACCEPTED, ev.AttemptDelayed): nothing,
        (ACCEPTED, ev.AttemptJoined): nothing,
        (ACCEPTED, ev.AttemptUnheard): come_back,
        (ACCEPTED, ev.AttemptAccepted): another,
        (ACCEPTED, ev.AttemptUnknown): known_by_then,
        (ACCEPTED, ev.AttemptFailed): drop,
        (ACCEPTED, ev.AttemptRinging): another,
        (ACCEPTED, ev.AttemptAnswered): answer,
        (ACCEPTED, ev.MachineDetected): leave_message,
        (ACCEPTED, ev.AttemptEnded): end,
        (ACCEPTED, ev.TextDelivered): deliver,
        (RINGING, ev.AttemptClaimed): nothing,
        (RINGING, ev.AttemptDelayed): nothing,
        (RINGING, ev.AttemptJoined): nothing,
        (RINGING, ev.AttemptUnheard): come_back,
        (RINGING, ev.AttemptAccepted): another,
        (RINGING, ev.AttemptUnknown): known_by_then,
        (RINGING, ev.AttemptFailed): drop,
        (RINGING, ev.AttemptRinging): another,
        (RINGING, ev.AttemptAnswered): answer,
        (RINGING, ev.MachineDetected): leave_message,
        (RINGING, ev.AttemptEnded): end,
        (RINGING, ev.TextDelivered): nothing,
        (ANSWERED, ev.AttemptClaimed): nothing,
        (ANSWERED, ev.AttemptDelayed): nothing,
        (ANSWERED, ev.AttemptJoined): nothing,
        (ANSWERED, ev.AttemptUnheard): come_back,
        (ANSWERED, ev.AttemptAccepted): another,
        (ANSWERED, ev.AttemptUnknown): known_by_then,
        (ANSWERED, ev.AttemptFailed): drop,
        (ANSWERED, ev.AttemptRinging): another,
        (ANSWERED, ev.AttemptAnswered): another,
        (ANSWERED, ev.MachineDetected): leave_message,
        (ANSWERED, ev.AttemptEnded): end,
        (ANSWERED, ev.TextDelivered): nothing,
        (SETTLED, ev.AttemptClaimed): nothing,
        (SETTLED, ev.AttemptDelayed): nothing,
        (SETTLED, ev.AttemptJoined): nothing,
        (SETTLED, ev.AttemptUnheard): nothing,
        (SETTLED, ev.AttemptAccepted): late,
        (SETTLED, ev.AttemptUnknown): known_by_then,
        (SETTLED, ev.AttemptFailed): note,
        (SETTLED, ev.AttemptRinging): late,
        (SETTLED, ev.AttemptAnswered): late,
        (SETTLED, ev.MachineDetected): note,
        (SETTLED, ev.AttemptEnded): bill,
        (SETTLED, ev.TextDelivered): deliver_late,
    }
)


def rule_attempt(draft: Draft, event: ev.AttemptEvent) -> None:
    attempt = draft.incident.attempt(event.attempt)
    if attempt is None or not 0 < event.try_ <= attempt.tries:
        draft.note(f"{type(event).__name__} names attempt {event.attempt}, try {event.try_}, which was never made: ignored.")
        return
    if isinstance(event, ev.TextDelivered if attempt.channel.rings else OF_A_CALL) and not _is_of_a_text(attempt, event):
        note(draft, attempt, event)  # of what a backup has lost: its number was given away again
        return
    tell_sign(draft, attempt, event)
    RULES[(attempt.status, type(event))](draft, attempt, event)


def _is_of_a_text(a: Attempt, event: ev.AttemptEvent) -> bool:
    """One text or Slack message may tell of several incidents, as one call may."""
    return (a.channel is Channel.SMS and isinstance(event, ev.AttemptJoined | ev.AttemptUnheard)) or (
        a.channel is Channel.SLACK and isinstance(event, ev.AttemptJoined)
    )


def keep(draft: Draft, a: Attempt, try_: int) -> None:
    """This try is the one that counts; the call of the other, if there is one, is hung up: never two on one phone."""
    if try_ != a.try_ and a.channel.rings and a.try_ in a.references:
        draft.command(CommandKind.HANG_UP, a.number, a.try_)
    draft.change_attempt(a.number, try_=try_)


def _refer(draft: Draft, a: Attempt, event: ev.AttemptAccepted | Sign) -> None:
    """A call's own id can end a call that is answered, the request's id only one that is not: where the carrier's answer to the
    request comes after the call's first sign, it must not take the better name away."""
    known = draft.attempt(a.number).references
    late = isinstance(event, ev.AttemptAccepted) and a.channel.rings and event.try_ in known
    if event.reference and not late:
        draft.change_attempt(a.number, references={**known, event.try_: event.reference})


def _become(draft: Draft, a: Attempt, try_: int, status: AttemptStatus, patience: timedelta | None) -> None:
    draft.change_attempt(a.number, status=status, try_=try_)
    if patience is None:
        draft.clear_timer(TimerKind.ATTEMPT, a.number)
    else:
        draft.set_timer(TimerKind.ATTEMPT, patience, a.number)


def _catch_up(draft: Draft, a: Attempt) -> None:
    """A message that was under way while the incident moved shows what was: it is edited at once."""
    if a.channel is Channel.SLACK and draft.attempt(a.number).references and a.turn != draft.incident.turn:
        draft.command(CommandKind.EDIT_SLACK, a.number, a.try_)


def _longest_pause(draft: Draft, a: Attempt) -> int:
    return LAST_RESORT_PAUSE if draft.page(a.page).step == LAST_RESORT else LONGEST_PAUSE


def _lost(draft: Draft, a: Attempt, reason: str) -> None:
    settle(draft, a, Outcome.UNREACHABLE, reason)
    (climb if a.channel.rings else fall_to_voice)(draft, a.page)


def _say_failed(draft: Draft, a: Attempt, event: ev.AttemptFailed) -> None:
    code = f" (carrier's code {event.code})" if event.code else ""
    draft.note(f"{draft.what(a)}: {event.reason}{code}.", EntryKind.PAGE)
    if event.alarm:
        alarm(draft, event.reason, f"Our own fault, not {draft.whom(draft.page(a.page))}'s: {event.reason}{code}.")


def _verb(a: Attempt) -> str:
    return "Called" if a.channel.rings else "Wrote to"
