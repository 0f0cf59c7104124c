"""One Celery task per kind of command, named by what it does; every body is the same: carry out the outbox row with this id.
Not what carrying out means (`escalation.dispatch`)."""

from __future__ import annotations

import threading
from collections.abc import Callable

from celery import Celery

from escalation.build import System
from escalation.domain.commands import CommandKind


class Once:
    """The system, built at the first task: after a pool's fork (a database connection does not survive one), and once however
    many threads ask. A build that failed is tried again by the next task."""

    def __init__(self, make: Callable[[], System]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._system: System | None = None

    def __call__(self) -> System:
        with self._lock:
            if self._system is None:
                self._system = self._make()
            return self._system


class TaskFailed(Exception):
    """Raised in place of whatever a task raised; says the class of it only. An exception's text goes into Flower and the logs,
    and may hold a number or a message."""


def register(app: Celery, system: Callable[[], System]) -> None:
    """Gives the app its tasks."""

    def carry_out(job_id: int) -> None:
        try:
            system().dispatch.carry_out(job_id)
        except Exception as error:
            blame = type(error).__name__
        else:
            return
        # Outside of the handler, so that the original hangs on nothing that is shown. The row is still there: the timekeeper has it.
        raise TaskFailed(blame)

    for kind in CommandKind:
        app.task(name=kind.value, shared=False)(carry_out)  # shared: every other app of the process would get it too
