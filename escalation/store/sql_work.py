"""What the parts of a transaction share: its connection, its one clock, and the insert that knows ON CONFLICT in both dialects.
Not a transaction yet (`sql`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from escalation.ports import Clock
from escalation.store.types import Moment

_DATABASE_CLOCK = {
    "postgresql": func.clock_timestamp(type_=Moment),
    "sqlite": func.strftime("%Y-%m-%dT%H:%M:%fZ", "now", type_=Moment),
}


class Work:
    """One connection inside a transaction."""

    def __init__(self, connection: Connection, clock: Clock | None) -> None:
        self.connection = connection
        self._clock = clock
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's clock (or the one handed in), read once per transaction."""
        if self._now is None:
            self._now = self._clock.now() if self._clock else self._database_now()
        return self._now

    def _database_now(self) -> datetime:
        now: datetime = self.connection.execute(select(_DATABASE_CLOCK[self.connection.dialect.name])).scalar_one()
        return now

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """Both dialects spell ON CONFLICT alike; SQLAlchemy keeps them apart."""
        return postgresql.insert(table) if self.connection.dialect.name == "postgresql" else sqlite.insert(table)
