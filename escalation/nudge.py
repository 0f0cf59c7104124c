"""CeleryNudge wakes workers by task name after a commit. Best effort: whoever has a transaction behind him and a phone call
before him must not wait for a broker, so jobs go to a bounded queue and one background thread publishes them; what is lost
the timekeeper repairs. Also the one place where a Celery app is given its settings. Not the workers (`workers`), not the broker
(`local.broker`)."""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from time import monotonic

from celery import Celery

import celeryconfig
from escalation.ports import Job

log = logging.getLogger(__name__)

ROOM = 1000  # jobs that may wait; more than that means a broker that is away, and then the rows are enough
GIVE_UP = 8.0  # seconds; at 10 the timekeeper carries the job out itself
PAUSE = 0.3
# For whoever only publishes, by the broker's kind: a second for each word, and no tries but our own.
HURRY: dict[str, dict[str, object]] = {
    "redis": {"socket_timeout": 1, "socket_connect_timeout": 1, "max_connections": 4, "retry_on_timeout": False},
    "amqp": {
        "connect_timeout": 1,
        "read_timeout": 1,
        "write_timeout": 1,
        "max_retries": 0,
        "confirm_publish": True,  # else what is written to a connection that the broker has left counts as published
        "heartbeat": 0,  # nobody here would send any, and the broker would hang up
    },
}


class CeleryNudge:
    """Implements `ports.Nudge`. May be built before a fork and used from any thread: each process gets its own thread and
    connection at its first job. Nothing connects before that."""

    def __init__(self, broker_url: str, room: int = ROOM) -> None:
        self._broker_url = broker_url
        self._room = room
        self._lines: dict[int, _Line] = {}

    def wake(self, jobs: Sequence[Job]) -> None:
        """Hands the jobs to the background thread; returns at once and never raises. Jobs beyond `room` are dropped."""
        if jobs:
            line = self._line()
            for job in jobs:
                line.put(job)

    def flush(self, timeout: float) -> bool:
        """Waits (seconds) until everything was published or given up; False when time ran out."""
        line = self._lines.get(os.getpid())
        return line is None or line.drained(timeout)

    def close(self, timeout: float = 2.0) -> None:
        """For short-lived processes: a bounded wait for what is queued, then the thread ends."""
        self.flush(timeout)
        if line := self._lines.pop(os.getpid(), None):
            line.stop()

    def _line(self) -> _Line:
        """This process's line. A thread and a socket do not survive a fork, a lock may even be held across it: so no lock
        here, and `setdefault` (atomic) decides between two threads that come at once."""
        pid = os.getpid()
        if (line := self._lines.get(pid)) is None:
            line = self._lines.setdefault(pid, _Line(self._broker_url, self._room))
            line.start()
        return line


class _Line:
    """A bounded queue with the daemon thread that empties it, in one process."""

    def __init__(self, broker_url: str, room: int) -> None:
        self._broker_url = broker_url
        self._jobs: queue.Queue[tuple[Job, float] | None] = queue.Queue(room)
        self._thread = threading.Thread(target=self._run, name="nudge", daemon=True)
        self._starting = threading.Lock()
        self._stopping = threading.Event()
        self._failing = False
        self._app: Celery | None = None

    def start(self) -> None:
        with self._starting:
            if self._thread.ident is None:
                self._thread.start()

    def put(self, job: Job) -> None:
        try:
            self._jobs.put_nowait((job, monotonic()))
        except queue.Full:
            log.warning("nudge dropped: too many are waiting")

    def drained(self, timeout: float) -> bool:
        done = self._jobs.all_tasks_done
        with done:
            return done.wait_for(lambda: self._jobs.unfinished_tasks == 0, timeout)

    def stop(self) -> None:
        self._stopping.set()
        try:
            self._jobs.put_nowait(None)
        except queue.Full:
            pass  # busy with a broker that is away; it looks at `_stopping` between two tries

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None and not self._stopping.is_set():
            self._publish(*item)
            self._jobs.task_done()
        if self._app is not None:
            # Without a word to the broker, which may be away. (The stubs take the connection pool for a producer pool.)
            self._app.pool.force_close_all()  # type: ignore[attr-defined]
            self._app.close()

    def _publish(self, job: Job, put_at: float) -> None:
        """Tries until the job is so old that the timekeeper will have it. A hint published twice does no harm."""
        while monotonic() - put_at < GIVE_UP and not self._tried(job):
            if self._stopping.wait(PAUSE):
                return

    def _tried(self, job: Job) -> bool:
        """One try; the log hears of an outage once, not once a job. Making the app is part of it: settings that Celery cannot
        read must not end the thread, after which nothing would ever be published, nor said."""
        try:
            self._app = self._app or celery_app("nudge", self._broker_url, HURRY)
            publish(self._app, job)
        except Exception as error:  # any client library's; its text may hold the broker's password
            if not self._failing:
                log.warning("nudges are not published: %s", type(error).__name__)
            self._failing = True
            return False
        self._failing = False
        return True


def publish(app: Celery, job: Job) -> None:
    """One message, one try. Ids and roots are given, never inherited: Celery would take those of the task that happens to run."""
    root = f"INC-{job.incident_id}"
    app.send_task(
        job.command.kind.value,
        args=[job.id],
        task_id=job.task_id,
        root_id=root,
        parent_id=job.parent_id or None,
        argsrepr=f"({job.id},)",
        kwargsrepr=kwargsrepr(job),
        retry=False,
        ignore_result=True,
    )


LABEL = re.compile(r"(?P<incident>INC-\d+) (?:step (?P<step>\d+)|(?P<last>last resort)) (?P<who>.+)")


def kwargsrepr(job: Job) -> str:
    """What Flower shows as arguments and finds by `INC-42` or `kwargs:incident=INC-42`. Nothing personal but the handle."""
    incident = f"INC-{job.incident_id}"
    if said := LABEL.fullmatch(job.label):
        return repr({"incident": incident, "step": said["step"] or said["last"], "who": said["who"]})
    return repr({"incident": incident, "what": job.label})


def celery_app(name: str, broker_url: str, options: Mapping[str, dict[str, object]] | None = None) -> Celery:
    """A Celery app with the settings of `celeryconfig`, those of the broker's kind, and those that `options` has for that kind.
    It is not made the current app: an app made for publishing must not become the one that workers find."""
    app = Celery(name, set_as_current=False)
    app.config_from_object(celeryconfig)
    kind = "redis" if broker_url.startswith("redis") else "amqp" if broker_url.startswith(("amqp", "pyamqp")) else ""
    chosen: dict[str, object] = {**celeryconfig.transport_options_by_kind.get(kind, {}), **(options or {}).get(kind, {})}
    app.conf.update(broker_url=broker_url, broker_transport_options=chosen)
    return app


def trouble(broker_url: str) -> str:
    """Empty when the broker lets us in, else the kind of the trouble; never raises. May take some seconds."""
    try:
        with celery_app("asking", broker_url, HURRY).connection_for_write() as connection:
            connection.connect()
            connection.channel()  # on Redis this is the first word that is exchanged
    except Exception as error:  # any client library's; its text may hold the password
        return type(error).__name__
    return ""
