"""Send slots in SQL: a carrier takes so many calls, so many texts a second, from all workers and timekeepers together. One row for each
kind says when the next may go; the most urgent of those that wait takes it, then the oldest. Which kind has which rate is `pacing`'s."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.sql.dml import ReturningInsert

from escalation.ports import Job
from escalation.store.sql_work import Work, inserting
from escalation.store.tables import UNDONE, outbox, slots
from escalation.store.types import JobState

# Whoever has been due for longer than this and was not claimed has nobody who carries it out: it must not stop the others.
_NOBODY_COMES = timedelta(seconds=3)
_SKEW = timedelta(seconds=2)  # of hosts; later than that and one turn is a clock that was put back, which must not close the line


class Slots(Work):
    """The send slots' part of a transaction."""

    def take_slot(self, job: Job, per_second: int) -> datetime | None:
        kind, interval = job.command.kind, timedelta(seconds=1) / per_second
        ahead = self._ahead(job)
        if self._is_first(ahead):
            row = {"kind": kind, "next_at": self.now + interval, "now": self.now, "strange": self.now + interval + _SKEW}
            if self.connection.execute(_take(self.dialect), row).first() is not None:
                return None
        next_at: datetime | None = self.connection.scalar(select(slots.c.next_at).where(slots.c.kind == kind))
        place = self.connection.scalar(select(func.count()).select_from(outbox).where(ahead)) or 0
        begins = min(max(next_at or self.now, self.now), self.now + interval + _SKEW)
        return begins + interval * min(place, 100_000)

    def _is_first(self, ahead: Any) -> bool:
        due = and_(ahead, outbox.c.due_at <= self.now, outbox.c.due_at > self.now - _NOBODY_COMES)
        return self.connection.execute(select(outbox.c.id).where(due).limit(1)).first() is None

    def _ahead(self, job: Job) -> Any:
        """Those of its kind that wait and go before it; what backs off does not wait for a slot."""
        urgency = select(outbox.c.urgency).where(outbox.c.id == job.id).scalar_subquery()
        more_urgent = or_(outbox.c.urgency < urgency, and_(outbox.c.urgency == urgency, outbox.c.id < job.id))
        waits = and_(UNDONE, outbox.c.state == JobState.PENDING, outbox.c.kind == job.command.kind)
        backs_off = and_(outbox.c.not_before.is_not(None), outbox.c.not_before > self.now)
        return and_(waits, ~backs_off, more_urgent)


@cache
def _take(dialect: str) -> ReturningInsert[Any]:
    new = inserting(dialect, slots)
    free = or_(slots.c.next_at <= bindparam("now"), slots.c.next_at > bindparam("strange"))
    values = {"next_at": new.excluded.next_at}
    return new.on_conflict_do_update(index_elements=["kind"], set_=values, where=free).returning(slots.c.kind)
