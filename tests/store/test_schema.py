"""Migrations: safe when everybody starts at once, and the same as the tables that the code asks."""

from __future__ import annotations

import fcntl
import multiprocessing
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from escalation.errors import StoreUnavailable
from escalation.store import schema
from escalation.store.engines import make_engine
from escalation.store.sql import SqlStore
from escalation.store.tables import metadata
from tests.store.nights import opened


@pytest.fixture
def bare_url(url: str, tmp_path: Path) -> Iterator[str]:
    """A database without any schema: a file that does not exist yet, or an empty PostgreSQL database."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/new folder/bare.sqlite"
        return
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    bare = make_url(url).set(database=f"{make_url(url).database}_bare")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {bare.database}"))
    yield bare.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {bare.database} WITH (FORCE)"))
    admin.dispose()


def test_a_bare_database_becomes_current(bare_url: str) -> None:
    """Nothing there, then everything; again changes nothing; and the store works on it."""
    assert schema.current(bare_url) is None
    assert not schema.is_current(bare_url)
    for _ in range(2):
        schema.migrate(bare_url)
        assert schema.current(bare_url) == schema.head()
        assert schema.is_current(bare_url)
    store = SqlStore(bare_url)
    with store.transaction() as tx:
        assert opened(tx).id == 1
    store.dispose()


def test_four_processes_may_migrate_at_once(bare_url: str) -> None:
    """Receiver, workers and timekeeper start together; each migrates, none fails."""
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=schema.migrate, args=(bare_url,)) for _ in range(4)]
    for process in starters:
        process.start()
    for process in starters:
        process.join(60)
    assert [process.exitcode for process in starters] == [0, 0, 0, 0]
    assert schema.is_current(bare_url)


def test_one_who_comes_second_waits_for_the_first(tmp_path: Path) -> None:
    """Whoever holds the lock beside the file migrates; the next begins when it is done."""
    file = tmp_path / "escalation.sqlite"
    with ThreadPoolExecutor(1) as pool, Path(f"{file}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = pool.submit(schema.migrate, f"sqlite:///{file}")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        assert not file.exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        second.result(timeout=30)
    assert schema.is_current(f"sqlite:///{file}")


def test_migrations_and_tables_agree(url: str) -> None:
    """Alembic finds no difference between what the revisions built and what the code asks."""
    engine = make_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Phone numbers and intake keys are in it; its write-ahead log takes over the same rights."""
    file = tmp_path / "escalation.sqlite"
    schema.migrate(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_asking_for_the_version_creates_nothing(tmp_path: Path) -> None:
    """A health check must not leave an empty database behind."""
    assert schema.current(f"sqlite:///{tmp_path}/none.sqlite") is None
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_migrated_says_so(tmp_path: Path) -> None:
    """What is not a database is not overwritten."""
    file = tmp_path / "notes.sqlite"
    file.write_text("these are my notes, not a database, and they are longer than a header")
    with pytest.raises(StoreUnavailable):
        schema.migrate(f"sqlite:///{file}")
    assert file.read_text().startswith("these are my notes")
