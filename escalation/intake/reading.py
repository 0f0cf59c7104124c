"""Reading JSON that strangers wrote: any bytes become a clean, bounded object or `BadAlert`. Not what the fields mean: that is
each sender's file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from escalation.domain.alert import Link, Severity
from escalation.errors import BadAlert

MAX_BODY = 512 * 1024
MAX_DEDUP_KEY = 255
MAX_SUMMARY = 1024
MAX_SOURCE = 255
MAX_LINKS = 20
MAX_HREF = 2048

_DEPTH, _WIDTH, _TEXT, _BUDGET = 6, 100, 4096, 32_768  # bounds of `details`: levels, items of one container, characters

_Item = TypeVar("_Item")

# What PostgreSQL's text (NUL, lone surrogates) or XML 1.0 (the other controls) cannot hold: one of these in a summary would
# make a page that can neither be stored nor spoken.
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_WEB = re.compile(r"https?://[^\s/%]", re.IGNORECASE)

_SEVERITIES = {
    Severity.CRITICAL: "critical crit fatal emergency emerg disaster page panic alert high p1 sev0",
    Severity.ERROR: "error err major average p2 sev1",
    Severity.WARNING: "warning warn minor p3 sev2",
    Severity.INFO: "info information informational notice none debug low ok p4 p5 sev3 sev4",
}
_SEVERITY = {word: severity for severity, words in _SEVERITIES.items() for word in words.split()}


def read(body: object) -> dict[str, object]:
    """The JSON object in a body, every text in it cleaned; `body` may also be JSON that was read already."""
    value = _loaded(body) if isinstance(body, bytes | str) else body
    if not isinstance(value, dict):
        raise BadAlert(["the body is not a JSON object"])
    return {clean(str(k)): v for k, v in value.items()}


def _loaded(body: bytes | str) -> object:
    if len(body) > MAX_BODY:
        raise BadAlert([f"the body is longer than {MAX_BODY} bytes"])
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
        return json.loads(text, parse_constant=str)
    except UnicodeDecodeError:
        raise BadAlert(["JSON parse error: the body is not UTF-8"]) from None
    except RecursionError:
        raise BadAlert(["JSON parse error: nested too deeply"]) from None
    except json.JSONDecodeError as error:
        raise BadAlert([f"JSON parse error: line {error.lineno} column {error.colno}"]) from None
    except ValueError:  # an integer of more than 4300 digits
        raise BadAlert(["JSON parse error: a number is too long"]) from None


def clean(text: str) -> str:
    """The same text with what cannot be stored or spoken replaced."""
    return _UNUSABLE.sub("\ufffd", text)


def bounded(value: object) -> object:
    """The same JSON, small enough to keep: what is too deep, too wide or too long ends in "…"."""
    return _Budget().spend(value, _DEPTH)


class _Budget:
    """How many characters of details may still be kept."""

    def __init__(self) -> None:
        self.left = _BUDGET

    def spend(self, value: object, depth: int) -> object:
        match value:
            case None | bool():
                return value
            case int() if abs(value) < 2**63:
                return value
            case float() if math.isfinite(value):
                return value
            case dict() if depth:
                return {self.text(str(k), 255): self.spend(v, depth - 1) for k, v in self.some(list(value.items()))}
            case list() if depth:
                return [self.spend(v, depth - 1) for v in self.some(value)]
            case dict() | list():
                return "…"
            case int():  # no column for numbers holds it, and beyond 4300 digits Python refuses to write it out
                return "a very large number"
            case _:
                return self.text(str(value), _TEXT)

    def some(self, items: Sequence[_Item]) -> Sequence[_Item]:
        self.left -= 2 * min(len(items), _WIDTH)
        return items[: _WIDTH if self.left > 0 else 0]

    def text(self, text: str, limit: int) -> str:
        kept = cut(clean(text), max(min(limit, self.left), 1))
        self.left -= len(kept)
        return kept


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def dedup_key(text: str) -> str:
    """An over-long key keeps its beginning and a digest of the whole: cutting it would make one trouble of two."""
    text = clean(text).strip()
    if len(text) <= MAX_DEDUP_KEY:
        return text
    return f"{text[:180]}…{hashlib.sha256(text.encode()).hexdigest()}"


def severity(word: object) -> Severity | None:
    """The severity a word stands for, in the words of several senders; None for one nobody knows."""
    return _SEVERITY.get(word.strip().lower()) if isinstance(word, str) else None


def moment(value: object) -> datetime | None:
    """A time in UTC from ISO 8601 (no zone: UTC); None for anything else and for Go's zero time, which means "not yet"."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1 else None


def link(href: object, text: object = "") -> Link | None:
    """A link that a page may show; None for what is not http or https (a `javascript:` link is a trap for the responder)."""
    address = _in_one_piece(href) if isinstance(href, str) else ""
    return Link(address, cut(line(text), 100)) if _WEB.match(address) and len(address) <= MAX_HREF else None


def _in_one_piece(href: str) -> str:
    """A blank is written as URLs write it; line ends and what cannot be seen fall out, as in a browser: with them an address would
    begin a line of its own in a mail, in words that are not ours."""
    return "".join(c for c in clean(href).strip().replace(" ", "%20") if c.isprintable())


def line(value: object) -> str:
    """A text on one line; empty for what is neither text nor number."""
    if (
        isinstance(value, bool)
        or (isinstance(value, int) and value.bit_length() > 256)
        or not isinstance(value, str | int | float)
    ):
        return ""
    return " ".join(clean(str(value)).split())


def links(found: Sequence[Link | None]) -> tuple[Link, ...]:
    """The usable ones, each address once, in order."""
    kept: dict[str, Link] = {}
    for one in found:
        if one:
            kept.setdefault(one.href, one)
    return tuple(kept.values())[:MAX_LINKS]


def objects(value: object) -> list[Mapping[str, object]]:
    """The objects of a list; none when it is something else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
