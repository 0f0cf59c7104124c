"""The hours of the week to which a layer is restricted, in local time. Windows may go past midnight and past Sunday, touch and
overlap. Not the rotation that goes on meanwhile (`rotation`)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time

from escalation.domain.localtime import DAY, MONDAY, WEEK, of_the_day


@dataclass(frozen=True, slots=True)
class Window:
    """From a weekday (0 is Monday) and time of day to the next time that it is the other; from Monday 00:00 to Monday 00:00 is the
    whole week."""

    opens_on: int
    opens: time
    closes_on: int
    closes: time

    @property
    def span(self) -> tuple[int, int]:
        """Seconds since Monday 00:00, and how many seconds from there."""
        begin = self.opens_on * DAY + of_the_day(self.opens)
        return begin, (self.closes_on * DAY + of_the_day(self.closes) - begin - 1) % WEEK + 1


def daily(days: Iterable[int], opens: time, closes: time) -> tuple[Window, ...]:
    """One window on each of these days, into the next day where it closes no later than it opens: from 00:00 to 00:00 is all day."""
    return tuple(Window(day, opens, (day + (closes <= opens)) % 7, closes) for day in days)


@dataclass(frozen=True, slots=True)
class Week:
    """`edges`: seconds since Monday 00:00 at which it opens and closes in turn, none twice; `opened`: it is open when Monday begins.
    Made by `of`."""

    edges: tuple[int, ...] = ()
    opened: bool = True

    @classmethod
    def of(cls, windows: Iterable[Window]) -> Week:
        """Open in any of these windows; without one it is always open."""
        spans = sorted(part for window in windows for part in _within_the_week(*window.span))
        edges: list[int] = []
        for begin, end in spans:
            if edges and begin <= edges[-1]:
                edges[-1] = max(edges[-1], end)
            else:
                edges += [begin, end]
        if not edges or (edges[0], edges[-1]) == (0, WEEK):
            return cls(tuple(edges[1:-1]))
        return cls(tuple(edges), opened=False)

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """When it is open, in seconds since Monday 00:00; none when it always is. One past Sunday ends before it begins."""
        edges = self.edges[-1:] + self.edges[:-1] if self.opened else self.edges
        return tuple(zip(edges[::2], edges[1::2], strict=True))

    def around(self, wall: int) -> tuple[bool, int | None, int | None]:
        """Whether it is open at that reading, since when, and until when; `None`: for ever."""
        if not self.edges:
            return self.opened, None, None
        monday = wall - (wall - MONDAY) % WEEK
        n = bisect_right(self.edges, wall - monday)
        since = monday + self.edges[n - 1] - (WEEK if n == 0 else 0)
        until = monday + (self.edges[n] if n < len(self.edges) else self.edges[0] + WEEK)
        return self.opened ^ bool(n % 2), since, until


def _within_the_week(begin: int, length: int) -> list[tuple[int, int]]:
    end = begin + length
    return [(begin, end)] if end <= WEEK else [(begin, WEEK), (0, end - WEEK)]
