"""Real child processes for the few tests whose subject is a process: a broker, a worker. Waits are on conditions, with a bound."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from escalation.local.broker import Broker, prepare
from escalation.local.supervisor import Child, Supervisor

ROOT = Path(__file__).parent.parent


def until(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    """True as soon as the condition holds, False when it does not within `seconds`."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return bool(condition())


@contextmanager
def running_broker(folder: Path) -> Iterator[tuple[Supervisor, Broker]]:
    broker = prepare(folder)
    with Supervisor(folder / "log", grace=5) as supervisor:
        supervisor.start(Child("broker", broker.argv, environment(), broker.answers, rank=0))
        yield supervisor, broker


def environment(**more: str) -> dict[str, str]:
    """What children of the tests see: no setting of the machine's own."""
    ours = ("ESCALATION_", "PLIVO_", "SLACK_", "SMTP_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


def children_of(parent: int) -> dict[int, str]:
    """Process ids with their command lines, of those that still run. Reads /proc."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            status, line = (entry / "stat").read_text().rpartition(")")[2].split(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status[1]) == parent and status[0] != "Z":
            found[int(entry.name)] = line.replace(b"\0", b" ").decode()
    return found


def celery_argv(app: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-A", app, *arguments)
