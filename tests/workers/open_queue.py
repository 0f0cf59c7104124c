"""What the open queue's tests share: an office whose database can be away, messages as foreign producers write them, and what became
of them. Not a broker: each of those tests has a real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from escalation.engine import Engine
from escalation.errors import StoreUnavailable
from escalation.ports import Patience, Transaction
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.builders import KEY
from tests.fakes import FakeNudge
from tests.office import Office
from workers.queue_batch import Source
from workers.queue_intake import Desk, Intake


def body(dedup_key: str = "db-1", **values: object) -> bytes:
    """As a producer in another language would write it."""
    sent = {"key": KEY, "action": "trigger", "dedup_key": dedup_key, "summary": f"{dedup_key} is down", **values}
    return json.dumps({k: v for k, v in sent.items() if v is not None}).encode()


class Flaky:
    """A store that can be told to be away from its nth transaction on, until it is told to be back."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.away_after: int | None = None

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[Transaction]:
        if (left := self.away_after) is not None:
            if left <= 0:
                raise StoreUnavailable("away")
            self.away_after = left - 1
        with self._store.transaction(patience=patience) as tx:
            yield tx


class Place:
    """One site's database, and intakes that take into it."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(f"sqlite:///{folder / 'queue.sqlite'}")
        self.store = Flaky(self.office.store)
        self.engine = Engine(self.store, FakeNudge())
        self.queries = Queries(self.office.store)

    def desk(self) -> Desk:
        return Desk(self.engine, self.store, self.office.clock.now)

    def intake(self, source: Source, stopped: Event | None = None) -> Intake:
        return Intake(self.desk(), self.store, lambda: source, stopped or Event())

    def drain(self, source: Source) -> None:
        """Takes until nothing waits."""
        desk = self.desk()
        while batch := source.take(0.05):
            work = desk.read(batch)
            desk.settle(work)
            source.done(batch, work.rejected)

    def opened(self) -> list[str]:
        """Summaries, in the order in which incidents were opened."""
        return [row.summary for row in sorted(self.queries.incidents(open_only=False, limit=10_000), key=lambda row: row.id)]

    def received(self) -> dict[str, int]:
        """How often each trouble was reported."""
        return {row.summary: row.repeats + 1 for row in self.queries.incidents(open_only=False, limit=10_000)}

    def close(self) -> None:
        self.office.store.dispose()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()
