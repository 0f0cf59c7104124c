"""The incident's story, one entry a line, as a tired person reads it. Numbers in it are masked (`roster.masked`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    ALERT = "alert"
    STATUS = "status"
    STEP = "step"
    PAGE = "page"
    NOTE = "note"  # moves nothing: somebody's own words; or late, repeated, stale: recorded and ignored
    ALARM = "alarm"  # a dead end, told to the last resort


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    kind: EntryKind
    text: str
