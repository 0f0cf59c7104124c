"""Rotations: whose turn it is when. Turns are counted, never walked through, in readings of the local wall clock (`localtime`), so
daylight saving moves no hand-off: the turn that it falls in is an hour shorter or longer. Not restrictions (`week`), and not what
people arranged otherwise (`overrides`)."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, time

from escalation.domain.localtime import DAY, HOUR, MONDAY, WEEK, of_the_day, on_the_wall

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WEEKDAYS = EVERY_DAY[:5]
WEEKEND = EVERY_DAY[5:]


@dataclass(frozen=True, slots=True)
class Rotation:
    """`turns`: the people of each turn, in order; `()` is an empty slot. The turn in which `starts` falls is the first of them.

    Turns change at `handoff`, local time, on each of these `days` (0 is Monday; in order), or on every n-th of them: daily is
    `EVERY_DAY`, weekly is `(0,)`, every other week `(0,)` with `every=2`, and with `WEEKDAYS` Friday's turn lasts until Monday: a
    weekend takes nobody's turn.

    With `hours` they change every so many hours instead, the first time on `starts` at `handoff`. These hours are the wall clock's
    too: a shift of 12 hours from 08:00 changes at 08:00 and 20:00 all year, one of 36 hours at one of these, where hours that are
    counted as they pass would come to lie at 07:00 and 19:00. The price is a shift that an hour is missing from, and one of a single
    hour that does not come at all on that one night."""

    turns: tuple[tuple[str, ...], ...]
    starts: date
    handoff: time = time(9)
    days: tuple[int, ...] = EVERY_DAY
    every: int = 1
    hours: int = 0

    @property
    def first(self) -> int:
        """What the wall clock reads when the rotation begins."""
        return on_the_wall(self.starts, self.handoff)

    def turn(self, wall: int) -> int:
        """The number of the turn at that reading; the first is 0."""
        if self.hours:
            return (wall - self.first) // (self.hours * HOUR)
        return (self._count(wall) - self._count(self.first)) // self.every

    def begins(self, turn: int) -> int:
        """What the wall clock reads at the hand-off to that turn. The first may lie before the rotation's start."""
        if self.hours:
            return self.first + turn * self.hours * HOUR
        week, day = divmod(self._count(self.first) + turn * self.every, len(self.days))
        return MONDAY + week * WEEK + self.days[day] * DAY + of_the_day(self.handoff)

    def people(self, turn: int) -> tuple[str, ...]:
        return self.turns[turn % len(self.turns)] if self.turns else ()

    def next_in_line(self, turn: int) -> tuple[str, ...]:
        """Who would come after the people of that turn, each once, those of the next turn first."""
        order = (self.people(turn + n) for n in range(1, len(self.turns)))
        return tuple(dict.fromkeys(person for people in order for person in people))

    def _count(self, wall: int) -> int:
        """How many hand-off days there were since the week of 1970-01-01, up to that reading, less one."""
        week, rest = divmod(wall - MONDAY - of_the_day(self.handoff), WEEK)
        return week * len(self.days) + bisect_right(self.days, rest // DAY) - 1
