"""Inhibition: while a *parent* is open, its *children* are recorded and not paged, since they only say the same again. A rule counts for a
limited time, so that a parent that nobody ever resolves hides no child for ever. Pure; which parents are open is handed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalation.domain.alert import Severity
from escalation.domain.hold import Hold
from escalation.domain.incident import Incident
from escalation.domain.policy import Inhibition


@dataclass(frozen=True, slots=True)
class Parent:
    """An incident that is open, of a service that some rule names as a parent's. `labels` are empty where no rule asks for any."""

    id: int
    service: str
    severity: Severity
    opened_at: datetime
    labels: dict[str, object] = field(default_factory=dict)


def holds(rule: Inhibition, parents: tuple[Parent, ...], incident: Incident, severity: Severity) -> Iterator[Hold]:
    """What this rule says of an incident, for each parent. One that is a parent by the same rule is never held by it; what was being
    paged before the parent opened goes on, unless the rule stops it; what was held until now is held on."""
    its = incident.service, incident.labels, severity
    if not rule.children.covers(*its) or rule.parent.covers(*its):
        return
    for parent in parents:
        is_open = parent.id != incident.id and rule.parent.covers(parent.service, parent.labels, parent.severity)
        if is_open and (rule.stops or incident.hold is not None or parent.opened_at <= incident.opened_at):
            why = f"{rule.name}: INC-{parent.id} of {parent.service} is open"
            yield Hold(why, min(parent.opened_at, incident.opened_at) + rule.limit, rule.stops)


def longest(rules: tuple[Inhibition, ...]) -> timedelta:
    return max((rule.limit for rule in rules), default=timedelta(0))
