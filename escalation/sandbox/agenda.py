"""What is still to happen: a heap of (time, order of arrival, action), and a pacer that hands out send slots. It runs
nothing by itself; the World (or the runner of a real server) takes what is due."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

Action = Callable[[], None]


@dataclass(order=True)
class Entry:
    at: float
    order: int
    action: Action = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class Agenda:
    """Entries of the same time come out in the order they went in, so that a run can be repeated exactly."""

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._order = 0

    def put(self, at: float, action: Action) -> Entry:
        self._order += 1
        entry = Entry(at, self._order, action)
        heapq.heappush(self._heap, entry)
        return entry

    def next_due(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def take(self, now: float) -> Entry | None:
        due = self.next_due()
        return heapq.heappop(self._heap) if due is not None and due <= now else None


class Pacer:
    """So many a second, the rest queued in order: Plivo's 2 calls a second and 5 texts a second."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._next = 0.0

    def slot(self, now: float) -> float:
        at = max(now, self._next)
        self._next = at + 1.0 / self.per_second
        return at
