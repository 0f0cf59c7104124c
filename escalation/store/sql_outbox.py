"""The outbox in SQL: enqueue once, claim by compare-and-set, leases. Which commands there are is the machine's business, carrying
them out is `dispatch`'s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import Incident
from escalation.errors import Unreadable
from escalation.ports import Job
from escalation.store import mapping
from escalation.store.naming import label, task_id
from escalation.store.sql_work import Work, inserting
from escalation.store.tables import NOT_HELD, UNDONE, UNNUDGED, outbox
from escalation.store.types import JobState

_PENDING = and_(UNDONE, outbox.c.state == JobState.PENDING)
_CLAIMED = and_(UNDONE, outbox.c.state == JobState.CLAIMED)
_REPEATABLE = (CommandKind.HANG_UP, CommandKind.EDIT_SLACK)
_MOST_URGENT = (outbox.c.kind == CommandKind.EDIT_SLACK, outbox.c.urgency, outbox.c.due_at, outbox.c.id)
_THIS = outbox.c.id == bindparam("job")
_CLAIM = update(outbox).where(_THIS, _PENDING, outbox.c.due_at <= bindparam("now"), NOT_HELD).returning(outbox)
_TO_DO = select(outbox).where(_THIS, UNDONE)
_OURS = select(outbox.c.id).where(_THIS, _CLAIMED, outbox.c.holder == bindparam("by"), outbox.c.lease_until > bindparam("now"))
KNOWN = outbox.c.kind.in_(list(CommandKind))
_SETTLE = update(outbox).where(_THIS)


class Outbox(Work):
    """The outbox half of a transaction."""

    def job(self, job_id: int) -> Job | None:
        return self._one(self.connection.execute(_TO_DO, {"job": job_id}).one_or_none())

    def claim(self, job_id: int, holder: str, lease: timedelta) -> Job | None:
        claimed = {"state": JobState.CLAIMED, "holder": holder, "lease_until": self.now + lease}
        return self._one(self.connection.execute(_CLAIM, {"job": job_id, "now": self.now, **claimed}).one_or_none())

    def holds(self, job_id: int, holder: str) -> bool:
        ours = self.connection.execute(_OURS, {"job": job_id, "by": holder, "now": self.now})
        return ours.one_or_none() is not None

    def finish(self, job_id: int) -> None:
        self.connection.execute(_SETTLE, {"job": job_id, "state": JobState.DONE, "holder": "", "lease_until": None})

    def defer(self, job_id: int, until: datetime) -> None:
        back = {"state": JobState.PENDING, "holder": "", "lease_until": None, "nudged_at": None, "due_at": until}
        self.connection.execute(update(outbox).where(outbox.c.id == job_id, UNDONE).values(back))

    def abandoned(self, limit: int) -> list[Job]:
        # A claim without an end would be nobody's for ever.
        return self._jobs(and_(_CLAIMED, or_(outbox.c.lease_until <= self.now, outbox.c.lease_until.is_(None))), limit)

    def unnudged(self, limit: int) -> list[Job]:
        jobs = self._jobs(and_(UNNUDGED, outbox.c.due_at <= self.now), limit)
        if jobs:
            marked = outbox.c.id.in_([job.id for job in jobs])
            self.connection.execute(update(outbox).where(marked).values(nudged_at=self.now))
        return jobs

    def unclaimed(self, since: timedelta, limit: int) -> list[Job]:
        return self._jobs(and_(_PENDING, outbox.c.due_at <= self.now - since), limit)

    def _enqueue(self, incident: Incident, commands: Sequence[Command], cause: str) -> list[Job]:
        """One row per command, each name once ever. Returns those that are due now, marked nudged."""
        rows = [self._add(incident, command, cause) for command in commands if not self._edit_waits(incident.id, command)]
        return [mapping.job(row) for row in rows if row is not None and row.due_at <= self.now]

    def _add(self, incident: Incident, command: Command, cause: str) -> Row[tuple[object, ...]] | None:
        """A name that is there already is not added again. Still pending, it may become due earlier (the carrier is back); done, it
        is done again where that is harmless: a call that was over for the carrier when we hung up may yet ring."""
        return self.connection.execute(_add(self.dialect), self._row(incident, command, cause)).one_or_none()

    def _row(self, incident: Incident, command: Command, cause: str) -> mapping.Values:
        due_at = max(command.not_before or self.now, self.now)
        return {
            "incident_id": incident.id,
            "kind": command.kind,
            "attempt": command.attempt,
            "try_": command.try_,
            "not_before": command.not_before,
            "task_id": task_id(incident, command),
            "parent_id": cause,
            "label": label(incident, command),
            "urgency": incident.severity.rank,
            "due_at": due_at,
            "state": JobState.PENDING,
            "holder": "",
            "nudged_at": self.now if due_at <= self.now else None,
        }

    def _edit_waits(self, incident_id: int, command: Command) -> bool:
        """A message's pending edit will show the newest state by itself."""
        if command.kind is not CommandKind.EDIT_SLACK:
            return False
        same = and_(outbox.c.incident_id == incident_id, outbox.c.kind == command.kind, outbox.c.attempt == command.attempt)
        return self.connection.execute(select(outbox.c.id).where(same, _PENDING).limit(1)).first() is not None

    def _hurry(self, before: Incident, after: Incident) -> None:
        """What waits for a send slot follows the incident's severity."""
        if before.severity is not after.severity:
            # Whoever is claiming one of them has its row and waits for the incident that we hold: skip it, never wait.
            waiting = select(outbox.c.id).where(outbox.c.incident_id == after.id, _PENDING).with_for_update(skip_locked=True)
            ids = self.connection.scalars(waiting).all()
            self.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(urgency=after.severity.rank))

    def _jobs(self, wanted: ColumnElement[bool], limit: int) -> list[Job]:
        # Another timekeeper's rows are skipped, not waited for; on SQLite there is no other while we write.
        found = (
            select(outbox).where(wanted, KNOWN, NOT_HELD).order_by(*_MOST_URGENT).limit(limit).with_for_update(skip_locked=True)
        )
        for table, column in (("incidents", outbox.c.incident_id), ("outbox", outbox.c.id)):
            if unreadable := self._aside.ids(table, self.now):
                found = found.where(column.not_in(unreadable))
        try:
            return [mapping.job(row) for row in self.connection.execute(found)]
        except Unreadable:
            ids = self.connection.scalars(found.with_only_columns(outbox.c.id, maintain_column_froms=True)).all()
            return [job for id in ids for job in self._readable(id)]

    def _readable(self, job_id: int) -> list[Job]:
        """That job, or nothing, and then it is set aside."""
        try:
            return [mapping.job(row) for row in self.connection.execute(select(outbox).where(outbox.c.id == job_id))]
        except Unreadable:
            self._put_aside("outbox", job_id)
            return []

    def _one(self, row: Row[tuple[object, ...]] | None) -> Job | None:
        return mapping.job(row) if row else None


@cache
def _add(dialect: str) -> ReturningInsert[Any]:
    new = inserting(dialect, outbox)
    earlier = and_(outbox.c.state == JobState.PENDING, outbox.c.due_at > new.excluded.due_at)
    again = and_(outbox.c.state == JobState.DONE, outbox.c.kind.in_(_REPEATABLE))
    values = {name: new.excluded[name] for name in ("state", "due_at", "not_before", "nudged_at")}
    return new.on_conflict_do_update(index_elements=["task_id"], set_=values, where=or_(earlier, again)).returning(outbox)
