"""What people arranged beside the rotation: overrides (a shift taken, given, swapped, left empty) and absences with their cover. Fills
one slot with people. Not when slots begin and end by themselves (`schedule`)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class Origin(StrEnum):
    ROTATION = "rotation"
    OVERRIDE = "override"
    COVER = "cover"  # somebody is away, and this is the next in line


class Emptiness(StrEnum):
    """Why nobody is on call."""

    NO_LAYER = "no layer covers it"
    EMPTY_TURN = "an empty slot of the rotation"
    ABSENT = "everybody who could is away"
    OVERRIDE = "an override leaves it empty"


@dataclass(frozen=True, slots=True)
class Override:
    """From `start` up to `end`, `takes` (nobody: an empty slot) is on call in that schedule: instead of one person, where that person
    would be; without `instead_of`, instead of everybody, and whether anybody would be or not. Of two that speak of the same, the
    higher id holds, as if it were applied after the other: what was taken over may be given on."""

    id: int
    schedule: str
    start: datetime
    end: datetime
    takes: str | None = None
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """From `start` up to `end` this person is never on call, in any schedule. A shift of theirs goes to the next in their layer's
    rotation who is there and not on call already; an override that names them does not hold meanwhile, since it was made for
    somebody who is there."""

    person: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """One person on call, and why. `instead_of`: whose place it is; `override`: its id, 0 when there is none."""

    person: str
    origin: Origin = Origin.ROTATION
    instead_of: str = ""
    override: int = 0


Seats = tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Overrides that hold at an instant, lowest id first, and who is away."""

    overrides: tuple[Override, ...] = ()
    away: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """It does not matter who else would be on call."""
        return any(o.instead_of is None for o in self.overrides)


@dataclass(frozen=True, slots=True)
class Exceptions:
    """One schedule's overrides and its people's absences, ready to be asked. Made by `of`."""

    overrides: tuple[Override, ...]
    absences: tuple[Absence, ...]
    edges: tuple[datetime, ...]

    @classmethod
    def of(cls, schedule: str, overrides: Iterable[Override], absences: Iterable[Absence], people: frozenset[str]) -> Exceptions:
        """In any order, and told twice or not."""
        mine = {o.id: o for o in overrides if o.schedule == schedule and o.start < o.end}
        held = tuple(mine[id] for id in sorted(mine))
        named = people.union(o.takes for o in held if o.takes)
        away = tuple(a for a in absences if a.person in named and a.start < a.end)
        return cls(held, away, tuple(sorted({*_ends(held), *_ends(away)})))

    def around(self, at: datetime) -> tuple[datetime, datetime]:
        """Since when nothing of this changed, and until when nothing will."""
        n = bisect_right(self.edges, at)
        return (self.edges[n - 1] if n else EVER[0]), (self.edges[n] if n < len(self.edges) else EVER[1])

    def at(self, at: datetime) -> Standing:
        if not self.edges:
            return NOTHING
        away = frozenset(a.person for a in self.absences if a.start <= at < a.end)
        return Standing(tuple(o for o in self.overrides if o.start <= at < o.end and o.takes not in away), away)


NOTHING = Standing()


def fill(people: tuple[str, ...], next_in_line: tuple[str, ...], standing: Standing) -> Seats | Emptiness:
    """Who is on call in a slot that is these people's turn.

    1. Overrides, lowest id first: what somebody arranged goes before any cover.
    2. Whoever is still away is covered by the next in line who is neither away nor in the slot, nor gave it away; a place that nobody
       can cover stays empty.
    3. The overrides that found nobody to relieve: a cover may be given on too."""
    seats = tuple(Assignment(person) for person in people)
    if standing is NOTHING:
        return seats or Emptiness.EMPTY_TURN
    arranged, idle = _arrange(seats, standing.overrides)
    gave = {o.instead_of for o in standing.overrides if o.instead_of and o not in idle}
    covered = _cover(arranged, [p for p in next_in_line if p not in gave], standing.away)
    if not covered:
        return _why_empty(people, arranged, standing)
    return _arrange(covered, idle)[0] or Emptiness.OVERRIDE


def _arrange(seats: Seats, overrides: Iterable[Override]) -> tuple[Seats, list[Override]]:
    """And the overrides whose person was not there."""
    idle = []
    for override in overrides:
        if override.instead_of is None:
            seats = (Assignment(override.takes, Origin.OVERRIDE, "", override.id),) if override.takes else ()
        elif override.instead_of in _people(seats):
            seats = _relieve(seats, override, override.instead_of)
        else:
            idle.append(override)
    return seats, idle


def _relieve(seats: Seats, override: Override, whose: str) -> Seats:
    """Who is in the slot already has that place beside their own: the slot is one person shorter."""
    if override.takes is None or override.takes in _people(seats):
        return tuple(seat for seat in seats if seat.person != whose or whose == override.takes)
    taken = Assignment(override.takes, Origin.OVERRIDE, whose, override.id)
    return tuple(taken if seat.person == whose else seat for seat in seats)


def _cover(seats: Seats, next_in_line: Iterable[str], away: frozenset[str]) -> Seats:
    taken = away.union(_people(seats))
    free = iter([person for person in next_in_line if person not in taken])
    found = []
    for seat in seats:
        if seat.person not in away:
            found.append(seat)
        elif cover := next(free, None):
            found.append(Assignment(cover, Origin.COVER, seat.person))
    return tuple(found)


def _why_empty(people: tuple[str, ...], arranged: Seats, standing: Standing) -> Emptiness:
    if arranged:
        return Emptiness.ABSENT
    return Emptiness.OVERRIDE if people or standing.whole else Emptiness.EMPTY_TURN


def _ends(exceptions: Iterable[Override | Absence]) -> Iterator[datetime]:
    for exception in exceptions:
        yield from (exception.start, exception.end)


def _people(seats: Seats) -> tuple[str, ...]:
    return tuple(seat.person for seat in seats)
