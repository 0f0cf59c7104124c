"""Turns at something that one thread can do at a time: whoever is urgent goes before all who are not. Not between processes: there the
database's own lock decides."""

from __future__ import annotations

import threading
from time import monotonic


class Turns:
    def __init__(self) -> None:
        lock = threading.Lock()
        self._urgent, self._others = threading.Condition(lock), threading.Condition(lock)
        self._urgent_waiting = 0
        self._is_taken = False

    def take(self, until: float, *, urgent: bool) -> bool:
        """Waits for the turn until that monotonic time; False when it did not come."""
        line = self._urgent if urgent else self._others
        with line:
            self._urgent_waiting += urgent
            got = line.wait_for(lambda: self._is_free(urgent=urgent), max(until - monotonic(), 0))
            self._urgent_waiting -= urgent
            self._is_taken = self._is_taken or got
            if not got:
                self._call_next()  # who was woken in this moment must pass it on
            return got

    def give_back(self) -> None:
        with self._urgent:
            self._is_taken = False
            self._call_next()

    def _is_free(self, *, urgent: bool) -> bool:
        return not self._is_taken and (urgent or not self._urgent_waiting)

    def _call_next(self) -> None:
        (self._urgent if self._urgent_waiting else self._others).notify()
