"""Maintenance windows in SQL, those that were ended early too, which incidents are held back, which are parents
of others. Which are refused is decided outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, bindparam, select, type_coerce, update

from escalation.domain.alert import Severity
from escalation.domain.hold import HELD
from escalation.domain.incident import Status
from escalation.domain.inhibition import Parent
from escalation.domain.maintenance import Maintenance, Planned
from escalation.store.site_tables import maintenance
from escalation.store.sql_work import Work
from escalation.store.tables import OPEN, incidents

# Written among other words of an incident, as JSON.
IS_HELD = (incidents.c.status == Status.SNOOZED, type_coerce(incidents.c.alarmed, String).like(f'%"{HELD}%'))
_KEPT = select(maintenance).where(maintenance.c.ends_at > bindparam("since")).order_by(maintenance.c.id)
_STANDING = _KEPT.where(maintenance.c.ended_at.is_(None))
_SEVERITIES = frozenset(severity.value for severity in Severity)
MOST_PARENTS = 100  # a storm of them says what one says
_PARENT = (
    incidents.c.id,
    incidents.c.service,
    type_coerce(incidents.c.severity, String).label("severity"),
    incidents.c.opened_at,
)
_HELD = select(incidents.c.id).where(*IS_HELD).order_by(incidents.c.id)


class Quieting(Work):
    """The maintenance windows' part of a transaction."""

    def maintenance(self, since: datetime, *, ended: bool = False) -> list[Maintenance]:
        return [_maintenance(row) for row in self.connection.execute(_KEPT if ended else _STANDING, {"since": since})]

    def plan_maintenance(self, what: Planned, by: str) -> int:
        values = {
            "scope": what.scope,
            "reason": what.reason,
            "stops": int(what.stops),
            "starts_at": what.start,
            "ends_at": what.end,
        }
        new = maintenance.insert().values(values | {"made_by": by, "made_at": self.now})
        return int(self.connection.execute(new.returning(maintenance.c.id)).scalar_one())

    def end_maintenance(self, id: int, by: str) -> Maintenance | None:
        standing = (maintenance.c.id == id, maintenance.c.ended_at.is_(None), maintenance.c.ends_at > self.now)
        values = {"ended_by": by, "ended_at": self.now}
        row = self.connection.execute(update(maintenance).where(*standing).values(values).returning(maintenance)).first()
        return _maintenance(row) if row else None

    def parents(self, services: Sequence[str], since: datetime, *, details: bool) -> list[Parent]:
        columns = (*_PARENT, incidents.c.details) if details else _PARENT
        of_them = select(*columns).where(OPEN, incidents.c.service.in_(services), incidents.c.opened_at > since)
        rows = self.connection.execute(of_them.order_by(incidents.c.id.desc()).limit(MOST_PARENTS)).all()
        known = [r for r in reversed(rows) if r.severity in _SEVERITIES]  # another release's is nobody's parent
        return [Parent(r.id, r.service, Severity(r.severity), r.opened_at, r.details if details else {}) for r in known]

    def held(self) -> list[int]:
        return list(self.connection.scalars(_HELD))


def _maintenance(row: Row[Any]) -> Maintenance:
    what = Planned(row.scope, row.starts_at, row.ends_at, row.reason, bool(row.stops))
    return Maintenance(row.id, what, row.made_by, row.made_at, row.ended_by, row.ended_at)
