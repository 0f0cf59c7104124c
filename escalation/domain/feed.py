"""What the calendar of a person or of a schedule holds: their shifts of the last 30 days and the next 90, as they were and will be with what
people arranged. Not how a calendar is written (`ical`), and not who may read it (`links`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from escalation.domain.arrangements import Arrangement
from escalation.domain.ical import Event, calendar
from escalation.domain.links import calendar_uid
from escalation.domain.overrides import EVER, Absence, Assignment, Origin, Override
from escalation.domain.roster import Roster, Target, TargetKind
from escalation.domain.schedule import Schedule, Shift, on_call, shifts

BEFORE, AHEAD = timedelta(days=30), timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Feed:
    """Makes calendars of one moment. `roster` is what was applied at `applied_at`; `arranged` what was made since `BEFORE`, also what was
    taken back, in place of the roster's own."""

    secret: str
    roster: Roster
    arranged: tuple[Arrangement, ...]
    applied_at: datetime
    now: datetime

    def of(self, owner: Target) -> str | None:
        """The calendar's text; None when there is no such person or schedule."""
        if owner.kind is TargetKind.PERSON and owner.name in self.roster.people:
            return self._told(f"On call: {self.roster.name(owner.name)}", self._of_person(owner.name))
        if owner.kind is TargetKind.SCHEDULE and owner.name in self.roster.schedules:
            return self._told(f"On call: {owner.name}", self._of_schedule(self.roster.schedules[owner.name]))
        return None

    def _told(self, name: str, events: Iterable[Event]) -> str:
        changes = [at for a in self.arranged for at in (a.made_at, a.removed_at) if at is not None]
        return calendar(name, sorted(events, key=lambda e: (e.start, e.uid)), max([self.applied_at, *changes]))

    def _of_person(self, person: str) -> Iterator[Event]:
        taken = {a.what.schedule for a in self.arranged if isinstance(a.what, Override) and a.what.takes == person}
        for name, schedule in self.roster.schedules.items():
            # Whoever covers for somebody is in the rotation; asking all of a thousand schedules would take seconds.
            if person in schedule.people or name in taken:
                for shift in self._shifts(schedule):
                    for mine in (a for a in shift.assignments if a.person == person):
                        yield self._event(schedule, shift, person, f"On call: {name}", _why(self.roster, mine))

    def _of_schedule(self, schedule: Schedule) -> Iterator[Event]:
        for shift in self._shifts(schedule):
            if shift.empty is not None:
                yield self._event(schedule, shift, "", f"Nobody on call: {schedule.name}", shift.empty.value)
            for each in shift.assignments:
                said = f"{self.roster.name(each.person)}: {schedule.name}"
                yield self._event(schedule, shift, each.person, said, _why(self.roster, each))

    def _shifts(self, schedule: Schedule) -> list[Shift]:
        """Whole ones, so that the first is the same event tomorrow; whole days, so that the same text is told all day."""
        today = datetime.combine(self.now.date(), time(0), self.now.tzinfo)
        overrides, absences = self._as_they_were()
        found = shifts(schedule, today - BEFORE, today + AHEAD, overrides, absences)
        for n in {0, len(found) - 1}:
            whole = on_call(schedule, found[n].start, overrides, absences)
            if EVER[0] < whole.start and whole.end < EVER[1]:
                found[n] = whole
        return found

    def _as_they_were(self) -> tuple[list[Override], list[Absence]]:
        """What was taken back held until then."""
        held = [replace(a.what, end=min(a.what.end, a.removed_at)) if a.removed_at else a.what for a in self.arranged]
        standing = [what for what in held if what.start < what.end]
        return [w for w in standing if isinstance(w, Override)], [w for w in standing if isinstance(w, Absence)]

    def _event(self, schedule: Schedule, shift: Shift, person: str, summary: str, why: str) -> Event:
        uid = calendar_uid(self.secret, schedule.name, person, shift.start)
        return Event(uid, shift.start, shift.end, summary, why)


def _why(roster: Roster, mine: Assignment) -> str:
    instead = f" for {roster.name(mine.instead_of)}" if mine.instead_of else ""
    match mine.origin:
        case Origin.OVERRIDE:
            return f"Override {mine.override}{instead}"
        case Origin.COVER:
            return f"Covers{instead}, who is away"
        case Origin.ROTATION:
            return ""
