"""The processes of a site as children of the supervisor: how each is started and how one knows that it is ready. The same for `up`
and for the demo's `stage`; the Procfile and `deploy/` say it for other supervisors. Not which of them run, nor how many."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from escalation.local.broker import Broker
from escalation.local.notices import Notices
from escalation.local.supervisor import Child

ROOT = Path(__file__).parent.parent.parent
BROKER, MIDDLE, DOOR = 0, 1, 2  # the receiver goes first, the broker last


@dataclass(frozen=True, slots=True)
class Processes:
    """`env` is what the children see."""

    env: Mapping[str, str] = field(repr=False)
    notices: Notices = field(default_factory=Notices)

    def child(self, name: str, argv: tuple[str, ...], ready: Callable[[], bool], rank: int = MIDDLE, **more: str) -> Child:
        return Child(name, argv, dict(self.env) | more, ready, rank)

    def broker(self, broker: Broker) -> Child:
        return self.child("broker", broker.argv, broker.answers, BROKER)

    def receiver(self, bind: str, processes: int = 2) -> Child:
        return self._noticed("receiver", receiver(bind, processes), DOOR)

    def receiver_behind(self, door: socket.socket, name: str = "receiver") -> Child:
        """At an open address. Several may share it: whoever connects while one of them is drained comes to another."""
        return replace(self._noticed(name, receiver(f"fd://{door.fileno()}"), DOOR), inherits=(door.fileno(),))

    def worker(self, queue: str, threads: int, name: str = "") -> Child:
        """`name` for a second one of the same queue: Celery wants each node to have its own."""
        return self._noticed(f"worker-{name or queue}", worker(queue, threads, name or queue))

    def timekeeper(self, name: str = "timekeeper") -> Child:
        return self._noticed(name, python("workers.timekeeper"))

    def queue_intake(self) -> Child:
        return self._noticed("queue-intake", python("workers.queue_intake"))

    def flower(self, port: int, login: str) -> Child:
        """`login` is user:password; by the environment, since arguments are seen by everybody on the machine."""
        ready = answers_at(f"http://127.0.0.1:{port}/healthcheck")
        return self.child("flower", flower(port), ready, FLOWER_BASIC_AUTH=login)

    def _noticed(self, name: str, argv: tuple[str, ...], rank: int = MIDDLE) -> Child:
        env, ready = self.notices.of(name)
        return self.child(name, argv, ready, rank, **env)


def receiver(bind: str, processes: int = 2) -> tuple[str, ...]:
    how = ("--worker-class", "gthread", "--workers", str(processes), "--threads", "48", "--preload", "--graceful-timeout", "10")
    return python("gunicorn", "webhooks.app:app", *how, "--bind", bind, "--no-control-socket")


def worker(queue: str, threads: int, node: str = "") -> tuple[str, ...]:
    how = ("--pool", "threads", "--concurrency", str(threads), "--without-gossip", "--without-mingle")
    return python("workers.worker", "--queues", queue, "--hostname", f"{node or queue}@%h", *how)


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
