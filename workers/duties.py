"""How the timekeeper goes about its duties: each every so often and never in the way of another, slow work by hands beside the loop. Not
which duties there are (`timekeeper`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

log = logging.getLogger("timekeeper")

TURN = 0.2  # seconds between two looks; measured: 0.13 s late at the median
HANDS = 8
LONGEST_PAUSE = timedelta(seconds=5)

Run = Callable[[str, Callable[[], object]], bool]


@dataclass(slots=True)
class Duty:
    """Something done every so often. After an exception it waits longer and longer, and the other duties go on."""

    name: str
    every: timedelta
    act: Callable[[], object]
    failures: int = 0
    done_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        # Also when the clock was set back: else a duty would rest until the old time comes again.
        return self.done_at is None or not self.done_at <= now < self.done_at + self.pause

    @property
    def pause(self) -> timedelta:
        backing_off = timedelta(seconds=TURN) * 2**self.failures if self.failures else timedelta(0)
        return max(self.every, min(backing_off, LONGEST_PAUSE))

    def do(self, now: datetime) -> None:
        self.done_at = now
        try:
            self.act()
        except Exception as error:  # whatever it is, the loop is all that still moves paging
            self.failures = min(self.failures + 1, 10)
            log.error("%s: %s, again in %.1f s", self.name, type(error).__name__, self.pause.total_seconds())
        else:
            self.failures = 0


class Hands:
    """Runs slow work (a carrier's ten seconds) beside the loop, at most `limit` at once, nothing twice at the same time.
    Daemon threads, so that the process can end while a carrier is silent: the lease settles what was cut."""

    def __init__(self, limit: int = HANDS) -> None:
        self._limit = limit
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def run(self, what: str, act: Callable[[], object]) -> bool:
        """False when all hands are full or this is being done already: ask again at the next turn."""
        with self._lock:
            if what in self._busy or len(self._busy) >= self._limit:
                return False
            self._busy.add(what)
        try:
            threading.Thread(target=self._do, args=(what, act), name=what, daemon=True).start()
        except RuntimeError:  # no more threads on this machine
            self._free(what)
            raise
        return True

    def _do(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:
            log.error("%s: %s", what, type(error).__name__)
        finally:
            self._free(what)

    def _free(self, what: str) -> None:
        with self._lock:
            self._busy.discard(what)


def at_once(_what: str, act: Callable[[], object]) -> bool:
    """In place of `Hands` where time is moved by hand: the work is done when it is handed out."""
    act()
    return True
