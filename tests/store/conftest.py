"""Stores to hold to their contract: SQLite always, PostgreSQL too where ESCALATION_TEST_POSTGRES names a server (an URL whose user may
create databases). Each test gets an empty, migrated database and a clock that it moves itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from escalation.ports import Transaction
from escalation.store import schema
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.tables import metadata
from tests.builders import NIGHT

POSTGRES = os.environ.get("ESCALATION_TEST_POSTGRES", "")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = NIGHT) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def after(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "empty.sqlite"
    schema.migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_database(postgres_url: str) -> Iterator[str]:
    """A database of this test process's own."""
    name = f"escalation_test_{WORKER}_{os.getpid()}"
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    schema.migrate(url)
    yield url
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the newest schema."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "escalation.sqlite")
        return f"sqlite:///{tmp_path}/escalation.sqlite"
    url: str = request.getfixturevalue("postgres_database")
    engine = create_engine(url)
    with engine.begin() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
    return url


@pytest.fixture
def store(url: str, clock: HandClock) -> Iterator[SqlStore]:
    store = SqlStore(url, clock)
    yield store
    store.dispose()


@pytest.fixture
def tx(store: SqlStore) -> Iterator[Transaction]:
    """One transaction for tests whose promise is not about several."""
    with store.transaction() as tx:
        yield tx


@pytest.fixture
def queries(store: SqlStore) -> Queries:
    return Queries(store)
