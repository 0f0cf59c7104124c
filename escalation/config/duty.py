"""What a change of the configuration does to who is on call in the time to come: each stretch whose people change, and which of them it
leaves without anybody. Overrides and holidays that people arranged hold before and after. Not what else changed (`diff`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from escalation.domain.roster import Roster
from escalation.domain.schedule import Shift, shifts

AHEAD = timedelta(days=30)
People = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Of one schedule, from `start` up to `end`: handles, none where nobody is on call (or the schedule is not there)."""

    schedule: str
    start: datetime
    end: datetime
    before: People
    after: People

    @property
    def is_hole(self) -> bool:
        return not self.after

    def told(self, zone: ZoneInfo) -> str:
        """`schedule primary: Mon 2026-01-05 09:00 to Mon 2026-01-12 09:00: ann -> bob`, on that zone's clocks."""
        start, end = (f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in (self.start, self.end))
        return f"schedule {self.schedule}: {start} to {end}: {_named(self.before)} -> {_named(self.after)}"


def changes(old: Roster, new: Roster, now: datetime, ahead: timedelta = AHEAD) -> list[Change]:
    """By schedule and time. A schedule that is taken out altogether is a change of its policies, not of who is on call in it; one that
    is new leaves nobody alone who had somebody."""
    arranged = replace(new, overrides=old.overrides, absences=old.absences)
    names = [name for name in old.schedules if name in new.schedules]
    return [change for name in names for change in _of_one(name, old, arranged, now, now + ahead)]


def _of_one(name: str, old: Roster, new: Roster, start: datetime, end: datetime) -> list[Change]:
    before, after = (_shifts(roster, name, start, end) for roster in (old, new))
    found: list[Change] = []
    for begin, finish in _pieces(before, after):
        was, is_ = _at(before, begin), _at(after, begin)
        if set(was) == set(is_):
            continue
        if found and (found[-1].end, found[-1].before, found[-1].after) == (begin, was, is_):
            found[-1] = replace(found[-1], end=finish)
        else:
            found.append(Change(name, begin, finish, was, is_))
    return found


def _shifts(roster: Roster, name: str, start: datetime, end: datetime) -> Sequence[Shift]:
    return shifts(roster.schedules[name], start, end, roster.overrides, roster.absences)


def _pieces(*found: Sequence[Shift]) -> Iterator[tuple[datetime, datetime]]:
    edges = sorted({edge for shifts_ in found for shift in shifts_ for edge in (shift.start, shift.end)})
    return pairwise(edges)


def _at(found: Sequence[Shift], at: datetime) -> People:
    return next((shift.people for shift in found if shift.start <= at < shift.end), ())


def _named(people: People) -> str:
    return " and ".join(people) or "nobody"
