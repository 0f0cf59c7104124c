"""Stores to hold to their contract, on SQLite and on PostgreSQL. Each test gets an empty, migrated database and a clock that it moves
itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from escalation.ports import Transaction
from escalation.store import schema
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.builders import NIGHT


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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the newest schema."""
    if request.param == "postgresql":
        migrated: str = request.getfixturevalue("postgres_url")
        return migrated
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "escalation.sqlite")
    return f"sqlite:///{tmp_path}/escalation.sqlite"


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
