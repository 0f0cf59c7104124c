"""Engines: one for each patience, and how a database's troubles are told apart. Not the settings of a connection (`sqlite`,
`postgresql`), not what is asked of the database."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Engine, create_engine, exc, make_url

from escalation.errors import BadSettings, StoreUnavailable
from escalation.ports import Patience
from escalation.store import sqlite
from escalation.store.turns import Turns

FAULTS = (exc.IntegrityError, exc.DataError, exc.ProgrammingError, exc.NotSupportedError)  # ours
IN_THE_WAY = ("40001", "40P01")  # serialisation failure, deadlock
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
POOLS = {
    Patience.CALLER: {"pool_size": 4, "max_overflow": 0},
    Patience.SENDER: {"pool_size": 4, "max_overflow": 0},  # as many as wait at once (`webhooks.guard`), and one
    Patience.WORKER: {"pool_size": 10, "max_overflow": 10},
}
NO_TABLE = "42P01"  # PostgreSQL calls it bad SQL; it is a database that nobody has migrated yet

log = logging.getLogger(__name__)


class Engines:
    """One URL's engines, one for each patience, made when first needed and again after a fork: connections must not be shared with a
    parent."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: dict[tuple[int, Patience], Engine] = {}
        self._lock = threading.Lock()
        self._one_writer = Turns() if parsed(url).get_backend_name() == "sqlite" else None

    def get(self, patience: Patience) -> Engine:
        key = (os.getpid(), patience)
        with self._lock:
            if key not in self._made:
                self._made[key] = make_engine(self._url, patience)
            return self._made[key]

    @contextmanager
    def turn(self, patience: Patience, until: float) -> Iterator[None]:
        """On SQLite, where only one can write, a process's threads wait for each other here (until that monotonic time), where the
        next is woken at once. In the database each would wait by looking again and again, each with a connection of its own."""
        if self._one_writer is None:
            yield
        elif self._one_writer.take(until, urgent=patience is Patience.CALLER):
            try:
                yield
            finally:
                self._one_writer.give_back()
        else:
            raise StoreUnavailable("the database is too busy")

    def dispose(self) -> None:
        """Closes this process's idle connections; the next use opens new ones."""
        with self._lock:
            for (pid, _), engine in self._made.items():
                engine.dispose(close=pid == os.getpid())
            self._made.clear()


def make_engine(url: str, patience: Patience = Patience.WORKER) -> Engine:
    """An engine with our settings, and its own pool."""
    at = parsed(url)
    usual: dict[str, Any] = {"hide_parameters": True, "pool_timeout": patience.value, **POOLS[patience]}
    if at.get_backend_name() == "sqlite":
        engine = create_engine(sqlite.existing(at), **usual)
        sqlite.settle(engine, patience.value)
        return engine
    from escalation.store import postgresql  # noqa: PLC0415  # its driver is 6 MB in each process, and of no use on SQLite

    engine = create_engine(at, pool_pre_ping=True, connect_args=postgresql.libpq(at, patience.value), **usual)
    postgresql.settle(engine, patience.value)
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
        raise StoreUnavailable(f"the database is away or too busy ({kind})", passes=_passes(error)) from None


def _passes(error: Exception) -> bool:
    """Ended for the sake of another transaction, or on a connection that had died meanwhile. A server that said nothing is neither."""
    if not isinstance(error, exc.DBAPIError) or getattr(error.orig, "says_nothing", False):
        return False
    return error.connection_invalidated or _code(error) in IN_THE_WAY


def _code(error: Exception) -> str:
    origin = error.orig if isinstance(error, exc.DBAPIError) else None
    code = getattr(origin, "sqlite_errorname", "") or getattr(origin, "sqlstate", "")
    return code or type(error).__name__
