"""How our values lie in columns, on SQLite and PostgreSQL alike: moments, money, words, text, JSON shapes. A column of these types
takes and gives domain values, so the mapping has nothing left to convert. What it cannot make a value of raises `Unreadable`: a newer
release wrote it, or it is damaged. Not the tables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from escalation.errors import Unreadable

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only in a column called INTEGER
_NUL_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class JobState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    DONE = "done"


def clean(text: str) -> str:
    """What both databases can hold: PostgreSQL refuses NUL, both refuse lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class Words(TypeDecorator[str]):
    """Text from outside, freed of what a database refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class Moment(TypeDecorator[datetime]):
    """An aware datetime: `timestamptz` on PostgreSQL, on SQLite ISO text of fixed width in UTC (it sorts, people can read it)."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        plain: TypeEngine[Any] = postgresql.TIMESTAMP(timezone=True) if dialect.name == "postgresql" else String(32)
        return dialect.type_descriptor(plain)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return (value if isinstance(value, datetime) else read(datetime.fromisoformat, value)).astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact decimal as text: SQLite has no decimals, and carriers bill in fractions of a cent."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else read(Decimal, value)


class Word(TypeDecorator[E], Generic[E]):
    """One of an enumeration's values, as its text."""

    impl = String(32)
    cache_ok = True

    def __init__(self, enumeration: type[E]) -> None:
        super().__init__()
        self.enumeration = enumeration

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else self.enumeration(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else read(self.enumeration, value)


class Shape(TypeDecorator[T], Generic[T]):
    """A value of ours (dataclasses, tuples, sets, enums) as JSON text, read back by its type."""

    impl = Text
    cache_ok = True

    def __init__(self, adapter: TypeAdapter[T]) -> None:
        super().__init__()
        self.adapter = adapter

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return None if value is None else to_json(self.adapter.dump_python(value, mode="json"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        return None if value is None else read(self.adapter.validate_json, value)


class Details(TypeDecorator[dict[str, object]]):
    """Whatever JSON a sender attached. Not validated: what json can write, json can read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, object] | None:
        return None if value is None else cast("dict[str, object]", read(json.loads, value))


def read(make: Callable[[Any], T], value: object) -> T:
    """The value that `make` makes of what is stored. Neither the error nor its cause quotes it: it may be a number."""
    try:
        return make(value)
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise Unreadable("a stored value is of no kind that this release knows") from None


def to_json(value: object) -> str:
    """JSON text that both databases can hold; what is not JSON is written as its text."""
    text = json.dumps(dict(value) if isinstance(value, Mapping) else value, ensure_ascii=False, default=str)
    return clean(_NUL_ESCAPE.sub(r"\1", text))
