"""The schema's version: brings a database up to date, and says whether this program can work with it as it is. Safe when several
processes start at once: one migrates, the others wait and find nothing to do. Not the tables (`tables`) and not the revisions
(`migrations/versions`). Whoever only looks does without Alembic: every process looks when it starts, and would carry it for good.

Rolling upgrades: each revision says which release it belongs to, and whether it expands the schema (the release before goes on working) or
contracts it. A program works with the newest schema it knows, and with that of the next release if all it does is expand; nothing else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, String, column, func, inspect, select, text

from escalation.errors import SchemaMismatch
from escalation.ports import Patience
from escalation.store.engines import make_engine, parsed, troubles
from escalation.store.tables import metadata, schema_revisions

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x0E5CA1A7  # any number that no other user of the same PostgreSQL server takes
SCRIPTS = Path(__file__).parent / "migrations"
EXPAND = "expand"


class Standing(Enum):
    """How a database's schema stands to this program."""

    NONE = auto()  # nobody has migrated it yet
    OLDER = auto()
    CURRENT = auto()
    AHEAD = auto()  # by one release that only expands
    BEYOND = auto()  # by more than this program can work with

    @property
    def is_usable(self) -> bool:
        return self in (Standing.CURRENT, Standing.AHEAD)


def migrate(url: str, scripts: Path = SCRIPTS, *, rolling: bool = False) -> None:
    """Creates or updates the schema, the SQLite file and its folder with it; one that is ahead stays as it is. `rolling`: only if the
    processes of the release before go on working with it. Raises `StoreUnavailable` or `SchemaMismatch`; then nothing was changed."""
    with _file_lock(url), _connected(url) as connection:
        if connection.dialect.name == "postgresql":
            _queue_up(connection)
        found = _standing(connection, scripts)
        if found is Standing.BEYOND:
            raise SchemaMismatch(_cure(found))
        if rolling and found is Standing.OLDER and not _fits_the_release_before(_pending(connection, scripts)):
            raise SchemaMismatch(
                "the processes that run could not go on beside this release: stop all, escalation migrate, start all"
            )
        if found is not Standing.AHEAD:
            _upgrade(connection, scripts)


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """One moment of a database, for as long as it takes to read it, while others write. Raises `SchemaMismatch` unless its schema is
    exactly ours: what a newer one has more would be left out."""
    with _connected(url, reads=True) as connection:
        if (found := _standing(connection, SCRIPTS)) is not Standing.CURRENT:
            raise SchemaMismatch(_cure(Standing.BEYOND if found is Standing.AHEAD else found))
        _unhurried(connection)
        yield connection


@contextmanager
def alone(url: str) -> Iterator[Connection]:
    """One transaction in which the schema may be taken down and built anew. Raises `SchemaMismatch` for one of a newer release."""
    with _file_lock(url), _connected(url) as connection:
        if connection.dialect.name == "postgresql":
            _queue_up(connection)
        if _standing(connection, SCRIPTS) in (Standing.AHEAD, Standing.BEYOND):
            raise SchemaMismatch(_cure(Standing.BEYOND))
        yield connection


def clear(connection: Connection) -> None:
    """Drops our tables, and no others."""
    there = set(inspect(connection).get_table_names())
    ours = MetaData()
    ours.reflect(connection, only=sorted(there & {*metadata.tables, "alembic_version"}))
    ours.drop_all(connection)


def bring_to(connection: Connection, revision: str) -> None:
    """Builds an empty database's tables as they were at that revision."""
    _upgrade(connection, SCRIPTS, revision)


def check(url: str, scripts: Path = SCRIPTS, patience: Patience = Patience.WORKER) -> None:
    """For processes that start: raises `SchemaMismatch`, which says what to run, for a database that this program cannot work with;
    `StoreUnavailable` when it is away."""
    found = standing(url, scripts, patience)
    if not found.is_usable:
        raise SchemaMismatch(_cure(found))


def standing(url: str, scripts: Path = SCRIPTS, patience: Patience = Patience.WORKER) -> Standing:
    """Raises `StoreUnavailable`."""
    if _is_absent(url):
        return Standing.NONE
    with _connected(url, reads=True, patience=patience) as connection:
        return _standing(connection, scripts)


def current(url: str) -> str | None:
    """The revision a database is at; None before the first. Raises `StoreUnavailable`."""
    if _is_absent(url):
        return None
    with _connected(url, reads=True) as connection:
        return _revision(connection)


def is_current(url: str) -> bool:
    """Whether this program can work with a database's schema. Raises `StoreUnavailable`."""
    return standing(url).is_usable


def head(scripts: Path = SCRIPTS) -> str | None:
    """The newest revision that this program knows."""
    return max(known(scripts), default=None)


def _standing(connection: Connection, scripts: Path) -> Standing:
    found, ours = _revision(connection), known(scripts)
    if found is None:
        return Standing.NONE
    if found in ours:
        return Standing.CURRENT if found == head(scripts) else Standing.OLDER
    further = select(schema_revisions.c.kind).where(schema_revisions.c.revision.not_in(ours))
    return Standing.AHEAD if _fits_the_release_before(connection.scalars(further).all()) else Standing.BEYOND


def _fits_the_release_before(kinds: Sequence[str]) -> bool:
    """`kinds` as they are noted: "expand 0.2.0". Of two releases the second may have ceased to write what ours still reads."""
    return len(set(kinds)) == 1 and kinds[0].startswith(f"{EXPAND} ")


def _revision(connection: Connection) -> str | None:
    """Where Alembic notes it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(select(column("version_num", String)).select_from(text("alembic_version")))


def known(scripts: Path = SCRIPTS) -> set[str]:
    """By their files' names, which begin with the revision; they are numbered in their order (a test compares with Alembic)."""
    return {file.name.partition("_")[0] for file in (scripts / "versions").glob("[0-9]*.py")}


def _cure(found: Standing) -> str:
    if found is Standing.BEYOND:
        return "the database was migrated for a newer release, which this one cannot work with: run the newer one here too"
    state = "was never prepared" if found is Standing.NONE else "has an older schema than this release needs"
    return f"the database {state}: escalation migrate"


def _queue_up(connection: Connection) -> None:
    """Another process may be migrating for minutes, so we wait for as long as it takes; but for tables in use only briefly, as
    whoever wants them next waits behind us, and that may be a key press."""
    _unhurried(connection)
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")


def _unhurried(connection: Connection) -> None:
    """Nobody waits for this transaction's end but whoever began it."""
    if connection.dialect.name == "postgresql":
        connection.connection.driver_connection.longest = None  # type: ignore[union-attr]  # ours (`postgresql`)
        for setting in ("lock_timeout = 0", "statement_timeout = 0", "idle_in_transaction_session_timeout = 0"):
            connection.exec_driver_sql(f"SET LOCAL {setting}")


@contextmanager
def _connected(url: str, *, reads: bool = False, patience: Patience = Patience.WORKER) -> Iterator[Connection]:
    engine = make_engine(url, patience)
    try:
        with troubles(), engine.execution_options(reads=reads).begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _pending(connection: Connection, scripts: Path) -> list[str]:
    """The kinds, with their release, of the revisions that the database has not seen yet."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    directory = ScriptDirectory.from_config(_config(scripts))
    return [
        f"{script.module.kind} {script.module.release}"
        for script in directory.iterate_revisions("head", _revision(connection) or "base")
    ]


def _upgrade(connection: Connection, scripts: Path, revision: str = "head") -> None:
    from alembic import command  # noqa: PLC0415  # 10 MB, for those who migrate

    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config(scripts: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
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


def _is_absent(url: str) -> bool:
    """A file that is not there: connecting would create it, readable for everybody."""
    file = _sqlite_file(url)
    return file is not None and not file.exists()


def _sqlite_file(url: str) -> Path | None:
    parts = parsed(url)
    return Path(parts.database) if parts.get_backend_name() == "sqlite" and parts.database else None
