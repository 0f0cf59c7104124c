"""Where databases come from: a SQLite file, the PostgreSQL that ESCALATION_TEST_POSTGRES names, or one of our own from the machine's
binaries. Each use gets an empty database. Brokers are the embedded one or what ESCALATION_TEST_REDIS names (`stage`)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

from escalation.local.broker import free_port
from escalation.local.supervisor import Child, Supervisor
from tests.bench import machine

NOBODY = 65534  # PostgreSQL refuses to run as root
OWN = "own"


@contextmanager
def postgres(where: str) -> Iterator[str]:
    """The URL of a server where databases can be made, empty for SQLite; `own` starts one with PostgreSQL's own settings."""
    if where != OWN:
        yield where
        return
    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as name:
        folder, port = Path(name), free_port()
        url = f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"
        as_nobody: tuple[str, ...] = ()
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        initdb = (*as_nobody, "initdb", "-D", f"{folder}/data", "-U", "bench", "--auth=trust", "-E", "UTF8")
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL)
        server = ("postgres", "-D", f"{folder}/data", "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder))
        with Supervisor(folder / "log", grace=10) as supervisor:
            supervisor.start(Child("postgres", (*as_nobody, *server), os.environ, lambda: _answers(url)))
            yield url


@contextmanager
def database(server: str, name: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database; without a server a SQLite file."""
    if not server:
        yield f"sqlite:///{folder / name}.sqlite"
        return
    admin = _admin(server)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def backends(server: str, name: str) -> list[int]:
    """Process ids of the connections to one database."""
    admin = _admin(server)
    with admin.connect() as connection:
        found = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        pids = [row.pid for row in found]
    admin.dispose()
    return pids


def postmaster(server: str) -> int:
    """Process id of the server: the parent of the backend that answers this question, asked while it lives."""
    admin = _admin(server)
    with admin.connect() as connection:
        pid = machine.parent(int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))
    admin.dispose()
    return pid


def _admin(server: str) -> Engine:
    return create_engine(server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)  # it may have been killed meanwhile


def _answers(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect():
            return True
    except Exception:  # whatever its driver raises while it is not up
        return False
    finally:
        engine.dispose()
