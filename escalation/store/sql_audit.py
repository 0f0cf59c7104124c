"""What the audit asks: which incidents are open, a page at a time, which of their commands will be carried out, and what lies there
that this release does not know. It reads only; the judgement is `domain.audit`'s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import String, or_, select, type_coerce

from escalation.domain.commands import SENDING
from escalation.store.sql_incidents import KNOWN as KNOWN_TIMER
from escalation.store.sql_outbox import KNOWN as KNOWN_COMMAND
from escalation.store.sql_work import Work
from escalation.store.tables import OPEN, UNDONE, incidents, outbox, timers
from escalation.store.types import JobState

_MOST_STRANGE = 100


class Watching(Work):
    """The audit's part of a transaction."""

    def open_after(self, incident_id: int, limit: int) -> list[int]:
        page = select(incidents.c.id).where(OPEN, incidents.c.id > incident_id).order_by(incidents.c.id).limit(limit)
        return list(self.connection.scalars(page))

    def sending(self, incident_ids: Sequence[int], within: timedelta) -> dict[int, frozenset[tuple[int, int]]]:
        found: dict[int, set[tuple[int, int]]] = defaultdict(set)
        undone = select(outbox.c.incident_id, outbox.c.attempt, outbox.c.try_).where(
            outbox.c.incident_id.in_(incident_ids),
            outbox.c.state.in_((JobState.PENDING, JobState.CLAIMED)),
            outbox.c.kind.in_(list(SENDING.values())),
            outbox.c.due_at <= self.now + within,
            outbox.c.id.not_in(self._aside.ids("outbox", self.now)),
        )
        for row in self.connection.execute(undone):
            found[row.incident_id].add((row.attempt, row.try_))
        return {id: frozenset(found[id]) for id in incident_ids}

    def strange_timers(self, incident_ids: Sequence[int]) -> list[int]:
        of_these = select(timers.c.incident_id).where(timers.c.incident_id.in_(incident_ids), ~KNOWN_TIMER).distinct()
        return sorted(self.connection.scalars(of_these))

    def strange_commands(self) -> list[int]:
        state = type_coerce(outbox.c.state, String).not_in([state.value for state in JobState])
        found = select(outbox.c.id).where(UNDONE, or_(~KNOWN_COMMAND, state)).order_by(outbox.c.id).limit(_MOST_STRANGE)
        return list(self.connection.scalars(found))
