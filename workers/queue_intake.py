"""The open queue: a process of its own that takes raw JSON in our own alert format (`escalation.intake.native`) from the broker, from any
producer in any language. It acknowledges after the commit and not before; what cannot be used goes to `incident-events.rejected` with
the reason and stops nothing; while the database is away nothing is acknowledged and the same is tried again, in order. It needs no
Celery. Not the brokers (`queue_redis`, `queue_rabbit`), not the format.

Taken twice. Every message has an identity in the inbox, so a batch that is taken again after a crash changes nothing. On Redis that is
exact; on RabbitMQ it is when the producer sets `message_id` (`queue_rabbit` tells what happens otherwise, and why). The counters of
rejected messages may count one twice then."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from escalation.build import build
from escalation.clock import SystemClock
from escalation.domain.alert import Action, Alert
from escalation.engine import Engine
from escalation.errors import BadInput, BadSettings, StoreUnavailable, UnknownKey
from escalation.intake import native
from escalation.local.broker import broker_url
from escalation.nudge import CeleryNudge
from escalation.ports import Store
from escalation.settings import started
from workers.queue_batch import BATCH, Batch, Message, Rejected, Source
from workers.queue_rabbit import RabbitSource
from workers.queue_redis import RedisSource
from workers.start import end_unless_fit, say_ready

log = logging.getLogger("queue_intake")

PROCESS = "queue intake"  # its heartbeat's name
LOOK = 0.5  # seconds; SIGTERM is heard between two looks
BEAT = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
FAREWELL = 1.0  # what is cut then comes again
# SQLite has one writer and no queue for the next: behind a backlog's transactions, end to end, a key press would wait by luck.
BREATH = 0.02


@dataclass(slots=True)
class Work:
    """How far a batch is. Kept while the database is away, so that nothing of it is done twice."""

    left: deque[tuple[int, Alert]] = field(default_factory=deque)
    rejected: list[Rejected] = field(default_factory=list)
    to_count: list[str] = field(default_factory=list)

    def reject(self, number: int, reason: str, now: datetime, *counters: str) -> None:
        self.rejected.append(Rejected(number, reason, now))
        self.to_count += ["rejected_event", *counters]


class Desk:
    """Decides what becomes of each message of a batch."""

    def __init__(self, engine: Engine, store: Store, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._store = store
        self._now = now

    def read(self, batch: Batch) -> Work:
        """Never raises: what cannot be read is rejected, whatever it was that went wrong with it."""
        work = Work()
        for number, message in enumerate(batch.messages):
            try:
                (alert,) = native.parse(message.body)
            except Exception as error:
                work.reject(number, _reason(error), self._now())
            else:
                work.left.append((number, named(alert, message)))
        return work

    def settle(self, work: Work) -> None:
        """Raises `StoreUnavailable` when not all was committed: call again with the same work, what was done stays done."""
        if len(work.left) > 1 and self._take([alert for _, alert in work.left]):
            work.left.clear()
        while work.left:  # something is wrong with one of them: it must not spoil the others
            self._take_one(*work.left[0], work)
            work.left.popleft()
        self._count(work)

    def _take(self, alerts: list[Alert]) -> bool:
        try:
            self._engine.take(alerts)
        except StoreUnavailable:
            raise
        except Exception:
            return False
        return True

    def _take_one(self, number: int, alert: Alert, work: Work) -> None:
        try:
            self._engine.take([alert])
        except StoreUnavailable:
            raise
        except UnknownKey:
            work.reject(number, "the intake key belongs to no service", self._now(), "unknown_key")
        except Exception as error:
            work.reject(number, _reason(error), self._now())

    def _count(self, work: Work) -> None:
        if work.to_count:
            with self._store.transaction() as tx:
                for counter in work.to_count:
                    tx.bump(counter)
            log.warning("rejected: %d", len(work.rejected))
            work.to_count.clear()


def named(alert: Alert, message: Message) -> Alert:
    """With the delivery's identity; a trigger without dedup_key is a trouble of its own, and the same one when it is taken again."""
    unnamed = alert.action is Action.TRIGGER and not alert.dedup_key
    return replace(alert, identity=message.delivery, dedup_key=message.name if unnamed else alert.dedup_key)


def _reason(error: Exception) -> str:
    return "; ".join(error.faults) if isinstance(error, BadInput) else f"could not be taken ({type(error).__name__})"


class Intake:
    """Looks at the queue again and again. `connect` opens a source; troubles of broker and database are waited out. `breath`: seconds
    for other writers after a full batch."""

    def __init__(
        self, desk: Desk, store: Store, connect: Callable[[], Source], stopped: threading.Event, breath: float = 0.0
    ) -> None:
        self._desk = desk
        self._store = store
        self._connect = connect
        self._stopped = stopped
        self._breath = breath
        self._source: Source | None = None
        self._failures = 0
        self._beat_at: float | None = None

    def run(self) -> None:
        """Until it is stopped."""
        while not self._stopped.is_set():
            if not self.look():
                self._stopped.wait(min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE))
        self._close()

    def look(self) -> bool:
        """One batch, or a second of waiting for one; never raises. False: the broker failed, pause."""
        try:
            self._source = self._source or self._connect()
            if batch := self._source.take(LOOK):
                self._settle(self._source, batch)
        except Exception as error:  # any client library's; its text may hold the broker's password
            self._failed(error)
            return False
        if self._failures:
            log.info("the queue is back")
        self._failures = 0
        self._beat()
        return True

    def _settle(self, source: Source, batch: Batch) -> None:
        work = self._desk.read(batch)
        while not self._is_settled(work):
            if self._stopped.wait(FIRST_PAUSE):
                return  # nothing is acknowledged: the next process takes it again
            source.keep()
        source.done(batch, work.rejected)
        if len(batch.messages) >= BATCH:
            self._stopped.wait(self._breath)

    def _is_settled(self, work: Work) -> bool:
        try:
            self._desk.settle(work)
        except StoreUnavailable:
            return False  # the store has logged it
        return True

    def _failed(self, error: Exception) -> None:
        if not self._failures:
            log.warning("the queue fails: %s", type(error).__name__)
        self._failures = min(self._failures + 1, 10)
        self._close()

    def _close(self) -> None:
        source, self._source = self._source, None
        try:
            if source:
                source.close()
        except Exception as error:
            log.info("closing: %s", type(error).__name__)

    def _beat(self) -> None:
        """Only after a look at the broker: what beats takes messages, or would."""
        if self._beat_at is not None and monotonic() - self._beat_at < BEAT:
            return
        self._beat_at = monotonic()
        try:
            with self._store.transaction() as tx:
                tx.beat(PROCESS)
            say_ready(os.environ)
        except Exception as error:
            log.warning("heartbeat: %s", type(error).__name__)


def source_at(url: str) -> Callable[[], Source]:
    """How to connect to the broker at a URL; raises `BadSettings` for one of another kind."""
    if url.startswith(("amqp:", "amqps:", "pyamqp:")):
        return lambda: RabbitSource(url)
    if url.startswith(("redis:", "rediss:", "redis+socket:")):
        return lambda: RedisSource(url)
    raise BadSettings(["ESCALATION_BROKER_URL: the open queue needs redis://, rediss://, redis+socket://, amqp:// or amqps://"])


def _door(url: str) -> Callable[[], Source]:
    try:
        return source_at(url)
    except BadSettings as fault:
        sys.exit(str(fault))


def main() -> None:
    """`python -m workers.queue_intake`: until SIGTERM or SIGINT, then it ends within two seconds, whatever hangs."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before there are threads: they inherit it
    settings = started(os.environ)
    end_unless_fit(settings)
    url = broker_url(settings)
    connect = _door(url)
    nudge = CeleryNudge(url)
    system = build(settings, nudge=nudge)
    stopped = threading.Event()
    desk = Desk(system.engine, system.store, SystemClock().now)
    breath = BREATH if settings.sql_url.startswith("sqlite") else 0.0
    intake = Intake(desk, system.store, connect, stopped, breath)
    # A daemon thread: it may hang in a call to a frozen server, and this process ends all the same.
    taking = threading.Thread(target=intake.run, name="taking", daemon=True)
    taking.start()
    while taking.is_alive() and signal.sigtimedwait(ends, LOOK) is None:
        pass
    stopped.set()
    taking.join(FAREWELL)
    nudge.close(timeout=0.2)


if __name__ == "__main__":
    main()
