"""Rows to values and back: the incident with what hangs on it, alerts, jobs, the difference between two states of an incident.
Columns are named as fields and their types convert (`types`), so there is little to do here. No SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Row

from escalation.domain.alert import Alert
from escalation.domain.commands import Command
from escalation.domain.incident import Attempt, Incident, Page, Timer
from escalation.domain.policy import Policy
from escalation.ports import Job
from escalation.store import tables
from escalation.store.types import clean, to_json

Values = dict[str, object]
DETAILS_KEPT = 8192  # characters of JSON kept of each alert; the incident keeps the whole of the first

_INCIDENT = tuple(c.name for c in tables.incidents.columns)
_PAGE = tuple(f.name for f in fields(Page))
_ATTEMPT = tuple(f.name for f in fields(Attempt))


def incident(
    row: Row[tuple[object, ...]], pages: Iterable[Page], attempts: Iterable[Attempt], timers: Iterable[Timer]
) -> Incident:
    values = {name: getattr(row, name) for name in _INCIDENT}
    return Incident(**values, members=row.members, pages=tuple(pages), attempts=tuple(attempts), timers=frozenset(timers))


def page(row: Row[tuple[object, ...]]) -> Page:
    return Page(**{name: getattr(row, name) for name in _PAGE})


def attempt(row: Row[tuple[object, ...]]) -> Attempt:
    return Attempt(**{name: getattr(row, name) for name in _ATTEMPT})


def timer(row: Row[tuple[object, ...]]) -> Timer:
    return Timer(row.kind, row.ref, row.turn, row.due_at)


def job(row: Row[tuple[object, ...]]) -> Job:
    command = Command(row.kind, row.attempt, row.try_, row.not_before)
    return Job(row.id, row.incident_id, command, row.task_id, row.parent_id, row.due_at, row.label)


def opening(alert: Alert, service: str, policy: Policy, now: datetime) -> Incident:
    """The incident that an alert opens, not numbered yet."""
    return Incident(
        id=0,
        service=clean(service),
        dedup_key=clean(alert.dedup_key),
        summary=clean(alert.summary),
        severity=alert.severity,
        policy=policy,
        opened_at=now,
        source=clean(alert.source),
        details=alert.details,
        links=alert.links,
        occurred_at=alert.occurred_at,
    )


def row_of(incident: Incident) -> Values:
    return {name: getattr(incident, name) for name in _INCIDENT if name != "id"}


def alert_row(incident_id: int, alert: Alert, now: datetime) -> Values:
    kept = {name: getattr(alert, name) for name in ("action", "severity", "summary", "source", "sender", "occurred_at")}
    details = alert.details if len(to_json(alert.details)) <= DETAILS_KEPT else {}
    return {"incident_id": incident_id, "at": now, "details": details, **kept}


def page_row(incident_id: int, page: Page) -> Values:
    return {"incident_id": incident_id} | {name: getattr(page, name) for name in _PAGE}


def attempt_row(incident_id: int, attempt: Attempt) -> Values:
    return {"incident_id": incident_id} | {name: getattr(attempt, name) for name in _ATTEMPT}


def timer_row(incident_id: int, timer: Timer) -> Values:
    return {"incident_id": incident_id, "kind": timer.kind, "ref": timer.ref, "turn": timer.turn, "due_at": timer.due_at}


def changed(before: Incident, after: Incident) -> Values:
    """The incident's own columns that differ."""
    return {name: getattr(after, name) for name in _INCIDENT if getattr(before, name) != getattr(after, name)}
