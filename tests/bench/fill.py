"""Many rows fast: one real incident, made by the program's own code, multiplied by the database itself with all that hangs on it. The
copies differ in id, dedup key, task names and moments, so what reads them cannot tell. Not which incident (`stories`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, Table, create_engine, event

from escalation.store.tables import alerts, attempts, entries, inbox, incidents, outbox, pages, timers
from escalation.store.types import Moment

AT_ONCE, MOST_CHANGED = 2_000, 10_000  # incidents in one transaction: others write in between
HANGING = (pages, attempts, timers, entries, alerts)
# `i` counts the copies from 1 on, in every expression below.
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


@contextmanager
def filling(url: str) -> Iterator[Engine]:
    """An engine for rows that nobody would miss after a power cut."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    yield engine
    engine.dispose()


def settle(engine: Engine) -> None:
    """What a database does by itself within a minute or two: afterwards it is as if the rows had come slowly."""
    words = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "PRAGMA wal_checkpoint(PASSIVE)"
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(words)


def multiply(engine: Engine, template: int, count: int, later: str = "0", *, commands: bool = True, identities: int = 0) -> int:
    """So many copies of an incident, all its moments `later` by an SQL expression in seconds; each with so many rows of the inbox.
    Returns the first copy's id; the others follow it."""
    with engine.begin() as connection:
        base = _reserve(connection, count)
    for first in range(1, count + 1, AT_ONCE):
        numbers = NUMBERS.format(first=first, last=min(first + AT_ONCE - 1, count))
        with engine.begin() as connection:
            _copy(connection, incidents, numbers, "t.id", template, _renamed(template, base, later))
            for table in (*HANGING, *((outbox,) if commands else ())):
                _copy(connection, table, numbers, "t.incident_id", template, _renamed(template, base, later))
            if identities:
                _identify(connection, numbers, template, identities, later)
    return base + 1


def postpone(engine: Engine, first: int, count: int, later: str) -> None:
    """The timers of these incidents become due so many seconds (SQL) from now; `i` is 1 in the first of them."""
    now = "now()" if engine.dialect.name == "postgresql" else "'now'"
    due = _later(engine.dialect.name, now, re.sub(r"\bi\b", f"(incident_id - {first - 1})", later))
    _each(engine, "UPDATE timers SET due_at = {due} WHERE incident_id BETWEEN {first} AND {last}", first, count, due=due)


def close(engine: Engine, first: int, count: int) -> None:
    """Nobody will hear of these incidents again."""
    _each(engine, "DELETE FROM timers WHERE incident_id BETWEEN {first} AND {last}", first, count)
    _each(engine, "UPDATE incidents SET status = 'resolved' WHERE id BETWEEN {first} AND {last}", first, count)


def _each(engine: Engine, statement: str, first: int, count: int, **values: str) -> None:
    for begin in range(first, first + count, MOST_CHANGED):
        last = min(begin + MOST_CHANGED, first + count) - 1
        with engine.begin() as connection:
            connection.exec_driver_sql(statement.format(first=begin, last=last, **values))


Values = Mapping[str, str]  # SQL by column


def _renamed(template: int, base: int, later: str) -> Values:
    """What a copy has of its own, by column; `later` stands for every moment."""
    own = f"replace(t.{{}}, 'INC-{template}', 'INC-' || ({base} + i))"
    return {
        "id": f"{base} + i",
        "incident_id": f"{base} + i",
        "dedup_key": f"t.dedup_key || '-' || ({base} + i)",
        **{name: own.format(name) for name in ("task_id", "parent_id", "label")},
        "later": later,
    }


def _copy(connection: Connection, table: Table, numbers: str, key: str, template: int, own: Values) -> None:
    columns = [c for c in table.columns if table is incidents or not _is_numbered(c)]
    values = ", ".join(_value(connection.dialect.name, column, own) for column in columns)
    names = ", ".join(f'"{column.name}"' for column in columns)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) {numbers} SELECT {values} FROM n, {table.name} t WHERE {key} = {template}"
    )


def _value(dialect: str, column: Column[object], own: Values) -> str:
    if isinstance(column.type, Moment):
        return _later(dialect, f't."{column.name}"', own["later"])
    return own.get(column.name, f't."{column.name}"')


def _is_numbered(column: Column[object]) -> bool:
    return column.primary_key and column.autoincrement is True


def _identify(connection: Connection, numbers: str, template: int, identities: int, later: str) -> None:
    """As those of callbacks: random, as a carrier's names are."""
    postgres = connection.dialect.name == "postgresql"
    name = "gen_random_uuid()::text" if postgres else "lower(hex(randomblob(16)))"
    seen = _later(connection.dialect.name, "t.opened_at", later)
    connection.exec_driver_sql(
        f"INSERT INTO {inbox.name} (identity, seen_at) {numbers}, m(j) AS (SELECT 1 UNION ALL SELECT j + 1 FROM m WHERE j < {identities})"
        f" SELECT 'call:' || {name}, {seen} FROM n, m, incidents t WHERE t.id = {template}"
    )


def _later(dialect: str, moment: str, seconds: str) -> str:
    if dialect == "postgresql":
        return f"{moment} + ({seconds}) * interval '1 second'"
    shift = f"printf('%+.3f seconds', {seconds})"
    return f"strftime('%Y-%m-%dT%H:%M:%f', {moment}, {shift}) || '000+00:00'"


def _reserve(connection: Connection, count: int) -> int:
    """The number before the first of so many new ones."""
    base: int = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM incidents").scalar_one()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('incidents', 'id'), {base + count})")
    return base


def _hurry(connection: object, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-262144", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]
