"""Connections to SQLite: their settings, and how a writer waits for its turn. Not the dialect, which is SQLAlchemy's."""

from __future__ import annotations

import sqlite3
from time import monotonic
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event


def existing(url: URL) -> URL:
    """The same file, which has to be there (`schema.migrate` makes it). One that was moved away under running processes would else be made
    anew, empty, beside what is left of the old one."""
    if not url.database:
        return url
    return url.set(database=f"file:{quote(url.database)}").update_query_dict({"mode": "rw", "uri": "true"})


def settle(engine: Engine, patience: float) -> None:
    """Gives each new connection of the engine our settings. `patience` in seconds."""
    usual = f"busy_timeout={int(patience * 1000)}"

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we begin ourselves: the driver's implicit BEGIN loses updates silently
        for pragma in (usual, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that starts by reading and writes later can meet SQLITE_BUSY that no time-out heals; so writers queue up first.
        options = connection.get_execution_options()
        if options.get("reads"):
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection, options.get("until", monotonic() + patience), usual)


def _begin_writing(connection: Connection, until: float, usual: str) -> None:
    """While another process writes, SQLite would sleep longer from time to time, up to 100 ms, most of them after the other one was
    done; so we look again every millisecond."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA busy_timeout=1")
    try:
        while _another_writes(raw) and monotonic() < until:
            pass
        if not raw.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the last time, and its error in SQLAlchemy's words
    finally:
        raw.execute(f"PRAGMA {usual}")


def _another_writes(raw: sqlite3.Connection) -> bool:
    """Begins, unless another one is at work."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return False
