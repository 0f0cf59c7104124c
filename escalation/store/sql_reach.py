"""Who was called before a shift, and what came of it, in SQL: one row a person, the last call."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, select, update

from escalation.store.site_tables import reach
from escalation.store.sql_work import Work


class Reach(Work):
    """The readiness calls' part of a transaction."""

    def ask_reach(self, person: str, shift_at: datetime, apart: timedelta) -> bool:
        new = self.insert(reach).values(person=person, shift_at=shift_at, asked_at=self.now)
        later = and_(reach.c.shift_at < new.excluded.shift_at, reach.c.asked_at <= self.now - apart)
        again = {"shift_at": new.excluded.shift_at, "asked_at": new.excluded.asked_at}
        asked = new.on_conflict_do_update(index_elements=["person"], set_=again, where=later).returning(reach.c.person)
        return self.connection.execute(asked).first() is not None

    def reached(self, person: str, *, answered: bool) -> None:
        values = {"answered": int(answered), "heard_at": self.now}
        self.connection.execute(update(reach).where(reach.c.person == person).values(values))

    def reach(self) -> dict[str, bool]:
        known = select(reach.c.person, reach.c.answered).where(reach.c.answered.is_not(None))
        return {row.person: bool(row.answered) for row in self.connection.execute(known)}
