"""Codes that went to numbers, and numbers that were shown to be somebody's, in SQL: one row a code. No number, no digit of a code."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete, func, select, update

from escalation.domain.verification import Code, Way, newest
from escalation.store.site_tables import verifications
from escalation.store.sql_work import Work
from escalation.store.tables import phones

_CODE = select(
    verifications.c.id,
    verifications.c.person,
    verifications.c.mark,
    verifications.c.nonce,
    verifications.c.sent_at,
    verifications.c.tries,
    verifications.c.verified_at,
)


class Verified(Work):
    """The number codes' part of a transaction."""

    def codes_sent(self, mark: str, since: datetime) -> list[datetime]:
        self.wait_for("codes", mark)
        sent = select(verifications.c.sent_at).where(verifications.c.mark == mark, verifications.c.sent_at > since)
        return list(self.connection.scalars(sent))

    def keep_code(self, person: str, mark: str, way: Way, nonce: str, by: str) -> Code:
        row = {"person": person, "mark": mark, "way": way, "nonce": nonce, "sent_at": self.now, "sent_by": by, "tries": 0}
        id = self.connection.scalar(verifications.insert().values(row).returning(verifications.c.id))
        assert id is not None
        return Code(id, mark, nonce, self.now)

    def withdraw_code(self, id: int) -> None:
        self.connection.execute(delete(verifications).where(verifications.c.id == id))

    def code(self, id: int) -> Code | None:
        row = self.connection.execute(_CODE.where(verifications.c.id == id)).first()
        if row is None:
            return None
        same = verifications.c.person == row.person, verifications.c.mark == row.mark
        last = self.connection.scalar(select(func.max(verifications.c.id)).where(*same))
        return _code(row) if last == id else None

    def newest_codes(self, person: str, marks: Collection[str], since: datetime) -> list[Code]:
        theirs = verifications.c.person == person, verifications.c.mark.in_(marks), verifications.c.sent_at > since
        found = _CODE.where(*theirs).order_by(verifications.c.id).with_for_update()
        return newest(_code(row) for row in self.connection.execute(found))

    def miss_codes(self, ids: Collection[int]) -> None:
        more = {"tries": verifications.c.tries + 1}
        self.connection.execute(update(verifications).where(verifications.c.id.in_(ids)).values(more))

    def use_code(self, id: int, by: str) -> None:
        values = {"verified_at": self.now, "verified_by": by}
        self.connection.execute(update(verifications).where(verifications.c.id == id).values(values))

    def verified_numbers(self) -> set[tuple[str, str]]:
        known = select(verifications.c.person, verifications.c.mark).where(verifications.c.verified_at.is_not(None))
        return {(row.person, row.mark) for row in self.connection.execute(known)}

    def is_calling(self, address: str) -> bool:
        held = select(phones.c.address).where(phones.c.address == address, phones.c.until > self.now)
        return self.connection.execute(held).first() is not None

    def forget_codes(self, before: datetime, limit: int) -> int:
        lost = verifications.c.verified_at.is_(None), verifications.c.sent_at < before
        old = select(verifications.c.id).where(*lost).order_by(verifications.c.sent_at).limit(limit)
        gone = self.connection.execute(delete(verifications).where(verifications.c.id.in_(old)))
        assert isinstance(gone, CursorResult)
        return gone.rowcount


def _code(row: Any) -> Code:
    return Code(row.id, row.mark, row.nonce, row.sent_at, row.tries, row.verified_at is not None)
