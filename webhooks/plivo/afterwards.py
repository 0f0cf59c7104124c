"""What a request told us that had to be answered without the database, told to the engine beside it, again and again for a while. Best
effort: the call's other callbacks say it too, only later. Not what the caller hears (`voice`)."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic

from escalation.errors import EscalationError, StoreUnavailable

log = logging.getLogger(__name__)

ROOM = 100
PAUSE = 0.5
GIVE_UP = 30.0  # seconds; by then the ring timer has run out, or the menu has said it

Work = Callable[[], object]


class Afterwards:
    """A bounded queue with a daemon thread that begins with the first work, in whichever process that is."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Work, float]] = queue.Queue(ROOM)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, work: Work) -> None:
        """Returns at once and never raises."""
        try:
            self._waiting.put_nowait((work, monotonic()))
        except queue.Full:
            log.warning("dropped: too many callbacks wait for the database")
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="afterwards", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            work, since = self._waiting.get()
            while not _done(work) and monotonic() - since < GIVE_UP:
                pause.wait(PAUSE)


def _done(work: Work) -> bool:
    """False when it is worth another try."""
    try:
        work()
    except StoreUnavailable:
        return False
    except EscalationError as error:
        log.info("a callback that came late: %s", type(error).__name__)
    except Exception as error:  # ours; the thread goes on
        log.error("a callback failed: %s", type(error).__name__)
    return True
