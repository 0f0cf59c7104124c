"""Which edition the addresses of calendars are of, in SQL. Not what is in a calendar (`domain.feed`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from escalation.store.site_tables import calendars
from escalation.store.sql_work import Work
from escalation.store.tables import sites


class Calendars(Work):
    """The calendars' part of a transaction."""

    def calendar_editions(self) -> dict[str, int]:
        return {row.owner: row.edition for row in self.connection.execute(select(calendars.c.owner, calendars.c.edition))}

    def renew_calendar(self, owner: str, by: str) -> int:
        new = self.insert(calendars).values(owner=owner, edition=1, renewed_by=by, renewed_at=self.now)
        again = {"edition": calendars.c.edition + 1, "renewed_by": new.excluded.renewed_by, "renewed_at": new.excluded.renewed_at}
        renewed = new.on_conflict_do_update(index_elements=["owner"], set_=again).returning(calendars.c.edition)
        return int(self.connection.execute(renewed).scalar_one())

    def applied_at(self) -> datetime | None:
        found: datetime | None = self.connection.scalar(select(sites.c.applied_at).order_by(sites.c.version.desc()).limit(1))
        return found
