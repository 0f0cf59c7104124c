"""One message from outside that something is wrong, or right again. Not an incident: that is what we page for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Severity(StrEnum):
    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Link:
    href: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """`key` is the intake key that names the service; `occurred_at` is when the trouble began (UTC), by the sender's word;
    `identity` names this very delivery where the sender gives it a name, else it is empty."""

    key: str
    action: Action
    dedup_key: str
    summary: str = ""
    severity: Severity = Severity.CRITICAL
    source: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    occurred_at: datetime | None = None
    sender: str = ""
    identity: str = ""
