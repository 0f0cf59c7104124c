"""What the chaos run is done to: real processes of a site in twos, broker and database, each kept by a supervisor that starts again what
dies, and the sandbox in place of the carrier, in this process. Not what is done to them (`faults`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.local.broker import free_port, prepare
from escalation.local.processes import BROKER, Processes
from escalation.local.stage import inherited
from escalation.local.supervisor import Child, Supervisor
from escalation.sandbox.server import Server
from escalation.settings import Settings
from escalation.store import schema
from tests.bench import machine
from tests.chaos import people
from tests.servers import postgresql, rabbitmq

NUMBER = "+15550109999"
DATABASES, BROKERS = ("sqlite", "postgresql"), ("embedded", "redis", "rabbitmq")
OURS = ("receiver", "worker-pages-1", "worker-pages-2", "worker-chores", "timekeeper-1", "timekeeper-2")


@dataclass
class Ground:
    """`pids` are asked anew each time: what died has another one."""

    folder: Path
    system: System
    sandbox: Server
    url: str
    database: str
    broker: str
    supervisors: dict[str, tuple[Supervisor, str]] = field(default_factory=dict)

    def pid(self, name: str) -> int | None:
        supervisor, child = self.supervisors[name]
        return supervisor.pid(child)

    def signal(self, number: int, *names: str) -> None:
        """To each with all that descend from it (PostgreSQL's sessions have groups of their own)."""
        for pid in machine.family(filter(None, map(self.pid, names))):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def logs(self) -> Iterator[tuple[str, str]]:
        for file in sorted(self.folder.rglob("*.log")):
            yield file.stem, file.read_text(errors="replace")


@contextmanager
def ground(folder: Path, database: str, broker: str, count: int) -> Iterator[Ground]:
    """A running site with phones for so many troubles."""
    at = f"127.0.0.1:{free_port()}"
    sandbox = Server(callback_host=at, calls_per_second=1000, texts_per_second=1000, requests_per_5s=10**6)
    with _database(folder, database) as (database_url, kept), _broker(folder, broker) as (broker_url, keeper), sandbox:
        environ = inherited(os.environ) | _settings(folder, at, sandbox, database_url, broker_url)
        settings = Settings.from_env(environ)
        schema.migrate(settings.sql_url)
        system = build(settings)
        apply(system.store, people.configuration(count))
        site = Ground(folder, system, sandbox, f"http://{at}", database, broker, {**kept, **keeper})
        with Supervisor(folder / "log", grace=15) as supervisor:
            children = _children(Processes(environ), at)
            supervisor.start(*children, timeout=90)
            site.supervisors |= {child.name: (supervisor, child.name) for child in children}
            yield site
        system.store.dispose()


def _children(processes: Processes, at: str) -> list[Child]:
    pages = [processes.worker("pages", 16, f"pages-{n}") for n in (1, 2)]
    keepers = [processes.timekeeper(f"timekeeper-{n}") for n in (1, 2)]
    return [processes.receiver(at), *pages, processes.worker("chores", 2), *keepers]


@contextmanager
def _database(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, tuple[Supervisor, str]]]]:
    if kind == "sqlite":
        yield "", {}
        return
    (home := folder / "database").mkdir(mode=0o711)
    with postgresql.node(home) as (supervisor, url):
        yield url, {"database": (supervisor, "postgresql")}


@contextmanager
def _broker(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, tuple[Supervisor, str]]]]:
    (home := folder / "broker-log").mkdir()
    if kind == "rabbitmq":
        with rabbitmq.node(home) as (supervisor, url):
            yield url, {"broker": (supervisor, "rabbitmq")}
        return
    broker = prepare(folder)
    with Supervisor(home, grace=5) as supervisor:
        supervisor.start(Child("broker", broker.argv, {}, broker.answers, BROKER))
        yield broker.url, {"broker": (supervisor, "broker")}


def _settings(folder: Path, at: str, sandbox: Server, database: str, broker: str) -> dict[str, str]:
    account = sandbox.world.account
    account.numbers = (NUMBER,)
    return {
        "ESCALATION_DATA_DIR": str(folder),
        "ESCALATION_DATABASE_URL": database,
        "ESCALATION_BROKER_URL": broker,
        "ESCALATION_PUBLIC_URL": f"http://{at}",
        "ESCALATION_SECRET_KEY": secrets.token_hex(32),
        "PLIVO_AUTH_ID": account.auth_id,
        "PLIVO_AUTH_TOKEN": account.auth_token,
        "PLIVO_FROM_NUMBER": NUMBER,
        "PLIVO_API_URL": sandbox.url,
        "PLIVO_CALLS_PER_SECOND": "0",
        "PLIVO_TEXTS_PER_SECOND": "0",
    }
