"""The sandbox's two clocks: one that moves only when told to (tests) and one that follows the wall, perhaps faster
(a running server). Nothing here sleeps; whoever waits for a time does that elsewhere."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Asked for the time (epoch seconds) before anything is decided or written down."""

    def now(self) -> float: ...


class MovableClock(Clock, Protocol):
    """A clock that `World.advance_to` may move; it never goes backwards."""

    def move_to(self, when: float) -> None: ...


class VirtualClock:
    """Stands still until somebody moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = float(start)

    def now(self) -> float:
        return self._now

    def move_to(self, when: float) -> None:
        self._now = max(self._now, when)


class RealClock:
    """The wall clock, `speed` times as fast, plus whatever was skipped with `move_to`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._began = time.time()
        self._skipped = 0.0

    def now(self) -> float:
        return self._began + (time.time() - self._began) * self.speed + self._skipped

    def move_to(self, when: float) -> None:
        self._skipped += max(0.0, when - self.now())

    def real_seconds_until(self, when: float) -> float:
        return max(0.0, (when - self.now()) / self.speed)
