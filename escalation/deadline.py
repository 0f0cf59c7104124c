"""One total deadline for a blocking request. Libraries count their time-outs per phase (resolve, connect, each read), so a
peer that drips bytes can hold them for ever; here the caller is let go in time. It does not stop the work itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
DEADLINE = 10.0  # seconds: well inside the lease of 15 s in which a command is claimed


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises, or `TimeoutError` after so many seconds. The work then goes on unheard: its request may
    still be accepted, which is why a time-out is never a refusal."""
    done: Future[T] = Future()
    # A daemon thread, not a pool: a pool's threads are joined at exit, and one dripping peer would block the shutdown.
    threading.Thread(target=_run, args=(work, done), daemon=True, name="deadline").start()
    return done.result(timeout=seconds)


def _run(work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)
