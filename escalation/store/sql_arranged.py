"""Overrides and absences in SQL: one table, rows that are taken back stay until they are long over. Which are refused is decided outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from escalation.domain.arrangements import Arrangement
from escalation.domain.overrides import Absence, Override
from escalation.store.site_tables import ArrangementKind, arrangements
from escalation.store.sql_work import Work
from escalation.store.tables import counters

ROSTER_CHANGES = "roster_change"
_HELD = select(arrangements).where(arrangements.c.ends_at > bindparam("since")).order_by(arrangements.c.id)
_STANDING = _HELD.where(arrangements.c.removed_at.is_(None))
_CHANGES = select(counters.c.count).where(counters.c.name == ROSTER_CHANGES)


class Arranged(Work):
    """The arrangements' part of a transaction."""

    def arrangements(self, since: datetime, *, removed: bool = False) -> list[Arrangement]:
        rows = self.connection.execute(_HELD if removed else _STANDING, {"since": since})
        return [_arrangement(row) for row in rows]

    def roster_changes(self) -> int:
        return int(self.connection.scalar(_CHANGES) or 0)

    def arrange(self, what: Override | Absence, by: str) -> int:
        self.forget_site()
        new = arrangements.insert().values(_row(what) | {"made_by": by, "made_at": self.now})
        id = int(self.connection.execute(new.returning(arrangements.c.id)).scalar_one())
        if what.start <= self.now < what.end:
            self.bump(ROSTER_CHANGES)
        return id

    def take_back(self, id: int, by: str) -> Arrangement | None:
        self.forget_site()
        standing = (arrangements.c.id == id, arrangements.c.removed_at.is_(None), arrangements.c.ends_at > self.now)
        values = {"removed_by": by, "removed_at": self.now}
        row = self.connection.execute(update(arrangements).where(*standing).values(values).returning(arrangements)).first()
        if row is None:
            return None
        if row.starts_at <= self.now:
            self.bump(ROSTER_CHANGES)
        return _arrangement(row)

    def forget_site(self) -> None:
        """It is read anew when it is asked for next."""
        raise NotImplementedError


def _row(what: Override | Absence) -> dict[str, object]:
    times = {"starts_at": what.start, "ends_at": what.end}
    if isinstance(what, Absence):
        return times | {"kind": ArrangementKind.ABSENCE, "schedule": "", "person": what.person, "instead_of": None}
    return times | {
        "kind": ArrangementKind.OVERRIDE, "schedule": what.schedule, "person": what.takes, "instead_of": what.instead_of
    }  # fmt: skip


def _arrangement(row: Row[Any]) -> Arrangement:
    what: Override | Absence
    if row.kind is ArrangementKind.ABSENCE:
        what = Absence(row.person, row.starts_at, row.ends_at)
    else:
        what = Override(row.id, row.schedule, row.starts_at, row.ends_at, row.person, row.instead_of)
    return Arrangement(row.id, what, row.made_by, row.made_at, row.removed_by, row.removed_at)
