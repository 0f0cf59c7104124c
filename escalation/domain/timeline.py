"""The incident's story, one entry a line, as a tired person reads it. Numbers are masked here, once, for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from escalation.domain.roster import Channel


class EntryKind(StrEnum):
    ALERT = "alert"
    STATUS = "status"
    STEP = "step"
    PAGE = "page"
    NOTE = "note"  # late, repeated, stale: recorded and ignored
    ALARM = "alarm"  # a dead end, told to the last resort


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    kind: EntryKind
    text: str


def masked(channel: Channel, address: str) -> str:
    """`+15550100100` -> `+1•••••••100`; an e-mail keeps its domain; a Slack channel or user is not a secret."""
    match channel:
        case Channel.VOICE | Channel.SMS:
            return address[:2] + "•" * max(len(address) - 5, 0) + address[-3:]
        case Channel.EMAIL:
            name, _, domain = address.partition("@")
            return f"{name[:1]}•••@{domain}"
        case Channel.WEBHOOK:
            return address.split("?", maxsplit=1)[0].rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0].rpartition("@")[2]
        case _:
            return address
