"""All rows of a site as plain values, out of one database and into another, SQLite or PostgreSQL: consistent while the site runs, and
readable by later releases. Not the file they lie in (`local.backup`), and not what a restored incident does next (the machine).

Values leave as text, numbers and ISO moments, tables in the order in which they may be filled. They come back into a schema of the
revision they left, which is then brought up to date; all of it in one transaction: nobody sees half a site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, MetaData, Table, cast, func, inspect, select, text, update
from sqlalchemy.dialects.postgresql import REGCLASS

from escalation.errors import BadInput, EscalationError, SchemaMismatch
from escalation.ports import Clock
from escalation.store import schema
from escalation.store.aside import Aside
from escalation.store.engines import FAULTS
from escalation.store.sql import SqlTransaction
from escalation.store.tables import UNDONE, heartbeats, held, incidents, metadata, outbox, schema_revisions, sites
from escalation.store.types import JobState

FORMAT = "escalation backup 1"
BATCH = 500
# Numbers that the lost site gave after the backup were spoken on phones and stand in links: nobody else may get them.
SKIPPED = 1000
ALIVE = timedelta(seconds=30)  # a process heard within this time runs
TABLES = [table.name for table in metadata.sorted_tables if table not in (schema_revisions, heartbeats, held)]

Line = Mapping[str, Any] | list[Any]
Then = Callable[[SqlTransaction, datetime], None]


class NotEmpty(EscalationError):
    """Raised instead of replacing a site, or one that runs; says what to do."""


def dump(url: str, clock: Clock | None = None) -> Iterator[Line]:
    """A header, then for each table its name and columns and its rows, then how many rows there were: without that line it was cut
    short. Raises `StoreUnavailable`, `SchemaMismatch`."""
    with schema.snapshot(url) as connection:
        taken_at = SqlTransaction(connection, clock, Aside(), {}).now
        yield {"format": FORMAT, "revision": schema.head(), "taken_at": taken_at.isoformat(), "from": connection.dialect.name}
        count = 0
        for name in TABLES:
            table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
            yield {"table": name, "columns": table.columns.keys(), "last": _last_number(connection, name)}
            rows = connection.execution_options(stream_results=True, yield_per=BATCH).execute(select(table))
            for row in rows:
                count += 1
                yield [_plain(value) for value in row]
        yield {"rows": count}


def load(url: str, lines: Iterable[Line], then: Then, *, force: bool = False, clock: Clock | None = None) -> datetime:
    """Makes the database that of a dump, taken at the moment returned, and holds it; `then` may change it before anybody sees it. Raises
    `NotEmpty`, `SchemaMismatch`, `BadInput`, `StoreUnavailable`; then nothing was changed."""
    lines = iter(lines)
    header = next(lines, None)
    if not isinstance(header, Mapping) or header.get("format") != FORMAT:
        raise BadInput(["this is no backup of ours"])
    if header["revision"] not in schema.known():
        raise SchemaMismatch("the backup was taken by a newer release: restore it with that one")
    taken_at = datetime.fromisoformat(header["taken_at"])
    with schema.alone(url) as connection:
        tx = SqlTransaction(connection, clock, Aside(), {})
        _may_be_replaced(tx, force=force)
        schema.clear(connection)
        schema.bring_to(connection, header["revision"])
        filling = _Filling(connection)
        for line in lines:
            filling.take(line)
        if not filling.is_whole:
            raise _spoiled()
        schema.bring_to(connection, "head")
        _skip_numbers(connection, filling.lasts)
        _let_rest(tx, taken_at)
        then(tx, taken_at)
    return taken_at


def _may_be_replaced(tx: SqlTransaction, *, force: bool) -> None:
    """A site that runs is never replaced under its processes."""
    there = inspect(tx.connection).get_table_names()
    beats = tx.connection.scalars(select(heartbeats.c.at)).all() if heartbeats.name in there else []
    if any(tx.now - at < ALIVE for at in beats):
        raise NotEmpty("a site runs on this database: stop it, wait half a minute, then restore")
    filled = [t.name for t in (incidents, sites) if t.name in there and tx.connection.execute(select(t.c[0]).limit(1)).first()]
    if filled and not force:
        raise NotEmpty("the database is not empty: --force replaces everything in it")


class _Filling:
    """The schema while it is filled, line by line. `lasts` are the highest numbers that the tables ever gave; `is_whole` is True when the
    last line was the one that counts the others."""

    def __init__(self, connection: Connection) -> None:
        self.lasts: dict[str, int] = {}
        self.is_whole = False
        self._connection = connection
        self._there = set(inspect(connection).get_table_names())
        self._table: Table | None = None
        self._columns: list[str] = []
        self._moments: list[bool] = []
        self._rows: list[dict[str, Any]] = []
        self._count = 0

    def take(self, line: Line) -> None:
        """Raises `BadInput` for one that does not fit."""
        self.is_whole = False
        match line:
            case list() if self._table is not None and len(line) == len(self._columns):
                self._add(line)
            case {"table": str(name), "columns": list(columns), "last": int(last)} if name in self._there:
                self._flush()
                self._begin(name, columns)
                self.lasts[name] = last
            case {"rows": int(rows)}:
                self._flush()
                self.is_whole = rows == self._count
            case _:
                raise _spoiled()

    def _begin(self, name: str, columns: list[str]) -> None:
        self._table = Table(name, MetaData(), autoload_with=self._connection, resolve_fks=False)
        if set(columns) != set(self._table.columns.keys()):
            raise _spoiled()
        self._columns = columns
        self._moments = [isinstance(self._table.columns[column].type, DateTime) for column in columns]

    def _add(self, values: list[Any]) -> None:
        read = [datetime.fromisoformat(v) if moment and v else v for v, moment in zip(values, self._moments, strict=True)]
        self._rows.append(dict(zip(self._columns, read, strict=True)))
        self._count += 1
        if len(self._rows) == BATCH:
            self._flush()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        try:
            if rows and self._table is not None:
                self._connection.execute(self._table.insert(), rows)
        except FAULTS:  # its text may quote a row
            raise _spoiled() from None


def _spoiled() -> BadInput:
    return BadInput(["the backup is cut short, or not as it was written"])


def _let_rest(tx: SqlTransaction, taken_at: datetime) -> None:
    """What waited in the old outbox is not sent: the old site may have sent it after the backup."""
    settled = {"state": JobState.DONE, "holder": "", "lease_until": None}
    tx.connection.execute(update(outbox).where(UNDONE).values(settled))
    tx.hold(f"restored from the backup of {taken_at:%Y-%m-%d %H:%M} UTC")


def _last_number(connection: Connection, name: str) -> int:
    column = metadata.tables[name].autoincrement_column
    if column is None:
        return 0
    if connection.dialect.name == "postgresql":
        return int(connection.scalar(select(func.pg_sequence_last_value(_sequence(name, column.name)))) or 0)
    return int(connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}) or 0)


def _skip_numbers(connection: Connection, lasts: Mapping[str, int]) -> None:
    for name, table in metadata.tables.items():
        if (column := table.autoincrement_column) is None:
            continue
        highest = connection.scalar(select(func.max(column))) or 0
        number = {"number": max(highest, lasts.get(name, 0)) + SKIPPED, "name": name}
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.setval(_sequence(name, column.name), number["number"])))
        else:
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), number)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), number)


def _sequence(table: str, column: str) -> ColumnElement[Any]:
    return cast(func.pg_get_serial_sequence(table, column), REGCLASS)


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
