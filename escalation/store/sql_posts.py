"""Slack messages that show several incidents, in SQL. The message's row is the lock at which those meet who would write it, taken after the
incident's. When they are shared is `gathered_posts`'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, delete, func, or_, select, update

from escalation.domain.commands import CommandKind
from escalation.domain.incident import LAST_RESORT, AttemptStatus
from escalation.domain.joined import Part
from escalation.domain.shown import Line
from escalation.errors import StoreUnavailable
from escalation.shared_posts import Post, Waits
from escalation.store.sql_incidents import is_id
from escalation.store.sql_work import Work
from escalation.store.tables import attempts, incidents, outbox, pages, posts, shown
from escalation.store.types import JobState

_TRIES = 3


class Posts(Work):
    """The shared messages' part of a transaction."""

    def last_post(self, kind: str) -> Post:
        newest = select(posts).where(posts.c.kind == kind, posts.c.given_up == 0).with_for_update()
        for _ in range(_TRIES):
            if row := self.connection.execute(newest).one_or_none():
                return _post(row)
            self._open_post(kind, None)
        raise StoreUnavailable("others begin and give up messages there all the time", passes=True)

    def post_of(self, incident_id: int, attempt: int) -> tuple[Post, int | None] | None:
        of = select(posts, shown.c.turn).join(shown, shown.c.post_id == posts.c.id)
        this = of.where(shown.c.incident_id == incident_id, shown.c.attempt == attempt)
        row = self.connection.execute(this.order_by(posts.c.id.desc()).limit(1).with_for_update(of=posts)).one_or_none()
        return (_post(row), row.turn) if row else None

    def begin_post(self, kind: str, until: datetime) -> Post:
        before = and_(posts.c.kind == kind, posts.c.given_up == 0)
        self.connection.execute(delete(posts).where(before, posts.c.reference == ""))
        self.connection.execute(update(posts).where(before).values(given_up=1))
        self._open_post(kind, until)
        return self.last_post(kind)

    def _open_post(self, kind: str, until: datetime | None) -> None:
        row = {"kind": kind, "reference": "", "posted_at": self.now, "busy_until": until, "given_up": 0}
        self.connection.execute(self.insert(posts).values(row).on_conflict_do_nothing())

    def keep_post(self, post_id: int, until: datetime) -> None:
        self.connection.execute(update(posts).where(posts.c.id == post_id).values(busy_until=until))

    def show(self, post_id: int, members: Sequence[Part]) -> None:
        there = self.connection.scalar(select(func.max(shown.c.place)).where(shown.c.post_id == post_id)) or 0
        for place, (incident_id, attempt) in enumerate(members, there + 1):
            row = {"post_id": post_id, "incident_id": incident_id, "attempt": attempt, "place": place, "turn": None}
            self.connection.execute(self.insert(shown).values(row).on_conflict_do_nothing())

    def lines(self, post_id: int) -> list[Line]:
        if not is_id(post_id):
            return []
        of = and_(attempts.c.incident_id == shown.c.incident_id, attempts.c.number == shown.c.attempt)
        what = (shown.c.incident_id, shown.c.attempt, attempts.c.page, shown.c.place, incidents.c.severity, incidents.c.service,
                incidents.c.summary, incidents.c.status, incidents.c.turn, incidents.c.acknowledged_by)  # fmt: skip
        found = select(*what).select_from(shown).join(attempts, of).join(incidents, incidents.c.id == shown.c.incident_id)
        return [Line(*row) for row in self.connection.execute(found.where(shown.c.post_id == post_id).order_by(shown.c.place))]

    def waiting_posts(self, address: str, incident_id: int, limit: int) -> list[Waits]:
        of = and_(attempts.c.incident_id == outbox.c.incident_id, attempts.c.number == outbox.c.attempt)
        page = and_(pages.c.incident_id == attempts.c.incident_id, pages.c.number == attempts.c.page)
        kind = case((pages.c.step == LAST_RESORT, "last resort "), else_="page ")
        found = select(outbox.c.incident_id, outbox.c.attempt, incidents.c.severity, kind.label("kind")).join(attempts, of)
        found = found.join(pages, page).join(incidents, incidents.c.id == outbox.c.incident_id)
        waits = and_(outbox.c.kind == CommandKind.SLACK, outbox.c.state == JobState.PENDING, outbox.c.try_ == attempts.c.try_)
        can_go = or_(outbox.c.not_before.is_(None), outbox.c.not_before <= self.now)
        theirs = and_(attempts.c.address == address, attempts.c.status == AttemptStatus.PLANNED)
        others = outbox.c.incident_id != incident_id
        nowhere = ~select(shown.c.place).where(shown.c.incident_id == attempts.c.incident_id,
                                               shown.c.attempt == attempts.c.number).exists()  # fmt: skip
        rows = self.connection.execute(
            found.where(waits, can_go, theirs, others, nowhere).order_by(outbox.c.urgency, outbox.c.id).limit(limit)
        )
        first = {row.incident_id: Waits((row.incident_id, row.attempt), row.severity, row.kind + address) for row in rows}
        return list(first.values())

    def posted(self, post_id: int, until: datetime, reference: str, shown_turns: Mapping[Part, int]) -> bool:
        mine = update(posts).where(posts.c.id == post_id, posts.c.busy_until == until)
        written = {"reference": reference, "busy_until": None} | ({} if reference else {"given_up": 1})
        if self.connection.execute(mine.values(written).returning(posts.c.id)).first() is None:
            return False
        for (incident_id, attempt), turn in shown_turns.items():
            this = and_(shown.c.post_id == post_id, shown.c.incident_id == incident_id, shown.c.attempt == attempt)
            self.connection.execute(update(shown).where(this).values(turn=turn))
        return True

    def unposted(self, post_id: int, until: datetime, *, is_gone: bool) -> None:
        mine = update(posts).where(posts.c.id == post_id, posts.c.busy_until == until)
        freed = {"busy_until": None} | ({"given_up": 1} if is_gone else {})
        if self.connection.execute(mine.values(freed).returning(posts.c.id)).first() is None:
            return
        self.connection.execute(delete(shown).where(shown.c.post_id == post_id, shown.c.turn.is_(None)))
        never = and_(posts.c.id == post_id, posts.c.reference == "")
        self.connection.execute(delete(posts).where(never))


def _post(row: Row[Any]) -> Post:
    return Post(row.id, row.reference, row.posted_at, row.busy_until)
