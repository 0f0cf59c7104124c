"""What the watcher knows of one site: whether it is out, since when, and whom it told when. It decides whom to tell now; it asks nothing
and sends nothing.

A site is out after so many bad looks in a row, and well again after as many good ones: whoever flaps is one outage, told once in the
time between two repeats. What a carrier certainly did not take is tried again at the next look; what it may have taken only while
nobody else was reached either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from escalation.errors import Verdict


class News(Enum):
    NONE = "none"
    OUT = "out"
    BACK = "back"


@dataclass(slots=True)
class Outage:
    """`looks`: how many alike make it so; `again`: between two repeats."""

    looks: int
    again: timedelta
    since: datetime | None = None
    fault: str = ""
    told: dict[str, datetime] = field(default_factory=dict)
    reached: datetime | None = None  # when anybody certainly was
    _bad: int = 0
    _good: int = 0
    _bad_since: datetime | None = None

    def hear(self, fault: str, now: datetime) -> News:
        """One look: empty when the site was ready."""
        if fault:
            self._bad, self._good = self._bad + 1, 0
            self._bad_since = self._bad_since or now
            self.fault = fault
        else:
            self._bad, self._good = 0, self._good + 1
            self._bad_since = None
        if self.since is None and self._bad >= self.looks:
            self.since = self._bad_since
            return News.OUT
        if self.since is not None and self._good >= self.looks:
            return News.BACK
        return News.NONE

    def due(self, ways: Sequence[str], now: datetime) -> list[str]:
        """By which ways it is to be told now. A clock that was set back silences none of them."""
        if self.since is None:
            return []
        return [w for w in ways if w not in self.told or not self.told[w] <= now < self.told[w] + self.again]

    def came(self, verdicts: dict[str, Verdict | None], now: datetime) -> None:
        """What became of telling it; None is acceptance."""
        if None in verdicts.values():
            self.reached = now
        nobody = self.reached is None or now - self.reached >= self.again
        for way, verdict in verdicts.items():
            if verdict in (None, Verdict.PERMANENT) or (verdict is Verdict.UNKNOWN and not nobody):
                self.told[way] = now
            else:
                self.told.pop(way, None)

    def end(self) -> list[str]:
        """It is over; returns by which ways it had been told."""
        told = list(self.told)
        self.since, self.fault, self.reached = None, "", None
        self.told.clear()
        return told
