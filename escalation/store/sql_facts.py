"""The rest of a transaction in SQL: inbox, applied configuration, opt-outs, phones in use, carriers believed down, counters and
heartbeats. Each is one small table."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, or_, select

from escalation.domain.policy import Site
from escalation.domain.roster import Channel
from escalation.errors import StoreUnavailable
from escalation.ports import Clock
from escalation.store.sql_work import Work
from escalation.store.tables import carriers, counters, heartbeats, inbox, opt_outs, phones, sites
from escalation.store.types import clean

_LONGEST_IDENTITY = 200


class Facts(Work):
    """The small tables' part of a transaction. `sites` caches parsed configurations by version, for the whole store."""

    def __init__(self, connection: Connection, clock: Clock | None, parsed: dict[int, Site]) -> None:
        super().__init__(connection, clock)
        self._parsed = parsed

    def first_seen(self, identity: str) -> bool:
        new = self.insert(inbox).values(identity=_bounded(identity), seen_at=self.now)
        return self.connection.execute(new.on_conflict_do_nothing().returning(inbox.c.identity)).first() is not None

    def site(self) -> Site:
        version = self.connection.scalar(select(func.max(sites.c.version)))
        if version is None:
            return Site()
        site = self._site(version)
        blocked = {(row.channel, row.address): row.reason for row in self.connection.execute(select(opt_outs))}
        return replace(site, roster=site.roster.blocking(blocked)) if blocked else site

    def apply(self, site: Site, document: str) -> int:
        version = int(self.connection.scalar(select(func.max(sites.c.version))) or 0) + 1
        self._parsed = {}  # until the commit this version is ours alone: taken back, its number goes to another
        row = {"version": version, "applied_at": self.now, "document": clean(document), "site": replace(site, version=version)}
        new = self.insert(sites).values(row).on_conflict_do_nothing().returning(sites.c.version)
        if self.connection.execute(new).first() is None:  # two people applied in the same moment
            raise StoreUnavailable("somebody else applied a configuration meanwhile")
        return version

    def document(self) -> str:
        return self.connection.scalar(select(sites.c.document).order_by(sites.c.version.desc()).limit(1)) or ""

    def hold_phone(self, address: str, incident_id: int, attempt: int, try_: int, until: datetime) -> bool:
        new = self.insert(phones).values(address=address, incident_id=incident_id, attempt=attempt, try_=try_, until=until)
        ours = and_(phones.c.incident_id == incident_id, phones.c.attempt == attempt)
        held = new.on_conflict_do_update(
            index_elements=["address"],
            set_={name: new.excluded[name] for name in ("incident_id", "attempt", "try_", "until")},
            where=or_(phones.c.until <= self.now, ours),
        )
        return self.connection.execute(held.returning(phones.c.address)).first() is not None

    def free_phone(self, incident_id: int, attempt: int) -> None:
        self.connection.execute(delete(phones).where(phones.c.incident_id == incident_id, phones.c.attempt == attempt))

    def block(self, channel: Channel, address: str, reason: str) -> None:
        new = self.insert(opt_outs).values(channel=channel, address=address, reason=reason, at=self.now)
        rest = {"reason": new.excluded.reason, "at": new.excluded.at}
        self.connection.execute(new.on_conflict_do_update(index_elements=["channel", "address"], set_=rest))

    def unblock(self, channel: Channel, address: str) -> None:
        self.connection.execute(delete(opt_outs).where(opt_outs.c.channel == channel, opt_outs.c.address == address))

    def carrier_down(self, carrier: str, reason: str) -> bool:
        new = self.insert(carriers).values(name=carrier, down_since=self.now, reason=reason)
        return self.connection.execute(new.on_conflict_do_nothing().returning(carriers.c.name)).first() is not None

    def carrier_up(self, carrier: str) -> bool:
        gone = delete(carriers).where(carriers.c.name == carrier).returning(carriers.c.name)
        return self.connection.execute(gone).first() is not None

    def carriers_down(self) -> list[str]:
        return list(self.connection.scalars(select(carriers.c.name).order_by(carriers.c.name)))

    def bump(self, counter: str) -> None:
        new = self.insert(counters).values(name=counter, count=1)
        more = {"count": counters.c.count + 1}
        self.connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=more))

    def beat(self, process: str) -> None:
        new = self.insert(heartbeats).values(process=process, at=self.now)
        self.connection.execute(new.on_conflict_do_update(index_elements=["process"], set_={"at": new.excluded.at}))

    def _site(self, version: int) -> Site:
        if version not in self._parsed:
            self._parsed.clear()  # only the newest is ever asked for
            self._parsed[version] = self.connection.scalars(select(sites.c.site).where(sites.c.version == version)).one()
        return self._parsed[version]


def _bounded(identity: str) -> str:
    """An identity comes from outside and may be of any length; an index entry may not."""
    text = clean(identity)
    return text if len(text) <= _LONGEST_IDENTITY else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
