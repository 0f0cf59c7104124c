"""`escalation up`: a whole site on one machine, for real use. Brings the database up to date, then keeps the Procfile's processes
running until it is told to stop. Not how
each is started (`processes`), not how they are kept (`supervisor`), not how they are renewed (`rolling`)."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from escalation.build import NoNudge, build
from escalation.errors import BadInput, BadSettings, EscalationError
from escalation.local.broker import NoBroker, prepare
from escalation.local.home import Home
from escalation.local.processes import Processes
from escalation.local.rolling import LOCK, READY_WITHIN, Rolling
from escalation.local.supervisor import NotReady, Supervisor, end_like_ctrl_c, end_undisturbed
from escalation.settings import WITH_PLIVO, Settings
from escalation.store import schema

BACKLOG = 2048  # who may wait while a receiver starts; the kernel's own limit may be lower
BIND = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)?:)?(?P<port>[0-9]{1,5})")
THREADS = {"pages": 32, "chores": 8}
Say = Callable[[str], None]


class CannotStart(EscalationError):
    """Raised when something on this machine is in the way; says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`bind` is host:port of the receiver; `flower_port` 0 means no Flower; `echo`: the processes' lines to the terminal too."""

    bind: str = "127.0.0.1:8000"
    flower_port: int = 5555
    echo: bool = False


def run(environ: Mapping[str, str], wanted: Wanted, say: Say) -> int:
    """Returns the exit code when everything has ended: 0 after SIGTERM or Ctrl-C. Raises `BadInput`, `CannotStart`,
    `StoreUnavailable`, `SchemaMismatch` (the database is of a newer release) before anything was started."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")  # the supervisor's word on who died
    settings = Settings.from_env(environ)
    if settings.plivo_auth_id and not settings.public_url:  # each process would refuse it, and be started again for ever
        raise BadSettings([WITH_PLIVO["public_url"]])
    listening(f"127.0.0.1:{wanted.flower_port}", "--flower-port").close()  # told now: it would be started again for ever
    with listening(wanted.bind, "--bind") as door, alone(settings.data_dir.absolute()):
        schema.migrate(settings.sql_url)
        return _kept_running(Home(environ, settings, build(settings, nudge=NoNudge())), wanted, door, say)


def _kept_running(home: Home, wanted: Wanted, door: socket.socket, say: Say) -> int:
    supervisor = Supervisor(home.folder / "log", (lambda name, line: say(f"{name:<16} {line}")) if wanted.echo else None)
    site = Processes(home.environ())
    stand_ins = {
        "receiver": site.receiver_behind(door, "receiver-2"),
        "worker-pages": site.worker("pages", THREADS["pages"], "pages-2"),
    }
    rolling = Rolling(home, supervisor, stand_ins, say)
    end_like_ctrl_c()
    try:
        for line in (*home.where(wanted.bind, wanted.flower_port), *home.missing()):
            say(line)
        rolling.order = _start(home, wanted, site, door, supervisor, say)
        rolling.serve()
    except KeyboardInterrupt:
        say("Ending: receiver, then workers and timekeepers, the broker last …")
    finally:
        end_undisturbed()
        door.close()  # refused from now on, rather than left waiting for nobody
        supervisor.stop()
    say("All have ended.")
    return 0


def _start(home: Home, wanted: Wanted, site: Processes, door: socket.socket, supervisor: Supervisor, say: Say) -> list[str]:
    """Whoever is not ready in time is named and kept: the others page without it. Returns the names of all but the broker."""
    try:
        if not home.settings.broker_url:
            supervisor.start(site.broker(prepare(home.folder)), timeout=READY_WITHIN)
    except (NoBroker, NotReady) as error:
        say(f"No broker: {error}. Pages go out all the same, ten seconds late.")
    everybody = [
        site.receiver_behind(door),
        *(site.worker(queue, threads) for queue, threads in THREADS.items()),
        *(site.timekeeper(f"timekeeper-{number}") for number in (1, 2)),
        site.queue_intake(),
        *([site.flower(wanted.flower_port, home.flower_login())] if wanted.flower_port else []),
    ]
    try:
        supervisor.start(*everybody, timeout=READY_WITHIN)
    except NotReady as error:
        say(f"Not all are ready: {error}. They are kept, and started again when they end.")
    else:
        say("All are ready. `escalation doctor` checks the rest; Ctrl-C ends all.")
    return [child.name for child in everybody]


def bind_address(text: str) -> str:
    """`8000`, `:8000`, `127.0.0.1:8000`, `[::1]:8000` -> host:port, loopback unless a host is named. Raises `BadInput`."""
    found = BIND.fullmatch(text)
    if not found or not 0 < int(found["port"]) < 65536:
        raise BadInput([f"--bind: {text!r} is not HOST:PORT"])
    return f"{found['host'] or '127.0.0.1'}:{found['port']}"


def listening(bind: str, option: str) -> socket.socket:
    """An open socket at host:port. Raises `CannotStart`, which names the option that chooses another address."""
    host, _, port = bind.rpartition(":")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotStart(f"{bind} cannot be listened on ({error.strerror}): choose another with {option}") from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One `up` per data folder; the kernel lets go of the lock when the process ends, however it ends. The file says whose it is."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(f"{folder} cannot be used ({error.strerror}): see ESCALATION_DATA_DIR") from None
    with os.fdopen(lock, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"another `escalation up` runs with {folder}") from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
