"""Shifts that come out of a calendar that somebody else keeps, as they were read when the configuration was applied: who is on call from
when to when, and nothing of whose turn would be next. Not the reading (`escalation.config.imports`)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from escalation.domain.overrides import EVER

MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Booking:
    """One event of the calendar that means these people."""

    start: datetime
    end: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """`people[n]` are on call from `edges[n]` up to `edges[n + 1]`; `()` is nobody, so that the layer below shows through. `everybody`: who is
    in it at all, as that is asked each time. Made by `of`."""

    edges: tuple[datetime, ...] = ()
    people: tuple[tuple[str, ...], ...] = ()
    everybody: frozenset[str] = frozenset()

    @classmethod
    def of(cls, bookings: Iterable[Booking]) -> Imported:
        """Where several meet, all of their people are on call together. Raises ValueError when these are more than `MOST_AT_ONCE`."""
        changes: dict[datetime, list[tuple[int, Booking]]] = {}
        for booking in bookings:
            if booking.start < booking.end:
                changes.setdefault(booking.start, []).append((1, booking))
                changes.setdefault(booking.end, []).append((-1, booking))
        edges, found, there = sorted(changes), [], Counter[str]()
        for edge in edges:
            for step, booking in sorted(changes[edge], key=lambda change: change[0]):
                for person in booking.people:
                    there[person] += step
            there = +there
            if len(there) > MOST_AT_ONCE:
                raise ValueError(f"more than {MOST_AT_ONCE} people are on call at once on {edge:%Y-%m-%d}")
            found.append(tuple(there))
        return cls(tuple(edges), tuple(found[:-1]), frozenset(person for people in found for person in people))

    def around(self, at: datetime) -> tuple[datetime, datetime, int | None]:
        """From when to when it is as at that instant, and the number of that stretch; None where nobody is meant."""
        n = bisect_right(self.edges, at)
        start, end = (self.edges[n - 1] if n else EVER[0]), (self.edges[n] if n < len(self.edges) else EVER[1])
        somebody = 0 < n < len(self.edges) and bool(self.people[n - 1])
        return start, end, n - 1 if somebody else None
