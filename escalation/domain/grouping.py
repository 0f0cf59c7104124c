"""Several troubles in one incident: which belong together, and what is written when one joins or is over. Each *member* keeps its own dedup
key and its own end; the incident is over when all of them are. Off unless a service asks for it. Pure; the engine acts on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.alert import Alert, Severity
from escalation.domain.maintenance import said
from escalation.domain.timeline import Entry, EntryKind


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by` are details that must be the same (none: all troubles of the service are together). `window` is counted from the incident's
    first alert: what begins later is an incident of its own."""

    by: tuple[str, ...] = ()
    window: timedelta = timedelta(minutes=5)

    def key(self, details: Mapping[str, object]) -> str:
        """What the members of one incident have in common; a detail that is not there is one, too."""
        return json.dumps([said(details[name]) if name in details else None for name in self.by], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Member:
    """One trouble of an open incident. `severity` is the incident's; `occurred_at` when this trouble last began, by its monitor's word."""

    incident_id: int
    severity: Severity
    occurred_at: datetime | None
    is_open: bool

    def is_over_by(self, alert: Alert) -> bool:
        """Whether that resolve ends it: one for an older occurrence closes nothing newer."""
        is_older = alert.occurred_at is not None and self.occurred_at is not None and alert.occurred_at < self.occurred_at
        return self.is_open and not is_older


def joined(alert: Alert, now: datetime) -> Entry:
    return Entry(now, EntryKind.ALERT, f"Belongs to it, too: {alert.severity}, {alert.summary or alert.dedup_key}")


def left(alert: Alert, many: int, now: datetime) -> Entry:
    rest = f"{many} other{'s are' if many != 1 else ' is'} not"
    return Entry(now, EntryKind.ALERT, f"Right again: {alert.summary or alert.dedup_key}; {rest}")


def headline(summary: str, members: int) -> str:
    """What is said and written of an incident: its worst trouble, and how many more there are."""
    return f"{summary} (and {members - 1} more)" if members > 1 else summary
