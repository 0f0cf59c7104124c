"""A worker's heartbeat in the database, one row for each queue it takes from. It follows Celery's own: that one comes from the event
loop and only while there is a connection to the broker, so a worker that hangs, or whose broker is gone, falls silent here too.
Not a look at the tasks: whether commands are carried out, the outbox tells."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from celery import Celery, signals

from escalation.build import System
from workers.start import say_ready

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two rows written; readers allow for 30


class Heartbeat:
    """`sign` is called often, by the event loop, and must not wait: a thread of our own writes, at most once in `every` seconds. `began`
    is called after the first."""

    def __init__(
        self, app: Celery, system: Callable[[], System], every: float = EVERY, began: Callable[[], None] = lambda: None
    ) -> None:
        self._app = app
        self._system = system
        self._every = every
        self._began = began
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def sign(self, **_: object) -> None:
        """The event loop is alive and connected."""
        self._heard.set()
        if self._thread.ident is None:
            self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while self._heard.wait():
            self._heard.clear()
            self._write()
            pause.wait(self._every)

    def _write(self) -> None:
        try:
            with self._system().store.transaction() as tx:
                for queue in self._app.amqp.queues.consume_from:
                    tx.beat(f"worker {queue}")
            self._began()
        except Exception as error:  # a worker whose database is away goes on, and the silence tells
            log.warning("no heartbeat: %s", type(error).__name__)


def install(app: Celery, system: Callable[[], System]) -> Heartbeat:
    """From now on the worker of this process beats. Before the worker starts: Celery looks for listeners then."""
    heartbeat = Heartbeat(app, system, began=lambda: say_ready(os.environ))
    signals.heartbeat_sent.connect(heartbeat.sign, weak=False)
    return heartbeat
