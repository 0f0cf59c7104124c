"""Incidents in SQL: open, look, lock, load, save what differs, their alerts, timers and timeline. Not the outbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table, bindparam, case, delete, func, insert, select, true, update
from sqlalchemy.sql.dml import ReturningInsert

from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.events import TimerFired
from escalation.domain.incident import Attempt, Incident, Page, Status, Timer, TimerKind
from escalation.domain.policy import Policy
from escalation.domain.roster import Channel
from escalation.domain.timeline import Entry
from escalation.errors import Unreadable
from escalation.ports import OpenIncident
from escalation.store import mapping
from escalation.store.sql_work import Work, inserting, overwriting
from escalation.store.tables import NOT_HELD, OPEN, alerts, attempts, entries, incidents, members, pages, timers

T = TypeVar("T")
# When the trouble last began, by its monitor's word: a repeat may have begun later than what opened the incident.
_BEGAN = (
    select(func.max(alerts.c.occurred_at))
    .where(alerts.c.incident_id == incidents.c.id, alerts.c.action == Action.TRIGGER)
    .scalar_subquery()
)
_LOOK = select(
    incidents.c.id,
    incidents.c.status,
    incidents.c.severity,
    func.coalesce(_BEGAN, incidents.c.occurred_at, type_=incidents.c.occurred_at.type).label("occurred_at"),
).where(incidents.c.service == bindparam("service"), incidents.c.dedup_key == bindparam("dedup_key"), OPEN)
_LOOK_FOR_ID = _LOOK.with_only_columns(incidents.c.id)
# NO KEY: a counted repeat refers to this row, and must not wait for it.
_MEMBERS = (
    select(func.count())
    .where(members.c.incident_id == incidents.c.id, members.c.resolved_at.is_(None))
    .scalar_subquery()
    .label("members")
)
_WHOLE = select(incidents, _MEMBERS)
_LOCKED = _WHOLE.where(incidents.c.id == bindparam("id")).with_for_update(key_share=True, of=incidents)
# Timers of a kind that only another release knows are left to it; the audit sets what is missing without them.
KNOWN = timers.c.kind.in_(list(TimerKind))
_ALL = {pages: true(), attempts: true(), timers: KNOWN}
_HANGING_ON = {
    table: select(table).where(table.c.incident_id.in_(bindparam("ids", expanding=True)), all_).order_by(*table.primary_key)
    for table, all_ in _ALL.items()
}
_CHANGE = update(incidents).where(incidents.c.id == bindparam("incident"))
_DROP_TIMER = delete(timers).where(
    timers.c.incident_id == bindparam("incident"), timers.c.kind == bindparam("timer"), timers.c.ref == bindparam("of")
)
# Without it every text that ever went to a phone would be looked at.
_OLDEST_OPEN = select(func.min(incidents.c.id)).where(OPEN).scalar_subquery()
_LAST_ALERT = select(func.max(alerts.c.at, type_=alerts.c.at.type)).where(alerts.c.incident_id == bindparam("incident"))
_COUNT, _TELL = insert(alerts), insert(entries)
# A gate beside the row, for PostgreSQL alone: all who count pass it together, who resolves shuts it. A key press never asks for it.
_COUNTING = select(func.pg_advisory_xact_lock_shared(bindparam("incident")))
_SHUTTING = select(func.pg_advisory_xact_lock(bindparam("incident")))
_IS_OPEN = select(incidents.c.id).where(incidents.c.id == bindparam("incident"), OPEN)
URGENCY: ColumnElement[int] = case({s.value: s.rank for s in Severity}, value=incidents.c.severity, else_=0)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What hangs on some incidents, by incident."""

    pages: dict[int, list[Page]]
    attempts: dict[int, list[Attempt]]
    timers: dict[int, list[Timer]]


class Incidents(Work):
    """The incident half of a transaction."""

    def look(self, service: str, dedup_key: str) -> OpenIncident | None:
        which = {"service": service, "dedup_key": dedup_key}
        try:
            row = self.connection.execute(_LOOK, which).one_or_none()
        except Unreadable as error:
            raise Unreadable(str(error), self.connection.execute(_LOOK_FOR_ID, which).scalar_one()) from None
        return OpenIncident(row.id, row.status, row.severity, row.occurred_at) if row else None

    def create(self, alert: Alert, service: str, policy: Policy) -> Incident | None:
        fresh = mapping.opening(alert, service, policy, self.now)
        incident_id = self.connection.execute(_create(self.dialect), mapping.row_of(fresh)).scalar_one_or_none()
        return None if incident_id is None else replace(fresh, id=incident_id)

    def load(self, incident_id: int) -> Incident | None:
        if not is_id(incident_id):
            return None
        try:
            return next(iter(self._whole(self.connection.execute(_LOCKED, {"id": incident_id}).all())), None)
        except Unreadable as error:
            raise Unreadable(f"INC-{incident_id}: {error}", incident_id) from None

    def peek(self, incident_ids: Iterable[int]) -> list[Incident]:
        """Whole incidents, not locked, in the order of their ids; without those that cannot be read."""
        ids = [id for id in incident_ids if is_id(id)]
        try:
            found = _WHOLE.where(incidents.c.id.in_(ids)).order_by(incidents.c.id)
            return self._whole(self.connection.execute(found).all())
        except Unreadable:
            return [incident for id in sorted(set(ids)) for incident in self.peek([id])] if len(ids) > 1 else []

    def open_incidents(self, *statuses: Status) -> list[int]:
        wanted = incidents.c.status.in_(statuses) if statuses else OPEN
        return list(self.connection.scalars(select(incidents.c.id).where(wanted).order_by(URGENCY, incidents.c.id)))

    def count(self, incident_id: int, alert: Alert) -> None:
        self.connection.execute(_COUNT, mapping.alert_row(incident_id, alert, self.now))

    def repeat(self, incident_id: int, alert: Alert) -> bool:
        if self.dialect == "postgresql":
            self.connection.execute(_COUNTING, {"incident": _gate(incident_id)})
            if self.connection.execute(_IS_OPEN, {"incident": incident_id}).first() is None:
                return False
        self.count(incident_id, alert)
        return True

    def shut(self, incident_id: int) -> None:
        if self.dialect == "postgresql":
            self.connection.execute(_SHUTTING, {"incident": _gate(incident_id)})

    def last_alert(self, incident_id: int) -> datetime | None:
        self.shut(incident_id)
        last: datetime | None = self.connection.scalar(_LAST_ALERT, {"incident": incident_id})
        return last

    def note(self, incident_id: int, entries: Sequence[Entry]) -> None:
        self._add_entries(incident_id, entries)

    def due_timers(self, limit: int) -> list[tuple[int, TimerFired]]:
        # Locks nothing: firing locks the incident, and a timer that somebody else fired meanwhile is of an old turn.
        what = select(timers.c.incident_id, timers.c.kind, timers.c.ref, timers.c.turn).join(incidents)
        urgent_first = (URGENCY, timers.c.due_at, timers.c.incident_id)  # differs from oldest first only after an outage
        due = what.where(timers.c.due_at <= self.now, KNOWN, NOT_HELD).order_by(*urgent_first)
        if unreadable := self._aside.ids("incidents", self.now):
            due = due.where(timers.c.incident_id.not_in(unreadable))
        fired = self.connection.execute(due.limit(limit))
        return [(row.incident_id, TimerFired(row.kind, row.ref, row.turn)) for row in fired]

    def text_pages(self, address: str) -> list[tuple[Incident, int]]:
        newest: dict[tuple[int, int], int] = {}
        for row in self.connection.execute(
            select(attempts.c.incident_id, attempts.c.page, attempts.c.number)
            .join(incidents, incidents.c.id == attempts.c.incident_id)
            .where(attempts.c.address == address, attempts.c.channel == Channel.SMS, attempts.c.incident_id >= _OLDEST_OPEN, OPEN)
            .order_by(attempts.c.incident_id, attempts.c.number)
        ):
            newest[row.incident_id, row.page] = row.number
        found = {incident.id: incident for incident in self.peek([i for i, _ in newest])}
        return [(found[incident_id], number) for (incident_id, _), number in newest.items() if incident_id in found]

    def _save_incident(self, before: Incident, after: Incident) -> None:
        if values := mapping.changed(before, after):
            self.connection.execute(_CHANGE, values | {"incident": after.id})
        self._put(pages, [mapping.page_row(after.id, p) for p in _different(before.pages, after.pages)])
        self._put(attempts, [mapping.attempt_row(after.id, a) for a in _different(before.attempts, after.attempts)])
        self._save_timers(after.id, before.timers - after.timers, after.timers - before.timers)

    def _save_timers(self, incident_id: int, gone: frozenset[Timer], new: frozenset[Timer]) -> None:
        overwritten = {(t.kind, t.ref) for t in new}
        if dropped := [t for t in gone if (t.kind, t.ref) not in overwritten]:
            self.connection.execute(_DROP_TIMER, [{"incident": incident_id, "timer": t.kind, "of": t.ref} for t in dropped])
        self._put(timers, [mapping.timer_row(incident_id, timer) for timer in new])

    def _put(self, table: Table, rows: Sequence[mapping.Values]) -> None:
        """Inserts rows, or overwrites those that are there."""
        if rows:
            self.connection.execute(overwriting(self.dialect, table, tuple(rows[0])), rows)

    def _add_entries(self, incident_id: int, new: Sequence[Entry]) -> None:
        if new:
            rows = [{"incident_id": incident_id, "at": e.at, "kind": e.kind, "text": e.text} for e in new]
            self.connection.execute(_TELL, rows)

    def _whole(self, rows: Sequence[Row[tuple[object, ...]]]) -> list[Incident]:
        ids: list[int] = [row.id for row in rows]
        if not ids:
            return []
        parts = _Parts(
            self._by_incident(pages, ids, mapping.page),
            self._by_incident(attempts, ids, mapping.attempt),
            self._by_incident(timers, ids, mapping.timer),
        )
        return [mapping.incident(r, parts.pages[r.id], parts.attempts[r.id], parts.timers[r.id]) for r in rows]

    def _by_incident(self, table: Table, ids: list[int], build: Callable[[Row[tuple[object, ...]]], T]) -> dict[int, list[T]]:
        found: dict[int, list[T]] = defaultdict(list)
        for row in self.connection.execute(_HANGING_ON[table], {"ids": ids}):
            found[row.incident_id].append(build(row))
        return found


@cache
def _create(dialect: str) -> ReturningInsert[Any]:
    return inserting(dialect, incidents).on_conflict_do_nothing().returning(incidents.c.id)


def _different(before: Sequence[T], after: Sequence[T]) -> Iterable[T]:
    """Pages and attempts are numbered by their place and never removed."""
    return (new for i, new in enumerate(after) if i >= len(before) or before[i] != new)


def _gate(incident_id: int) -> int:
    """The lock's number, of those that nobody else takes (`schema` has a positive one)."""
    return -incident_id


def is_id(number: int) -> bool:
    """Whether a number may be asked for at all: one from an URL can be larger than any column, which is no error of the database."""
    return 0 < number < 2**63
