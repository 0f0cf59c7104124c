"""Engines: how we connect to SQLite and PostgreSQL, with what patience, and how a database's troubles are told apart. Not what is
asked of the database."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection

from escalation.errors import StoreUnavailable

PATIENCE = 10  # seconds for a lock or a free connection
IMPATIENCE = 1  # the same for callbacks: a carrier waits on the line
FAULTS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)  # ours
NO_TABLE = "42P01"  # PostgreSQL calls it bad SQL; it is a database that nobody has migrated yet

log = logging.getLogger(__name__)


class Engines:
    """The patient and the impatient engine of one URL, made when first needed and again after a fork: connections must not be
    shared with a parent."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: dict[tuple[int, bool], Engine] = {}
        self._lock = threading.Lock()

    def get(self, *, impatient: bool) -> Engine:
        key = (os.getpid(), impatient)
        with self._lock:
            if key not in self._made:
                self._made[key] = make_engine(self._url, impatient=impatient)
            return self._made[key]

    def dispose(self) -> None:
        """Closes this process's idle connections; the next use opens new ones."""
        with self._lock:
            for (pid, _), engine in self._made.items():
                engine.dispose(close=pid == os.getpid())
            self._made.clear()


def make_engine(url: str, *, impatient: bool = False) -> Engine:
    """An engine with our settings. Its own small pool when `impatient`: a storm of alerts must not keep a key press waiting."""
    patience = IMPATIENCE if impatient else PATIENCE
    size = {"pool_size": 4, "max_overflow": 0} if impatient else {"pool_size": 10, "max_overflow": 10}
    extra: dict[str, Any] = {}
    if make_url(url).get_backend_name() == "postgresql":
        extra = {"pool_pre_ping": True, "connect_args": {"connect_timeout": max(patience // 2, 2)}}
    engine = create_engine(url, hide_parameters=True, pool_timeout=patience, **size, **extra)
    if engine.dialect.name == "sqlite":
        _on_sqlite(engine, patience)
    else:
        _on_postgresql(engine, patience)
    return engine


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
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reads") else "BEGIN IMMEDIATE")


def _on_postgresql(engine: Engine, patience: int) -> None:
    @event.listens_for(engine, "connect")
    def settle(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = '{patience}s'")
        cursor.execute("SET TIME ZONE 'UTC'")
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
