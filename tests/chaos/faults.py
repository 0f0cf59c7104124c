"""What is done to a site, one thing after the other: each begins, lasts some seconds, ends, and has a line that says what a user would see.
Not when (`run`), not what came of it (`reckoning`)."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import redis

from escalation.local.broker import client_url
from escalation.nudge import celery_app
from escalation.sandbox.faults import Fault as SandboxFault
from escalation.sandbox.faults import Faults
from tests.chaos.ground import OURS, Ground

WORKERS = ("worker-pages-1", "worker-pages-2")
PG = "postgresql"
KEEPERS = ("timekeeper-1", "timekeeper-2")


@dataclass(frozen=True, slots=True)
class Fault:
    """`lasts` in seconds. `databases` and `brokers`: of which kinds it can happen, all when empty."""

    name: str
    sees: str
    lasts: float
    strike: Callable[[Ground], AbstractContextManager[None]]
    databases: tuple[str, ...] = ()
    brokers: tuple[str, ...] = ()

    def fits(self, database: str, broker: str) -> bool:
        return database in (self.databases or (database,)) and broker in (self.brokers or (broker,))


def killed(*names: str) -> Callable[[Ground], AbstractContextManager[None]]:
    """SIGKILL to the whole group, once; the supervisor starts them again."""

    @contextmanager
    def strike(on: Ground) -> Iterator[None]:
        on.signal(signal.SIGKILL, *names)
        yield

    return strike


def killed_again_and_again(name: str, seconds: float) -> Callable[[Ground], AbstractContextManager[None]]:
    """Away for that long: connections are refused."""

    @contextmanager
    def strike(on: Ground) -> Iterator[None]:
        end = monotonic() + seconds
        while monotonic() < end:
            on.signal(signal.SIGKILL, name)
            sleep(0.1)
        yield

    return strike


def frozen(*names: str) -> Callable[[Ground], AbstractContextManager[None]]:
    """SIGSTOP: it keeps its connections, its claims and its locks, and does nothing."""

    @contextmanager
    def strike(on: Ground) -> Iterator[None]:
        on.signal(signal.SIGSTOP, *names)
        yield
        on.signal(signal.SIGCONT, *names)

    return strike


def told(number: int, name: str) -> Callable[[Ground], AbstractContextManager[None]]:
    """One signal to the server itself, not to its children."""

    @contextmanager
    def strike(on: Ground) -> Iterator[None]:
        if pid := on.pid(name):
            os.kill(pid, number)
        yield

    return strike


@contextmanager
def emptied(on: Ground) -> Iterator[None]:
    """Everything in the broker is gone: queues, unacknowledged tasks, bindings."""
    url = on.system.settings.broker_url
    if on.broker == "rabbitmq":
        app = celery_app("chaos", url)
        app.control.purge()
        app.close()
    else:
        with redis.Redis.from_url(client_url(url)) as client:
            client.flushall()
    yield


@contextmanager
def locked(on: Ground) -> Iterator[None]:
    """Somebody else writes, and writes."""
    other = sqlite3.connect(on.folder / "escalation.sqlite", isolation_level=None, timeout=30)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.rollback()
    other.close()


def carrier(*add: Callable[[Faults], SandboxFault]) -> Callable[[Ground], AbstractContextManager[None]]:
    """The sandbox's own faults, as long as it lasts."""

    @contextmanager
    def strike(on: Ground) -> Iterator[None]:
        world = on.sandbox.world
        with world.lock:
            made = [each(world.faults) for each in add]
        yield
        with world.lock:
            world.faults.pending = [one for one in world.faults.pending if one not in made]

    return strike


@contextmanager
def nothing(_: Ground) -> Iterator[None]:
    yield


FAULTS = (
    Fault("nothing", "calls come at once", 6, nothing),
    Fault("receiver killed", "the monitor sends again; a call in progress goes on at the fallback address", 6, killed("receiver")),
    Fault("one pages worker killed", "at most the page it was sending is late", 6, killed(WORKERS[0])),
    Fault("both pages workers killed", "pages a few seconds late, ten at most", 8, killed(*WORKERS)),
    Fault("a pages worker frozen 20 s", "what it had claimed is sent again after its lease", 20, frozen(WORKERS[0])),
    Fault("both pages workers frozen 20 s", "the timekeeper dials, ten seconds late", 20, frozen(*WORKERS)),
    Fault("a timekeeper killed", "nothing", 6, killed(KEEPERS[0])),
    Fault("both timekeepers killed", "timers some seconds late", 8, killed(*KEEPERS)),
    Fault("a timekeeper frozen 10 s", "nothing", 10, frozen(KEEPERS[1])),
    Fault("everything of ours killed", "pages some seconds late", 8, killed(*OURS)),
    Fault("broker killed", "pages some seconds late", 8, killed("broker")),
    Fault("broker away 8 s", "the timekeeper dials, ten seconds late", 8, killed_again_and_again("broker", 8)),
    Fault("broker frozen 8 s", "the timekeeper dials, ten seconds late", 8, frozen("broker")),
    Fault("broker emptied", "what was waiting in it ten seconds late", 6, emptied),
    Fault("database killed", "the monitor sends again, a caller presses again", 8, told(signal.SIGQUIT, "database"), databases=(PG,)),
    Fault("database restarted", "the monitor sends again, a caller presses again", 8, told(signal.SIGINT, "database"), databases=(PG,)),
    Fault("database frozen 8 s", "the monitor sends again, a caller hears the makeshift menu", 8, frozen("database"), databases=(PG,)),
    Fault("database locked 8 s", "the monitor sends again, a caller hears the makeshift menu", 8, locked, databases=("sqlite",)),
    Fault("carrier answers 503 before it accepted", "placed again after 15 s", 8, carrier(lambda f: f.answer(503, "POST Call", times=None))),
    Fault(
        "carrier answers 503 after it accepted", "nothing: its callbacks tell", 8,
        carrier(lambda f: f.answer(503, "POST Call", accept=True, times=None)),
    ),
    Fault("carrier answers 429", "tried again", 6, carrier(lambda f: f.answer(429, "POST Call", times=None))),
    Fault("carrier accepts and says nothing", "nothing: its callbacks tell", 8,
          carrier(lambda f: f.timeout("POST Call", accept=True, times=None, by=15))),
    Fault("carrier refuses connections", "tried again within the step", 8, carrier(lambda f: f.down("POST Call"))),
    Fault("ring and hangup lost", "the ladder goes on by its timers", 6,
          carrier(lambda f: f.lose("Ring", times=None), lambda f: f.lose("Hangup", times=None))),
    Fault("every callback doubled", "nothing", 6, carrier(lambda f: f.double("*", times=None))),
    Fault("hangups 10 s late", "the ladder goes on later", 6, carrier(lambda f: f.delay("Hangup", by=10, times=None))),
)  # fmt: skip
