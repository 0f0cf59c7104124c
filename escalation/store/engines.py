"""Engines: how we connect to SQLite and PostgreSQL, with what patience, and how a database's troubles are told apart. Not what is
asked of the database."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection

from escalation.errors import BadSettings, StoreUnavailable

PATIENCE = 10  # seconds for a lock or a free connection
IMPATIENCE = 1  # the same for callbacks: a carrier waits on the line
FAULTS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)  # ours
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
NO_TABLE = "42P01"  # PostgreSQL calls it bad SQL; it is a database that nobody has migrated yet

log = logging.getLogger(__name__)


class Engines:
    """The patient and the impatient engine of one URL, made when first needed and again after a fork: connections must not be
    shared with a parent."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: dict[tuple[int, bool], Engine] = {}
        self._lock = threading.Lock()
        self._one_writer = threading.Lock() if parsed(url).get_backend_name() == "sqlite" else None

    def get(self, *, impatient: bool) -> Engine:
        key = (os.getpid(), impatient)
        with self._lock:
            if key not in self._made:
                self._made[key] = make_engine(self._url, impatient=impatient)
            return self._made[key]

    @contextmanager
    def turn(self, *, impatient: bool) -> Iterator[None]:
        """On SQLite, where only one can write, a process's threads wait for each other here, where the next is woken at once. In the
        database each would wait by looking again and again, each with a connection of its own."""
        if self._one_writer is None:
            yield
        elif self._one_writer.acquire(timeout=_patience(impatient=impatient)):
            try:
                yield
            finally:
                self._one_writer.release()
        else:
            raise StoreUnavailable("the database is too busy")

    def dispose(self) -> None:
        """Closes this process's idle connections; the next use opens new ones."""
        with self._lock:
            for (pid, _), engine in self._made.items():
                engine.dispose(close=pid == os.getpid())
            self._made.clear()


def make_engine(url: str, *, impatient: bool = False) -> Engine:
    """An engine with our settings. Its own small pool when `impatient`: a storm of alerts must not keep a key press waiting."""
    patience = _patience(impatient=impatient)
    size = {"pool_size": 4, "max_overflow": 0} if impatient else {"pool_size": 10, "max_overflow": 10}
    at = parsed(url)
    extra: dict[str, Any] = {}
    if at.get_backend_name() == "postgresql":
        extra = {"pool_pre_ping": True, "connect_args": _libpq(at, patience)}
    engine = create_engine(at, hide_parameters=True, pool_timeout=patience, **size, **extra)
    if engine.dialect.name == "sqlite":
        _on_sqlite(engine, patience)
    else:
        _on_postgresql(engine, patience)
    return engine


def parsed(url: str) -> URL:
    """The URL with its driver; raises `BadSettings`, without its words: there is a password in it."""
    try:
        found = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise BadSettings(["ESCALATION_DATABASE_URL: not a URL like postgresql://user:password@host/database"]) from None
    if found.drivername not in {*DRIVERS, *DRIVERS.values()}:
        raise BadSettings([f"ESCALATION_DATABASE_URL: {found.drivername} is not supported, only sqlite and postgresql are"])
    return found.set(drivername=DRIVERS.get(found.drivername, found.drivername))


def _libpq(url: URL, patience: int) -> dict[str, object]:
    """How long the network may be silent. What the URL says itself stays."""
    ours = {
        "connect_timeout": max(patience // 2, 2),  # libpq takes 1 for 2
        "tcp_user_timeout": max(patience, 2)
        * 1000,  # a host that vanished: the kernel would go on trying for a quarter of an hour
        "keepalives_idle": 10,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "application_name": "escalation",
    }
    return {name: value for name, value in ours.items() if name not in url.query}


def _patience(*, impatient: bool) -> int:
    return IMPATIENCE if impatient else PATIENCE


@contextmanager
def troubles() -> Iterator[None]:
    """Turns a database that is away, too busy or in our way into `StoreUnavailable`, without its words: PostgreSQL's details quote
    rows. Faults of ours (a broken constraint, bad SQL) pass through."""
    try:
        yield
    except (exc.DatabaseError, exc.InterfaceError, exc.TimeoutError) as error:
        kind = _code(error)
        if isinstance(error, FAULTS) and kind != NO_TABLE:
            raise
        log.warning("database: %s", kind)
        raise StoreUnavailable(f"the database is away or too busy ({kind})") from None


def _code(error: Exception) -> str:
    origin = error.orig if isinstance(error, exc.DBAPIError) else None
    code = getattr(origin, "sqlite_errorname", "") or getattr(origin, "sqlstate", "")
    return code or type(error).__name__


def _on_sqlite(engine: Engine, patience: int) -> None:
    @event.listens_for(engine, "connect")
    def settle(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we begin ourselves: the driver's implicit BEGIN loses updates silently
        for pragma in (f"busy_timeout={patience * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that starts by reading and writes later can meet SQLITE_BUSY that no time-out heals; so writers queue up first.
        if connection.get_execution_options().get("reads"):
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection, patience)


def _begin_writing(connection: Connection, patience: int) -> None:
    """While another process writes, SQLite would sleep longer from time to time, up to 100 ms, most of them after the other one was
    done; so we look again every millisecond."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    until = monotonic() + patience
    raw.execute("PRAGMA busy_timeout=1")
    try:
        while _another_writes(raw) and monotonic() < until:
            pass
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last time, and its error in SQLAlchemy's words
    finally:
        raw.execute(f"PRAGMA busy_timeout={patience * 1000}")


def _another_writes(raw: sqlite3.Connection) -> bool:
    """Begins, unless another one is at work."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return False


def _on_postgresql(engine: Engine, patience: int) -> None:
    settings = {
        "lock_timeout": f"{patience}s",
        "statement_timeout": f"{patience * 2}s",
        # A process that was frozen in mid-transaction would keep an incident locked, and every key press out, until it thaws.
        "idle_in_transaction_session_timeout": f"{PATIENCE}s",
        "timezone": "UTC",
    }

    @event.listens_for(engine, "connect")
    def settle(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
        cursor.close()
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reads"):  # one picture for several queries, as on SQLite
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    @event.listens_for(engine, "handle_error")
    def redact(context: ExceptionContext) -> None:
        # The DETAIL line quotes the row: a phone number would be in every log that prints the exception.
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:]) if error.args else ()
