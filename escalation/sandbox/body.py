"""Reads the body of an API request, JSON or form, and finds fault with it in Plivo's words. It knows no resource."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from flask import request

from escalation.sandbox.account import digits_of
from escalation.sandbox.calls import Target


class BadRequest(ValueError):
    """Answered as a 400 with its text."""


class Body:
    """Values arrive as JSON of any type or as form text; they are handed out as what was asked for."""

    def __init__(self) -> None:
        found = request.get_json(silent=True)
        self._values: dict[str, Any] = found if isinstance(found, dict) else request.values.to_dict()

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return default if value is None else str(value).strip()

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise BadRequest(f"{name} parameter is missing")
        return text

    def number(self, name: str, default: float, low: float, high: float) -> float:
        text = self.text(name)
        if not text:
            return default
        if not text.lstrip("-").replace(".", "", 1).isdigit() or not low <= float(text) <= high:
            raise BadRequest(f"{name} parameter is invalid")
        return float(text)

    def optional_number(self, name: str, low: float, high: float) -> float | None:
        return self.number(name, 0.0, low, high) if self.text(name) else None

    def target(self, name: str, method: str) -> Target:
        url, how = self.text(name), self.text(method, "POST").upper()
        if url and not url.startswith(("http://", "https://")):
            raise BadRequest(f"{name} parameter is invalid")
        if how not in ("GET", "POST"):
            raise BadRequest(f"{method} parameter is invalid")
        return Target(url, how)

    def destinations(self, name: str) -> tuple[list[str], list[str]]:
        """Unique, in order: the good ones as digits, the malformed ones as they came."""
        asked = list(dict.fromkeys(part.strip() for part in self.required(name).split("<") if part.strip()))
        if len(asked) > 1000:
            raise BadRequest(f"{name} parameter has more than 1000 destinations")
        good = list(dict.fromkeys(digits_of(number) for number in asked if is_number(number)))
        return good, [number for number in asked if not is_number(number)]


def is_number(text: str) -> bool:
    plain = text.translate(str.maketrans("", "", " -.()"))
    return plain.removeprefix("+").isdigit() and 7 <= len(plain.removeprefix("+")) <= 15


def page_of(objects: list[dict[str, object]], path: str, api_id: str) -> dict[str, object]:
    """One page of a list, with relative `next` and `previous`."""
    limit = min(max(request.args.get("limit", 20, int), 1), 20)
    offset = max(request.args.get("offset", 0, int), 0)
    total = len(objects)
    later, earlier = offset + limit, max(offset - limit, 0)
    meta = {
        "limit": limit,
        "next": f"{path}?limit={limit}&offset={later}" if later < total else None,
        "offset": offset,
        "previous": f"{path}?limit={limit}&offset={earlier}" if offset else None,
        "total_count": total,
    }
    return {"api_id": api_id, "meta": meta, "objects": objects[offset : offset + limit]}


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip


def keeps(record: dict[str, object], exact: tuple[str, ...], prefixes: tuple[str, ...], ranges: tuple[str, ...]) -> bool:
    """Whether a record passes the filters in the query string; times compare as text up to the seconds."""
    for name in exact:
        wanted = request.args.get(name)
        if wanted is not None and str(record.get(name)) != wanted:
            return False
    for name in prefixes:
        wanted = request.args.get(name)
        if wanted is not None and not digits_of(str(record.get(name))).startswith(digits_of(wanted)):
            return False
    return all(_in_range(record, name) for name in ranges)


def _in_range(record: dict[str, object], name: str) -> bool:
    for suffix, compare in _COMPARE.items():
        wanted = request.args.get(f"{name}__{suffix}" if suffix else name)
        if wanted is not None and not compare(*_comparable(record.get(name), wanted)):
            return False
    return True


def _comparable(value: object, wanted: str) -> tuple[Any, Any]:
    if isinstance(value, int):
        return value, int(wanted)
    return str(value)[: len(wanted)], wanted
