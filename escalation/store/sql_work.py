"""What the parts of a transaction share: its connection, its one clock, and the insert that knows ON CONFLICT in both dialects.
Not a transaction yet (`sql`). Statements that a page needs are made once and given their values when they run: to make one
costs two to four times what running it does (docs/performance.md)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from escalation.ports import Clock
from escalation.store.aside import Aside
from escalation.store.tables import counters
from escalation.store.types import Moment

Insert = postgresql.Insert | sqlite.Insert

_DATABASE_CLOCK = {
    "postgresql": select(func.clock_timestamp(type_=Moment)),
    "sqlite": select(func.strftime("%Y-%m-%dT%H:%M:%fZ", "now", type_=Moment)),
}


@cache
def inserting(dialect: str, table: Table) -> Insert:
    """Both dialects spell ON CONFLICT alike; SQLAlchemy keeps them apart."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def overwriting(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    """Inserts rows of these columns, or overwrites those that are there."""
    new, keys = inserting(dialect, table), [column.name for column in table.primary_key]
    rest = {name: new.excluded[name] for name in columns if name not in keys}
    return new.on_conflict_do_update(index_elements=keys, set_=rest)


class Work:
    """One connection inside a transaction."""

    def __init__(self, connection: Connection, clock: Clock | None, aside: Aside) -> None:
        self.connection = connection
        self._clock = clock
        self._aside = aside
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's clock (or the one handed in), read once per transaction."""
        if self._now is None:
            self._now = self._clock.now() if self._clock else self._database_now()
        return self._now

    def _database_now(self) -> datetime:
        now: datetime = self.connection.execute(_DATABASE_CLOCK[self.dialect]).scalar_one()
        return now

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def insert(self, table: Table) -> Insert:
        return inserting(self.dialect, table)

    def wait_for(self, *named: str) -> None:
        """Of several transactions that name the same one goes on, the others when it has ended. On SQLite one writes at a time anyway."""
        if self.dialect == "postgresql":
            digest = hashlib.sha256("\n".join(named).encode("utf-8", "replace")).digest()
            number = int.from_bytes(digest[:8], "big", signed=True)
            self.connection.execute(select(func.pg_advisory_xact_lock(number | 1 << 62)))

    def take_turn(self, name: str) -> int:
        new = self.insert(counters).values(name=name, count=1)
        more = new.on_conflict_do_update(index_elements=["name"], set_={"count": counters.c.count + 1})
        return int(self.connection.execute(more.returning(counters.c.count)).scalar_one())

    def bump(self, counter: str, by: int = 1) -> None:
        if not by:
            return
        new = self.insert(counters).values(name=counter, count=by)
        more = {"count": counters.c.count + by}
        self.connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=more))

    def _put_aside(self, table: str, id: int) -> None:
        """Counted once, then left alone for a while (`aside`)."""
        if self._aside.put(table, id, self.now):
            self.bump("unreadable_row")
