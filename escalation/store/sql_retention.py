"""Forgetting in SQL: closed incidents with all that hangs on them, commands that were carried out, identities that nobody will show again.
Each call removes a bounded number of rows, the oldest first, and touches no open incident. For how long what is kept is `retention`'s."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, CursorResult, Delete, String, Table, delete, func, select, type_coerce

from escalation.domain.timeline import EntryKind
from escalation.store.site_tables import arrangements, maintenance
from escalation.store.sql_work import Work
from escalation.store.tables import CLOSED, NO_NONCE, NONCE, OPEN, alerts, calls, entries, inbox, incidents, outbox, posts, shown
from escalation.store.types import JobState

FORGOTTEN_ALARMS = "forgotten_alarms"
_ROWS = 500  # of one table in one transaction: some milliseconds


class Forgetting(Work):
    """The retention's part of a transaction. Each method returns how many rows went; 0 when there is nothing to forget (any more)."""

    def forget_incidents(self, before: datetime, limit: int) -> int:
        """Closed ones in whose timeline nothing happened since. What one has thousands of goes first, so that no transaction is long."""
        since = select(entries.c.seq).where(entries.c.incident_id == incidents.c.id, entries.c.at >= before).exists()
        old = select(incidents.c.id).where(CLOSED, incidents.c.opened_at < before, ~since)
        # A late callback's transaction is skipped, not waited for.
        chosen = old.order_by(incidents.c.opened_at).limit(limit).with_for_update(skip_locked=True)
        ids = list(self.connection.scalars(chosen))
        if not ids:
            return 0
        gone = self._thin(alerts, alerts.c.id, ids) or self._thin(entries, entries.c.seq, ids)
        return gone or self._count(delete(incidents).where(incidents.c.id.in_(ids)))

    def forget_commands(self, before: datetime, limit: int) -> int:
        """Of the oldest ones; no index is needed for that, as the oldest have the smallest ids."""
        oldest = select(outbox.c.id, outbox.c.state, outbox.c.due_at).order_by(outbox.c.id).limit(limit).subquery()
        done = select(oldest.c.id).where(oldest.c.state == JobState.DONE, oldest.c.due_at < before)
        gone = self._count(delete(outbox).where(outbox.c.id.in_(done)))
        return gone + self._forget_calls(before, limit) + self._forget_posts(before, limit)

    def _forget_calls(self, before: datetime, limit: int) -> int:
        """Calls that spoke for several, with their menus; the attempts stay and name no call any more."""
        oldest = select(calls.c.id, calls.c.told_at).order_by(calls.c.id).limit(limit).subquery()
        old = select(oldest.c.id).where(oldest.c.told_at < before)
        return self._count(delete(calls).where(calls.c.id.in_(old)))

    def _forget_posts(self, before: datetime, limit: int) -> int:
        """Of the oldest messages, those in which nothing stands that we still have."""
        oldest = select(posts.c.id, posts.c.posted_at).order_by(posts.c.id).limit(limit).subquery()
        kept = select(shown.c.place).join(incidents, incidents.c.id == shown.c.incident_id)
        stands = kept.where(shown.c.post_id == oldest.c.id).exists()
        old = select(oldest.c.id).where(oldest.c.posted_at < before, ~stands)
        return self._count(delete(posts).where(posts.c.id.in_(old)))

    def forget_arrangements(self, before: datetime, limit: int) -> int:
        """What was taken back too; and maintenance windows."""
        return sum(self._long_over(table, before, limit) for table in (arrangements, maintenance))

    def _long_over(self, table: Table, before: datetime, limit: int) -> int:
        old = select(table.c.id).where(table.c.ends_at < before).order_by(table.c.ends_at).limit(limit)
        return self._count(delete(table).where(table.c.id.in_(old)))

    def forget_identities(self, before: datetime, nonces_before: datetime | None, limit: int) -> int:
        """None that was shown while an incident was open that still is."""
        oldest: datetime | None = self.connection.scalar(select(func.min(incidents.c.opened_at)).where(OPEN))
        until = min(before, oldest) if oldest else before
        old = select(inbox.c.identity).where(NO_NONCE, inbox.c.seen_at < until).order_by(inbox.c.seen_at).limit(limit)
        gone = self._count(delete(inbox).where(inbox.c.identity.in_(old)))
        if nonces_before is not None:
            old = select(inbox.c.identity).where(NONCE, inbox.c.seen_at < nonces_before).order_by(inbox.c.seen_at).limit(limit)
            gone += self._count(delete(inbox).where(inbox.c.identity.in_(old)))
        return gone

    def _thin(self, table: Table, key: Column[int], ids: list[int]) -> int:
        """Rows of these incidents, when there are too many to go with them at once."""
        kind = type_coerce(table.c.kind, String) if table is entries else key
        rows = self.connection.execute(select(key, kind.label("kind")).where(table.c.incident_id.in_(ids)).limit(_ROWS)).all()
        self.bump(FORGOTTEN_ALARMS, sum(row.kind == EntryKind.ALARM for row in rows))
        gone = self._count(delete(table).where(key.in_([row[0] for row in rows])))
        return gone if gone == _ROWS else 0

    def _count(self, statement: Delete) -> int:
        result = self.connection.execute(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount
