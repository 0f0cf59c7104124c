"""Announcements and told gaps in SQL. Not which there are (`domain.gap_notices`), and not their sending (`announcing`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select, update

from escalation.domain.announcement import Announcement
from escalation.store.site_tables import UNTOLD, announcements, gaps
from escalation.store.sql_work import Work
from escalation.store.types import JobState

_SAID = (announcements.c.identity, announcements.c.to, announcements.c.channel, announcements.c.subject, announcements.c.text,
         announcements.c.until, announcements.c.schedule, announcements.c.starts_at)  # fmt: skip


class Announced(Work):
    """The announcements' part of a transaction."""

    def announce(self, what: Announcement) -> bool:
        row = {column.name: getattr(what, column.name) for column in _SAID}
        row |= {"state": JobState.DONE if what.overtaken else JobState.PENDING, "reason": "overtaken" if what.overtaken else ""}
        new = self.insert(announcements).values(row | {"tries": 0, "due_at": self.now})
        return self.connection.execute(new.on_conflict_do_nothing().returning(announcements.c.identity)).first() is not None

    def announced(self, identities: Sequence[str]) -> set[str]:
        there = select(announcements.c.identity).where(announcements.c.identity.in_(identities))
        return set(self.connection.scalars(there))

    def claim_announcement(self, lease: timedelta) -> tuple[Announcement, int] | None:
        due = select(announcements.c.identity).where(UNTOLD, announcements.c.due_at <= self.now)
        one = due.order_by(announcements.c.due_at).limit(1).with_for_update(skip_locked=True)
        found = self.connection.scalar(one)
        if found is None:
            return None
        values = {"state": JobState.CLAIMED, "due_at": self.now + lease, "tries": announcements.c.tries + 1}
        claimed = update(announcements).where(announcements.c.identity == found).values(values)
        row = self.connection.execute(claimed.returning(*_SAID, announcements.c.tries)).one()
        return Announcement(*row[:-1]), row.tries - 1

    def settle_announcement(self, identity: str, reason: str) -> None:
        values = {"state": JobState.DONE, "reason": reason}
        self.connection.execute(update(announcements).where(announcements.c.identity == identity).values(values))

    def defer_announcement(self, identity: str, until: datetime) -> None:
        values = {"state": JobState.PENDING, "due_at": until}
        self.connection.execute(update(announcements).where(announcements.c.identity == identity).values(values))

    def forget_announcements(self, before: datetime, limit: int) -> int:
        old = select(announcements.c.identity).where(announcements.c.until < before).order_by(announcements.c.until).limit(limit)
        result = self.connection.execute(delete(announcements).where(announcements.c.identity.in_(old)))
        assert isinstance(result, CursorResult)
        return result.rowcount

    def gaps_told(self, schedule: str) -> list[tuple[datetime, datetime]]:
        told = select(gaps.c.starts_at, gaps.c.ends_at).where(gaps.c.schedule == schedule)
        return [(row.starts_at, row.ends_at) for row in self.connection.execute(told)]

    def tell_gap(self, schedule: str, start: datetime, end: datetime) -> bool:
        new = self.insert(gaps).values(schedule=schedule, starts_at=start, ends_at=end, told_at=self.now)
        return self.connection.execute(new.on_conflict_do_nothing().returning(gaps.c.schedule)).first() is not None

    def forget_gap(self, schedule: str, start: datetime, end: datetime) -> None:
        one = (gaps.c.schedule == schedule, gaps.c.starts_at == start, gaps.c.ends_at == end)
        self.connection.execute(delete(gaps).where(*one))
