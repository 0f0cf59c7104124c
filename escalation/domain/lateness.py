"""After an outage: what is overdue is looked at again, not dropped and not rushed through. Nobody kept time while the pager was down, so
that time is nobody's: the step goes on where it stood, with whoever is on call now. Not the timers' own rules (`machine`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.draft import Draft
from escalation.domain.incident import LAST_RESORT, AttemptStatus, Status, Timer, TimerKind
from escalation.domain.paging import follow_roster
from escalation.domain.quiet import is_of_sleep
from escalation.domain.timeline import EntryKind

LATE = timedelta(seconds=30)  # a timekeeper looks five times a second: beyond this nobody looked
OF_THE_STEP = (TimerKind.STEP, TimerKind.RUNG)
UNSENT = (AttemptStatus.PLANNED, AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN)


def look_again(draft: Draft) -> bool:
    """True when the incident had been left alone for too long: how late it is stands in the timeline then, the step's clock was put
    back, and pages of people who are no longer on call were taken over by those who are. Once for each outage: afterwards nothing is
    overdue any more."""
    late = draft.now - min((t.due_at for t in draft.incident.timers), default=draft.now)
    if late < LATE:
        return False
    draft.note(f"{in_words(late)} late: the pager was down.", EntryKind.STEP)
    draft.change(timers=frozenset(_later(draft, t, late) for t in draft.incident.timers))
    incident = draft.incident
    if incident.status is Status.TRIGGERED:
        follow_roster(draft, incident.step, incident.policy.steps[incident.step])
    elif incident.status is Status.EXHAUSTED:
        follow_roster(draft, LAST_RESORT, incident.policy.last_resort)
    return True


def _later(draft: Draft, timer: Timer, late: timedelta) -> Timer:
    """The oldest timer says when the outage began at the latest. What people were promised by the clock on the wall (a snooze), and
    what a carrier did meanwhile, does not wait for us: it is due now."""
    if timer.kind in OF_THE_STEP and not is_of_sleep(draft.incident, timer):
        whole = draft.now + _span(draft, timer)  # one that was set in mid-outage, by a key or a callback, lost less than that
        if timer.kind is TimerKind.STEP and timer.due_at <= draft.now and _somebody_was_told_nothing(draft):
            return replace(timer, due_at=whole)
        return replace(timer, due_at=min(timer.due_at + late, whole))
    return replace(timer, due_at=max(timer.due_at, draft.now))


def _span(draft: Draft, timer: Timer) -> timedelta:
    """As far away as the machine may set it."""
    if timer.kind is TimerKind.STEP:
        return draft.incident.policy.steps[draft.incident.step].timeout
    return max(rung.after for rung in draft.page(timer.ref).ladder)


def _somebody_was_told_nothing(draft: Draft) -> bool:
    """Nothing of theirs had gone out when we went down, or it had failed and was to be tried again: they have had no time yet."""
    pages = draft.open_pages(draft.incident.step)
    return any(all(a.status in UNSENT for a in draft.attempts_of(page.number)) for page in pages)


def in_words(late: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 2 min`, `2 d 5 h`."""
    seconds = int(late.total_seconds())
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    size, unit = next(((s, u) for s, u in units if seconds >= s), units[-1])
    below = {"d": (3600, "h"), "h": (60, "min")}.get(unit)
    rest = f" {seconds % size // below[0]} {below[1]}" if below and seconds % size >= below[0] else ""
    return f"{seconds // size} {unit}{rest}"
