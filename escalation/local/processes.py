"""The processes of a site as children of the supervisor: how each is started and how one knows that it is ready. The same for `up`
and for the demo's `stage`; the Procfile and `deploy/` say it for other supervisors. Not which of them run, nor how many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx

from escalation.errors import StoreUnavailable
from escalation.local.broker import Broker
from escalation.local.supervisor import Child
from escalation.store.queries import Queries

ROOT = Path(__file__).parent.parent.parent
BROKER, MIDDLE, DOOR = 0, 1, 2  # the receiver goes first, the broker last


@dataclass(frozen=True, slots=True)
class Processes:
    """`env` is what the children see. A heartbeat counts as a sign of readiness only when it is younger than this value: the
    database still has those of the last run."""

    env: Mapping[str, str] = field(repr=False)
    queries: Queries
    began: float = field(default_factory=monotonic)

    def child(self, name: str, argv: tuple[str, ...], ready: Callable[[], bool], rank: int = MIDDLE, **more: str) -> Child:
        return Child(name, argv, dict(self.env) | more, ready, rank)

    def broker(self, broker: Broker) -> Child:
        return self.child("broker", broker.argv, broker.answers, BROKER)

    def receiver(self, bind: str, processes: int = 2) -> Child:
        return self.child("receiver", receiver(bind, processes), answers_at(f"http://{here(bind)}/healthz"), DOOR)

    def worker(self, queue: str, threads: int) -> Child:
        return self.child(f"worker-{queue}", worker(queue, threads), lambda: self._heard(f"worker {queue}"))

    def timekeeper(self, name: str = "timekeeper") -> Child:
        return self.child(name, python("workers.timekeeper"), lambda: self._heard("timekeeper"))

    def queue_intake(self) -> Child:
        return self.child("queue-intake", python("workers.queue_intake"), lambda: self._heard("queue intake"))

    def flower(self, port: int, login: str) -> Child:
        """`login` is user:password; by the environment, since arguments are seen by everybody on the machine."""
        ready = answers_at(f"http://127.0.0.1:{port}/healthcheck")
        return self.child("flower", flower(port), ready, FLOWER_BASIC_AUTH=login)

    def _heard(self, process: str) -> bool:
        try:
            age = self.queries.heartbeats().get(process)
        except StoreUnavailable:  # busy: asked again
            return False
        return age is not None and age.total_seconds() < monotonic() - self.began


def receiver(bind: str, processes: int = 2) -> tuple[str, ...]:
    how = ("--worker-class", "gthread", "--workers", str(processes), "--threads", "48", "--preload")
    return python("gunicorn", "webhooks.app:app", *how, "--bind", bind, "--no-control-socket")


def worker(queue: str, threads: int) -> tuple[str, ...]:
    how = ("--pool", "threads", "--concurrency", str(threads), "--without-gossip", "--without-mingle")
    return python("workers.worker", "--queues", queue, "--hostname", f"{queue}@%h", *how)


def flower(port: int) -> tuple[str, ...]:
    return python("celery", "-A", "workers.app", "flower", "--address=127.0.0.1", f"--port={port}", "--read-only")


def python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with what a child of ours needs to find the code and to be heard at once."""
    path = ":".join(filter(None, (str(ROOT), environ.get("PYTHONPATH", ""))))
    return {**environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def here(bind: str) -> str:
    """Where something bound to `host:port` is reached from this machine."""
    host, _, port = bind.rpartition(":")
    return f"{ {'0.0.0.0': '127.0.0.1', '': '127.0.0.1', '[::]': '[::1]'}.get(host, host) }:{port}"


def answers_at(url: str) -> Callable[[], bool]:
    """Readiness by HTTP."""

    def answers() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return answers
