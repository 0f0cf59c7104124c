"""Telling people that their shift begins: which of them is due, and in which words. A shift here is all the time that somebody is on call
without a break: a hand-off from Ann to Ann is none. Read off the schedule as it is with what people arranged, so whoever gave a shift away is
not told, and whoever took it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from escalation.domain.announcement import Announcement, identity
from escalation.domain.gap_notices import NO_END, local
from escalation.domain.roster import Channel, Responder, Roster
from escalation.domain.schedule import Schedule, Shift, on_call, shifts

LATE = timedelta(hours=1)  # after an outage of ours: whoever has been on call for longer knows by now
WORTH_IT = timedelta(hours=12)
MOMENT = timedelta(seconds=1)
STEPS = 100
BY = (Channel.SLACK, Channel.EMAIL)  # where nothing was said: what costs nothing and wakes nobody
HOUR, TWO_DAYS = timedelta(hours=1), timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's time on call in one schedule, and who is on call right before and after."""

    schedule: Schedule
    person: Responder
    start: datetime
    end: datetime
    before: tuple[str, ...]
    after: tuple[str, ...]


def due(roster: Roster, now: datetime) -> list[Announcement]:
    """All that should have been told by now and may not have been. Of several leads of one shift the shortest is told, the others are
    `overtaken`."""
    return [told for schedule in roster.schedules.values() for told in _of_one(roster, schedule, now)]


def _of_one(roster: Roster, schedule: Schedule, now: datetime) -> Iterator[Announcement]:
    people = _people(roster, schedule)
    longest = max((lead for person in people.values() for lead in person.notices.at), default=None)
    if longest is None:
        return
    for handle, before, shift in beginnings(roster, schedule, now - LATE, now + longest + MOMENT):
        if handle in people:
            yield from _told(roster, schedule, people[handle], before, shift, now)


def beginnings(roster: Roster, schedule: Schedule, start: datetime, end: datetime) -> Iterator[tuple[str, Shift, Shift]]:
    """Who begins to be on call in that time, with the shift before and theirs."""
    for before, shift in pairwise(shifts(schedule, start, end, roster.overrides, roster.absences)):
        for handle in shift.people:
            if handle not in before.people:
                yield handle, before, shift


def _told(
    roster: Roster, schedule: Schedule, person: Responder, before: Shift, shift: Shift, now: datetime
) -> Iterator[Announcement]:
    leads = sorted(lead for lead in person.notices.at if shift.start - lead <= now)
    channel = channel_of(person)
    if not leads or channel is None:
        return
    end, after = _end(roster, schedule, person.handle, shift)
    duty = Duty(schedule, person, shift.start, end, before.people, after)
    subject, text = words(roster, duty, now)
    for lead in leads:
        name = identity("shift", schedule.name, person.handle, shift.start.isoformat(), str(lead))
        until = min(end, shift.start + WORTH_IT)
        yield Announcement(name, person.handle, channel, subject, text, until, schedule.name, shift.start, lead != leads[0])


def channel_of(person: Responder) -> Channel | None:
    """How somebody is told; None when they cannot be, or do not want to be."""
    by = (person.notices.by,) if person.notices.by else BY
    return next((channel for channel in by if person.contact(channel)), None) if person.notices.at else None


def words(roster: Roster, duty: Duty, now: datetime) -> tuple[str, str]:
    """Subject and text, in the person's own time."""
    zone = ZoneInfo(duty.person.timezone)
    subject = f"On call in {duty.schedule.name} {_in(duty.start - now)}"
    until = f" to {local(duty.end, zone)}" if duty.end < NO_END else ""
    hand_off = [f"You take over from {_names(roster, duty.before)}."] if duty.before else ["Nobody is on call before you."]
    hand_off += [f"Then {_names(roster, duty.after)}."] if duty.after else []
    return subject, f"{subject}: {local(duty.start, zone)}{until} ({zone.key}). {' '.join(hand_off)}"


def _people(roster: Roster, schedule: Schedule) -> dict[str, Responder]:
    taking = {o.takes for o in roster.overrides if o.schedule == schedule.name and o.takes}
    return {h: roster.people[h] for h in sorted(schedule.people | taking) if h in roster.people}


def _end(roster: Roster, schedule: Schedule, person: str, shift: Shift) -> tuple[datetime, tuple[str, ...]]:
    """When they are not on call any more, and who is then."""
    at = shift.start
    for _ in range(STEPS):
        found = on_call(schedule, at, roster.overrides, roster.absences)
        if person not in found.people:
            return at, found.people
        if found.end >= NO_END:
            break
        at = found.end
    return NO_END, ()


def _names(roster: Roster, people: Sequence[str]) -> str:
    return " and ".join(roster.name(handle) for handle in people)


def _in(left: timedelta) -> str:
    if left < timedelta(minutes=1):
        return "now"
    if left < HOUR:
        return f"in {round(left / timedelta(minutes=1))} min"
    if left < TWO_DAYS:
        return f"in {round(left / HOUR)} h"
    return f"in {round(left / timedelta(days=1))} days"
