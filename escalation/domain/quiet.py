"""Quiet hours: what is of low urgency does not wake anybody; their page waits until the hours end. A step in which everybody sleeps waits
with it, one in which somebody is awake does not. Not urgency itself (`urgency`): what is of high urgency knows no quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from escalation.domain.draft import Draft
from escalation.domain.incident import Incident, Page, Timer, TimerKind
from escalation.domain.localtime import instant, reading
from escalation.domain.roster import Responder
from escalation.domain.timeline import EntryKind

PLACE = ":"  # in the handle of a place, never of a person


def quiet_until(person: Responder, at: datetime) -> datetime | None:
    """The end of the quiet hours that they have at that time; None when they have none."""
    if person.quiet is None:
        return None
    quiet, _, until = person.quiet.week.around(reading(person.quiet.zone, at))
    return instant(person.quiet.zone, until) if quiet and until is not None else None


def let_sleep(draft: Draft, page: Page) -> bool:
    """Whether the page waits for the end of its person's quiet hours, which is told then."""
    person = draft.roster.responder(page.responder)
    until = quiet_until(person, draft.now) if person else None
    if until is None or person is None or person.quiet is None:
        return False
    zone = person.quiet.zone
    ends = f"{until.astimezone(zone):%a %H:%M} ({zone.key})"
    draft.note(f"{person.name} has quiet hours and this is of low urgency: paged when they end, {ends}.", EntryKind.STEP)
    draft.set_timer(TimerKind.RUNG, until - draft.now, page.number)
    return True


def sleeps(incident: Incident, page: Page) -> bool:
    """It waits, and nothing of it was tried."""
    return not page.closed and page.rung < 0 and incident.timer(TimerKind.RUNG, page.number) is not None


def wakes(incident: Incident) -> datetime | None:
    """When the first of them may be paged, while all people of the present step sleep."""
    here = (incident.step, incident.turn)
    people = [p for p in incident.pages if (p.step, p.turn) == here and not p.closed and PLACE not in p.responder]
    timers = [incident.timer(TimerKind.RUNG, page.number) for page in people if sleeps(incident, page)]
    return min(timer.due_at for timer in timers if timer) if people and len(timers) == len(people) else None


def is_of_sleep(incident: Incident, timer: Timer) -> bool:
    """Whether that timer is as far away as somebody's morning: their page's own, or their step's."""
    match timer.kind:
        case TimerKind.RUNG:
            return sleeps(incident, incident.page(timer.ref))
        case TimerKind.STEP | TimerKind.SLOT:
            return wakes(incident) is not None
        case _:
            return False


def sleep_on(draft: Draft, kind: TimerKind) -> bool:
    """The step's time is up and nobody in it was asked yet: it has its whole time once the first of them is awake."""
    until = wakes(draft.incident)
    if until is None:
        return False
    draft.set_timer(kind, until - draft.now + _whole(draft, kind))
    return True


def get_up(draft: Draft) -> None:
    """Somebody who is awake joined a step in which everybody slept, or the sleepers left it: its time is no longer the morning's."""
    if wakes(draft.incident) is not None:
        return
    for kind in (TimerKind.STEP, TimerKind.SLOT):
        timer, whole = draft.incident.timer(kind), _whole(draft, kind)
        if timer and timer.due_at > draft.now + whole:
            draft.set_timer(kind, whole)


def _whole(draft: Draft, kind: TimerKind) -> timedelta:
    policy = draft.incident.policy
    return policy.slot_limit if kind is TimerKind.SLOT else policy.steps[draft.incident.step].timeout
