"""The troubles that were gathered in one incident, in SQL: one row for each, its own end in it. Incidents of services that gather nothing have
none. Which belong together is decided outside (`domain.grouping`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from escalation.domain.alert import Alert
from escalation.domain.grouping import Member
from escalation.store.sql_work import Work, inserting
from escalation.store.tables import OPEN, incidents, members
from escalation.store.types import clean

_OPEN_MEMBERS = (members.c.incident_id == bindparam("incident"), members.c.resolved_at.is_(None))
_MEMBER = (
    select(members.c.incident_id, incidents.c.severity, members.c.occurred_at, members.c.resolved_at)
    .join(incidents, incidents.c.id == members.c.incident_id)
    .where(OPEN, members.c.service == bindparam("service"))
    .order_by(members.c.incident_id.desc())
    .limit(1)
)
_OF_KEY = _MEMBER.where(members.c.dedup_key == bindparam("dedup_key"))
_OF_GROUP = _MEMBER.where(members.c.group_key == bindparam("group_key"), incidents.c.opened_at > bindparam("since"))
_THIS = (members.c.incident_id == bindparam("incident"), members.c.dedup_key == bindparam("key"))


class Gathered(Work):
    """The members' part of a transaction."""

    def member(self, service: str, dedup_key: str) -> Member | None:
        return _member(self.connection.execute(_OF_KEY, {"service": service, "dedup_key": clean(dedup_key)}).first())

    def gather(self, service: str, group_key: str) -> None:
        self.wait_for(service, group_key)

    def group(self, service: str, group_key: str, since: datetime) -> Member | None:
        which = {"service": service, "group_key": clean(group_key), "since": since}
        return _member(self.connection.execute(_OF_GROUP, which).first())

    def join(self, incident_id: int, service: str, group_key: str, alert: Alert) -> bool:
        this = {"incident": incident_id, "key": clean(alert.dedup_key)}
        there = self.connection.execute(select(members).where(*_THIS), this).first()
        said = {"severity": alert.severity, "summary": alert.summary, "occurred_at": alert.occurred_at}
        if there is None:
            row = {"incident_id": incident_id, "dedup_key": alert.dedup_key, "service": service, "group_key": group_key}
            new = inserting(self.dialect, members).values(row | said | {"joined_at": self.now}).on_conflict_do_nothing()
            return self.connection.execute(new.returning(members.c.incident_id)).first() is not None
        is_later = alert.occurred_at is not None and (there.occurred_at is None or alert.occurred_at > there.occurred_at)
        if there.resolved_at is not None or is_later:
            self.connection.execute(update(members).where(*_THIS).values(said | {"resolved_at": None}), this)
        return there.resolved_at is not None

    def leave(self, incident_id: int, dedup_key: str) -> None:
        gone = update(members).where(*_THIS).values(resolved_at=self.now)
        self.connection.execute(gone, {"incident": incident_id, "key": clean(dedup_key)})

    def members(self, incident_id: int) -> int:
        return int(self.connection.scalar(select(func.count()).where(*_OPEN_MEMBERS), {"incident": incident_id}) or 0)


def _member(row: Any) -> Member | None:
    return Member(row.incident_id, row.severity, row.occurred_at, row.resolved_at is None) if row else None
