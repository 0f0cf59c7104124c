"""What a check comes to: values only. Not the checks, and not how they are printed (`doctor`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, and somebody should think about it
    FAULT = "fault"  # somebody will not be paged, or late, or not told
    UNKNOWN = "unknown"  # could not be looked at; what stands in the way is a fault of its own


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` names the thing, `said` is how it is, `cure` what to do, each one line. Never a secret, never a whole number."""

    what: str
    level: Level
    said: str
    cure: str = ""


def ok(what: str, said: str) -> Finding:
    return Finding(what, Level.OK, said)


def warning(what: str, said: str, cure: str) -> Finding:
    return Finding(what, Level.WARNING, said, cure)


def fault(what: str, said: str, cure: str) -> Finding:
    return Finding(what, Level.FAULT, said, cure)


def unknown(what: str, said: str) -> Finding:
    return Finding(what, Level.UNKNOWN, said)
