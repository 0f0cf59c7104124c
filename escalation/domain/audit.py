"""The audit's rules: what an open incident must have so that it cannot be forgotten, whoever was to see to it, and what sets right an
incident that lacks it. They look at the outcome only, at how the incident stands, never at who should have done what; so a fault of
the machine, the timekeeper or a worker shows here too. Not the rounds (`escalation.audit`).

An open incident has the timer of its status (an acknowledgement that never expires has none); while it pages, each planned attempt has
a command that will send it, each page that is not over a next rung that will come; and each attempt in flight is given up in time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalation.domain import events as ev
from escalation.domain.attempts import EVIDENCE_TAKES, MENU_TAKES, QUEUE_TAKES, RINGING_SLACK
from escalation.domain.claims import SENDING_TAKES, SHARED_CALL_TAKES, again
from escalation.domain.draft import Draft
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Incident, Page, Status, Timer, TimerKind
from escalation.domain.paging import AT_ONCE, LAST_RESORT_PAUSE, climb
from escalation.domain.quiet import is_of_sleep
from escalation.domain.timeline import EntryKind

LONGEST_WAIT = timedelta(seconds=2 * LAST_RESORT_PAUSE)  # no command of ours waits longer before it is sent
SLACK = timedelta(minutes=1)  # a clock that was put right by less is no finding
PAGING = (Status.TRIGGERED, Status.EXHAUSTED)
OF_THE_STATUS: Final[Mapping[Status, tuple[TimerKind, ...]]] = MappingProxyType(
    {
        Status.TRIGGERED: (TimerKind.STEP, TimerKind.SLOT),  # one of them
        Status.EXHAUSTED: (TimerKind.ALARM,),
        Status.ACKNOWLEDGED: (TimerKind.ACK,),
        Status.SNOOZED: (TimerKind.SNOOZE,),
        Status.RESOLVED: (),
    }
)

Sending = Collection[tuple[int, int]]  # (attempt, try) of the commands that will be carried out


class Lack(StrEnum):
    ASLEEP = "asleep"  # nothing moves it on
    UNSENT = "unsent"  # a planned attempt that nobody will send
    UNWATCHED = "unwatched"  # an attempt in flight that nobody gives up
    STUCK = "stuck"  # a page whose next rung never comes


@dataclass(frozen=True, slots=True)
class Finding:
    """`ref` is an attempt's or a page's number, 0 for the incident itself."""

    lack: Lack
    ref: int = 0

    @property
    def said(self) -> str:
        match self.lack:
            case Lack.ASLEEP:
                return "nothing would have moved this incident on"
            case Lack.UNSENT:
                return f"nobody would have sent attempt {self.ref}"
            case Lack.UNWATCHED:
                return f"nobody would have given up attempt {self.ref}"
            case Lack.STUCK:
                return f"nothing more would have been tried for page {self.ref}"


def findings(incident: Incident, sending: Sending, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong with one incident; nothing with a resolved one."""
    return tuple(_found(incident, sending, now)) if incident.is_open else ()


def _found(incident: Incident, sending: Sending, now: datetime) -> Iterator[Finding]:
    if not _is_woken(incident, now):
        yield Finding(Lack.ASLEEP)
    for attempt in incident.attempts:
        if patience(incident, attempt) is not None and not _is_set(incident, TimerKind.ATTEMPT, attempt.number, now):
            yield Finding(Lack.UNWATCHED, attempt.number)
    if incident.status in PAGING:
        for attempt in incident.attempts:
            if attempt.status is AttemptStatus.PLANNED and (attempt.number, attempt.try_) not in sending:
                yield Finding(Lack.UNSENT, attempt.number)
        yield from (Finding(Lack.STUCK, p.number) for p in incident.pages if _is_stuck(incident, p, now))


def _is_woken(incident: Incident, now: datetime) -> bool:
    if incident.status is Status.ACKNOWLEDGED and incident.policy.acknowledgement_expires is None:
        return True
    return any(_is_set(incident, kind, 0, now) for kind in OF_THE_STATUS[incident.status])


def _is_stuck(incident: Incident, page: Page, now: datetime) -> bool:
    is_current = page.step == LAST_RESORT or (page.step, page.turn) == (incident.step, incident.turn)
    if page.closed or not is_current or page.rung + 1 >= len(page.ladder):
        return False
    calling = any(a.page == page.number and a.channel.rings and not a.settled for a in incident.attempts)
    return not calling and not _is_set(incident, TimerKind.RUNG, page.number, now)


def _is_set(incident: Incident, kind: TimerKind, ref: int, now: datetime) -> bool:
    """Whether there is such a timer, and it is no further away than the machine could have set it: after a clock was put back by an
    hour, everything would come an hour late."""
    timer = incident.timer(kind, ref)
    longest = _longest(incident, timer) if timer and not is_of_sleep(incident, timer) else None
    return timer is not None and (longest is None or timer.due_at <= now + longest + SLACK)


def _longest(incident: Incident, timer: Timer) -> timedelta | None:
    policy = incident.policy
    match timer.kind:
        case TimerKind.STEP:
            return policy.steps[incident.step].timeout
        case TimerKind.SLOT:
            return policy.slot_limit
        case TimerKind.ALARM:
            return policy.alarm_every
        case TimerKind.ACK:
            return policy.acknowledgement_expires
        case TimerKind.RUNG:
            return max(rung.after for rung in incident.page(timer.ref).ladder)
        case TimerKind.ATTEMPT:
            attempt = incident.attempt(timer.ref)
            return patience(incident, attempt) if attempt else None
        case TimerKind.SNOOZE | TimerKind.QUIET:
            return None  # until whenever somebody said; and what closes by itself too late is only open


def patience(incident: Incident, attempt: Attempt) -> timedelta | None:
    """How long an attempt may stay as it is before it is given up; None where it may for ever (a text that lies there) or is not in
    flight."""
    match attempt.status:
        case AttemptStatus.CLAIMED:
            return SENDING_TAKES
        case AttemptStatus.UNKNOWN:
            return EVIDENCE_TAKES
        case AttemptStatus.ACCEPTED if (
            attempt.channel.rings and attempt.try_ not in attempt.references
        ):  # it joined another's call
            return SHARED_CALL_TAKES + incident.policy.ring
        case AttemptStatus.ACCEPTED if attempt.channel.rings:
            return QUEUE_TAKES
        case AttemptStatus.RINGING:
            return incident.policy.ring + RINGING_SLACK
        case AttemptStatus.ANSWERED:
            return MENU_TAKES
        case _:
            return None


# --- setting it right


def rearm(draft: Draft, event: ev.Audited) -> None:
    """Each lack is said aloud and made good, from how the incident stands."""
    for finding in findings(draft.incident, event.sending, draft.now):
        draft.note(f"Audit: {finding.said}. Set right.", EntryKind.ALARM)
        REPAIRS[finding.lack](draft, finding.ref)


def wake(draft: Draft, _: int) -> None:
    """What the lost timer was for comes at the time it was set to, where that can be told; else the safe side is: the alarm and the end
    of a snooze at once, an acknowledgement's end after its whole time."""
    incident, policy = draft.incident, draft.incident.policy
    match incident.status:
        case Status.TRIGGERED:
            _time_the_step(draft)
        case Status.EXHAUSTED:
            draft.set_timer(TimerKind.ALARM, AT_ONCE)
        case Status.SNOOZED:
            draft.set_timer(TimerKind.SNOOZE, AT_ONCE)
        case _:
            draft.set_timer(TimerKind.ACK, policy.acknowledgement_expires or AT_ONCE)


def _time_the_step(draft: Draft) -> None:
    """The step's time began with its first claim; before that, pages may wait for a slot."""
    incident = draft.incident
    began = [a.began_at for a in incident.attempts if a.began_at and _is_of_this_step(incident, a)]
    for kind in OF_THE_STATUS[Status.TRIGGERED]:
        draft.clear_timer(kind)
    if began:
        timeout = incident.policy.steps[incident.step].timeout
        left = min(began) + timeout - draft.now
        draft.set_timer(TimerKind.STEP, min(max(left, AT_ONCE), timeout))
    else:
        draft.set_timer(TimerKind.SLOT, incident.policy.slot_limit)


def _is_of_this_step(incident: Incident, attempt: Attempt) -> bool:
    return attempt.turn == incident.turn and incident.page_of(attempt).step == incident.step


def send_again(draft: Draft, number: int) -> None:
    """A try of its own: the name of the lost command may be used up. A planned attempt was never claimed, so nothing is doubled."""
    again(draft, draft.attempt(number))


def watch(draft: Draft, number: int) -> None:
    draft.set_timer(TimerKind.ATTEMPT, patience(draft.incident, draft.attempt(number)) or AT_ONCE, number)


def go_on(draft: Draft, number: int) -> None:
    draft.clear_timer(TimerKind.RUNG, number)
    climb(draft, number)


REPAIRS: Final[Mapping[Lack, Callable[[Draft, int], None]]] = MappingProxyType(
    {Lack.ASLEEP: wake, Lack.UNSENT: send_again, Lack.UNWATCHED: watch, Lack.STUCK: go_on}
)
