"""The processes that are measured, each a real one: the Procfile's as they are shipped (without Flower), or a bare worker as the floor,
beside broker, database and the stub carrier. Not what is measured (`measures`)."""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.local.broker import free_port, prepare
from escalation.local.stage import answers_at, inherited
from escalation.local.supervisor import Child, Supervisor
from escalation.nudge import celery_app
from escalation.settings import Settings
from escalation.store import schema
from tests.bench import bare, bare_view, machine, people, servers

ROOT = Path(__file__).parent.parent.parent
TOKEN = "bench-token"
AGAIN = 30.0  # seconds until a killed process must run again
SETTLED = 3.0  # seconds after which a process at rest is at rest


@dataclass(frozen=True, slots=True)
class Ground:
    """What floor and system stand on: a running broker, a running stub, a folder, a database server's URL (empty: SQLite)."""

    folder: Path
    supervisor: Supervisor
    broker: str
    server: str
    carrier: str


@dataclass(frozen=True, slots=True)
class Site:
    """The system in the middle of a run: its processes by the Procfile's names, each started again by `crew` when it dies, the broker
    by the ground's supervisor."""

    system: System
    url: str
    on: Ground
    crew: Supervisor
    children: dict[str, Child]
    database: str

    @property
    def server(self) -> str:
        return self.on.server

    @property
    def processes(self) -> dict[str, int]:
        """Their pids as they run now."""
        pids = {name: self.crew.pid(name) for name in self.children} | {"broker": self.on.supervisor.pid("broker")}
        return {name: pid for name, pid in pids.items() if pid}

    @property
    def roots(self) -> dict[str, int]:
        """Everything that works for us: our processes, the broker's, the database server's."""
        return {**self.processes, **_postmaster(self.server)}

    def start(self, child: Child) -> None:
        """One more."""
        self.children[child.name] = child
        self.crew.start(child)

    def kill(self, *names: str) -> None:
        """With all that descend from it. Who keeps it starts it again."""
        roots = self.roots
        for pid in machine.family(roots[name] for name in names if name in roots):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restart(self, *names: str) -> None:
        """Killed, started again, and at work."""
        before = self.processes
        self.kill(*names)
        end = monotonic() + AGAIN
        while any(self.processes.get(name, before[name]) == before[name] for name in names):
            assert monotonic() < end, f"{names} did not come again"
            sleep(0.05)
        sleep(SETTLED)

    def connections(self) -> int:
        """Database connections that are open now."""
        if self.server:
            return len(servers.backends(self.server, self.database))
        return machine.handles(machine.family(self.processes.values()), Path(self.database))


@contextmanager
def ground(folder: Path, server: str, *, own_broker: bool = False) -> Iterator[Ground]:
    """A broker (the one ESCALATION_TEST_REDIS names, else the embedded one) and the stub."""
    given = "" if own_broker else os.environ.get("ESCALATION_TEST_REDIS", "")
    port = free_port()
    carrier = f"http://127.0.0.1:{port}"
    with Supervisor(folder / "log", grace=20) as supervisor:
        if not given:
            embedded = prepare(folder)
            supervisor.start(Child("broker", embedded.argv, environment(), embedded.answers, rank=0))
        stub = python("tests.bench.stub", str(port))
        supervisor.start(Child("stub", stub, environment(), answers_at(f"{carrier}/_calls"), rank=0))
        yield Ground(folder, supervisor, given or embedded.url, server, carrier)


@contextmanager
def floor(on: Ground) -> Iterator[tuple[str, Path, int]]:
    """A worker with our settings and none of our code: (the database's URL, the file where starts are noted, the worker's pid)."""
    with servers.database(on.server, f"bare_{secrets.token_hex(4)}", on.folder) as url, _crew(on) as supervisor:
        starts = on.folder / "starts.txt"
        env = environment() | {bare.BROKER: on.broker, bare.DATABASE: url, bare.STARTS: str(starts), bare.CARRIER: on.carrier}
        ours = {"pages": bare.QUEUE, "pages@%h": f"{bare.QUEUE}@%h"}
        flags = procfile()["pages"]
        flags = flags[flags.index("--queues") :]
        argv = python("celery", "-A", "tests.bench.bare", "worker", *(ours.get(word, word) for word in flags))
        supervisor.start(Child("bare", argv, env, answers_ping(on.broker, "bare")))
        yield url, starts, _pid(supervisor, "bare")


@contextmanager
def bare_receiver(on: Ground, document: bytes) -> Iterator[str]:
    """The shipped server around a view that does nothing but answer these bytes."""
    file = on.folder / "answer.xml"
    file.write_bytes(document)
    argv, url = _served(
        tuple("tests.bench.bare_view:app" if word == "webhooks.app:app" else word for word in procfile()["receiver"])
    )
    with _crew(on) as supervisor:
        supervisor.start(
            Child("bare-receiver", argv, environment() | {bare_view.ANSWER: str(file)}, answers_at(f"{url}/healthz"))
        )
        yield url


@contextmanager
def site(on: Ground, population: int, texted: int = 0, reads: int | None = None, chats: int | None = None) -> Iterator[Site]:
    """Everything the Procfile starts, on an empty database with so many people."""
    folder = on.folder / "site"
    folder.mkdir()
    name = f"bench_{secrets.token_hex(4)}"
    with servers.database(on.server, name, folder) as database, _crew(on) as supervisor:
        receiver, url = _served(procfile()["receiver"])
        settings = _settings(on, folder, database, url) | ({} if chats is None else _slack(on))
        system = build(Settings.from_env(settings))
        schema.migrate(system.settings.sql_url)
        apply(system.store, people.configuration(population, texted, reads, chats))
        ready: dict[str, Callable[[], bool]] = {
            "receiver": answers_at(f"{url}/healthz"),
            "pages": answers_ping(on.broker, "pages"),
            "chores": answers_ping(on.broker, "chores"),
            "timekeeper": lambda: "timekeeper" in system.queries.heartbeats(),
            "queue_intake": lambda: "queue intake" in system.queries.heartbeats(),
        }
        started = {name: receiver if name == "receiver" else argv for name, argv in procfile().items()}
        env = environment() | settings
        children = {
            name: Child(name, argv, env, ready.get(name, lambda: True), rank=2 if name == "receiver" else 1)
            for name, argv in started.items()
        }
        supervisor.start(*children.values())
        file = (on.server and name) or database.removeprefix("sqlite:///")
        yield Site(system, url, on, supervisor, children, file)
        system.store.dispose()


def procfile() -> dict[str, tuple[str, ...]]:
    """The shipped command lines by name, Flower aside, run by this interpreter."""
    lines = [line for line in (ROOT / "Procfile").read_text().splitlines() if line and not line.startswith("#")]
    said = {name: shlex.split(command) for name, _, command in (line.partition(":") for line in lines)}
    return {name: _by_us(words) for name, words in said.items() if name != "flower"}


def environment() -> dict[str, str]:
    """No setting of the machine's own."""
    return inherited(os.environ)


def python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _by_us(words: list[str]) -> tuple[str, ...]:
    return (sys.executable, *words[1:]) if words[0] == "python" else python(*words)


def _served(argv: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """A server's command line with a free port in place of the shipped one, and its URL."""
    address = f"127.0.0.1:{free_port()}"
    place = argv.index("--bind") + 1
    return (*argv[:place], address, *argv[place + 1 :]), f"http://{address}"


@contextmanager
def _crew(on: Ground) -> Iterator[Supervisor]:
    with Supervisor(on.folder / "crew", grace=20) as supervisor:
        yield supervisor


def _settings(on: Ground, folder: Path, database: str, url: str) -> dict[str, str]:
    return {
        "ESCALATION_DATA_DIR": str(folder),
        "ESCALATION_DATABASE_URL": database,
        "ESCALATION_BROKER_URL": on.broker,
        "ESCALATION_PUBLIC_URL": url,
        "ESCALATION_SECRET_KEY": secrets.token_hex(32),
        "PLIVO_AUTH_ID": "MABENCH",
        "PLIVO_AUTH_TOKEN": TOKEN,
        "PLIVO_FROM_NUMBER": "+15550109999",
        "PLIVO_API_URL": on.carrier,
        "PLIVO_CALLS_PER_SECOND": "0",
        "PLIVO_TEXTS_PER_SECOND": "0",
    }


def _slack(on: Ground) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": "xoxb-bench", "SLACK_SIGNING_SECRET": secrets.token_hex(16), "SLACK_API_URL": f"{on.carrier}/api/"}


def answers_ping(broker: str, name: str) -> Callable[[], bool]:
    """Readiness of a worker: the shipped command lines log nothing when they are ready."""

    def answers() -> bool:
        app = celery_app("bench", broker)
        try:
            with app.connection_for_write() as connection:  # of its own: one from the pool may be to a broker that was killed
                replies = app.control.ping(timeout=0.5, connection=connection)
            return any(name == who.partition("@")[0] for reply in replies for who in reply)
        finally:
            app.close()

    return answers


def _pid(supervisor: Supervisor, name: str) -> int:
    pid = supervisor.pid(name)
    assert pid, f"{name} has ended"
    return pid


def _postmaster(server: str) -> dict[str, int]:
    return {"database": servers.postmaster(server)} if server else {}
