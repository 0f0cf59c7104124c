"""The schema's version: brings a database up to date, and says whether it is. Safe when several processes start at once: one
migrates, the others wait and find nothing to do. Not the tables (`tables`) and not the revisions (`migrations/versions`)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, make_url, select

from escalation.store.engines import make_engine, troubles

_LOCK = 0x0E5CA1A7  # any number that no other user of the same PostgreSQL server takes
_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Creates or updates the schema, the SQLite file and its folder with it. Raises `StoreUnavailable`; then nothing was changed."""
    with _file_lock(url), _connected(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # another process may be migrating for minutes
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        command.upgrade(_config(connection), "head")


def current(url: str) -> str | None:
    """The revision a database is at; None before the first. Raises `StoreUnavailable`."""
    if (file := _sqlite_file(url)) and not file.exists():
        return None  # connecting would create it, readable for everybody
    with _connected(url, reads=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(url: str) -> bool:
    """Whether a database has the schema that this code wants. Raises `StoreUnavailable`."""
    return current(url) == head()


def head() -> str | None:
    """The revision that this code wants."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()


@contextmanager
def _connected(url: str, *, reads: bool = False) -> Iterator[Connection]:
    engine = make_engine(url)
    try:
        with troubles(), engine.execution_options(reads=reads).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _file_lock(url: str) -> Iterator[None]:
    """On SQLite a lock file beside the database: switching a new file to WAL does not wait for others by itself. The database holds
    phone numbers and intake keys, so it is made for its owner only."""
    file = _sqlite_file(url)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(f"{file}.migrating", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        yield
    finally:
        os.close(lock)


def _sqlite_file(url: str) -> Path | None:
    parts = make_url(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None
