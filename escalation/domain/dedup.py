"""What an alert means for the trouble it names: open, count, page again, close, or nothing. Pure; the engine acts on it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from escalation.domain.alert import Action, Alert, Severity


class What(StrEnum):
    """What became of an alert; told to its sender."""

    OPENED = "opened"
    COUNTED = "counted"
    ROSE = "rose"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    IGNORED = "ignored"


def meaning(alert: Alert, is_open: bool, severity: Severity | None, began: datetime | None) -> What:
    """`severity` and `began` are the open incident's. A resolve for an older occurrence closes nothing newer."""
    if alert.action is Action.TRIGGER:
        if not is_open or severity is None:
            return What.OPENED
        return What.ROSE if alert.severity.rank < severity.rank else What.COUNTED
    if not is_open:
        return What.IGNORED
    if alert.action is Action.ACKNOWLEDGE:
        return What.ACKNOWLEDGED
    is_older = alert.occurred_at is not None and began is not None and alert.occurred_at < began
    return What.IGNORED if is_older else What.RESOLVED
