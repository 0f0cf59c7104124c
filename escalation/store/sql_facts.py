"""The rest of a transaction in SQL: inbox, applied configuration, opt-outs, phones in use, carriers believed down, counters and
heartbeats. Each is one small table."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, String, and_, bindparam, delete, func, insert, or_, select, true, type_coerce, update
from sqlalchemy.sql.dml import ReturningInsert

from escalation.domain.incident import TimerKind
from escalation.domain.overrides import Absence, Override
from escalation.domain.policy import Site
from escalation.domain.roster import Channel
from escalation.errors import StoreUnavailable, Unreadable
from escalation.ports import Clock
from escalation.store.aside import Aside
from escalation.store.sql_arranged import Arranged
from escalation.store.sql_work import inserting
from escalation.store.tables import NOT_HELD, UNDONE, carriers, heartbeats, held, inbox, opt_outs, outbox, phones, sites, timers
from escalation.store.types import clean

_LONGEST_IDENTITY = 200
_OLDER_SITES = 5
STARTING = timedelta(minutes=1)
_VERSION = select(func.max(sites.c.version).label("version")).subquery()
_BLOCKED = (type_coerce(opt_outs.c.channel, String).label("channel"), opt_outs.c.address, opt_outs.c.reason)
_CURRENT = select(_VERSION.c.version, *_BLOCKED).select_from(_VERSION.outerjoin(opt_outs, true()))
_CHANNELS = {channel.value: channel for channel in Channel}
_DOWN = select(carriers.c.name).order_by(carriers.c.name)
_FREE_PHONE = delete(phones).where(phones.c.incident_id == bindparam("incident"), phones.c.attempt == bindparam("number"))

_KEEP_PHONE = (
    update(phones)
    .where(
        phones.c.incident_id == bindparam("incident"), phones.c.attempt == bindparam("number"), phones.c.try_ == bindparam("of")
    )
    .values(until=bindparam("then"))
)


class Facts(Arranged):
    """The small tables' part of a transaction. `sites` caches parsed configurations by version, for the whole store."""

    def __init__(self, connection: Connection, clock: Clock | None, aside: Aside, parsed: dict[int, Site]) -> None:
        super().__init__(connection, clock, aside)
        self._parsed = parsed
        self._current: Site | None = None

    def first_seen(self, identity: str) -> bool:
        row = {"identity": _bounded(identity), "seen_at": self.now}
        return self.connection.execute(_see(self.dialect), row).first() is not None

    def site(self) -> Site:
        if self._current is None:
            self._current = self._read_site()
        return self._current

    def forget_site(self) -> None:
        """It is read anew when it is asked for next."""
        self._current = None

    def apply(self, site: Site, document: str) -> int:
        self.forget_site()
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
        row = {"address": address, "incident_id": incident_id, "attempt": attempt, "try_": try_, "until": until}
        return self.connection.execute(holding(self.dialect), row | {"now": self.now}).first() is not None

    def free_phone(self, incident_id: int, attempt: int) -> None:
        self.connection.execute(_FREE_PHONE, {"incident": incident_id, "number": attempt})

    def keep_phone(self, incident_id: int, attempt: int, try_: int, until: datetime) -> None:
        self.connection.execute(_KEEP_PHONE, {"incident": incident_id, "number": attempt, "of": try_, "then": until})

    def block(self, channel: Channel, address: str, reason: str) -> None:
        self.forget_site()
        new = self.insert(opt_outs).values(channel=channel, address=address, reason=reason, at=self.now)
        rest = {"reason": new.excluded.reason, "at": new.excluded.at}
        self.connection.execute(new.on_conflict_do_update(index_elements=["channel", "address"], set_=rest))

    def unblock(self, channel: Channel, address: str) -> bool:
        self.forget_site()
        gone = delete(opt_outs).where(opt_outs.c.channel == channel, opt_outs.c.address == address)
        return self.connection.execute(gone.returning(opt_outs.c.address)).first() is not None

    def carrier_down(self, carrier: str, reason: str) -> bool:
        believed_up = carrier not in self.carriers_down()
        new = self.insert(carriers).values(name=carrier, down_since=self.now, failed_at=self.now, reason=reason)
        again = {"failed_at": new.excluded.failed_at, "reason": new.excluded.reason, "answered_at": None}
        self.connection.execute(new.on_conflict_do_update(index_elements=["name"], set_=again))
        return believed_up

    def carrier_up(self, carrier: str) -> bool:
        gone = delete(carriers).where(carriers.c.name == carrier).returning(carriers.c.name)
        return self.connection.execute(gone).first() is not None

    def carriers_down(self) -> list[str]:
        return list(self.connection.scalars(_DOWN))

    def carriers_to_ask(self, quiet: timedelta) -> list[str]:
        # One that answers every question and fails every page would else have the whole policy gone through again and again.
        quiet_ones = select(carriers).where(carriers.c.answered_at.is_(None), NOT_HELD).order_by(carriers.c.name)
        rows = self.connection.execute(quiet_ones)
        return [r.name for r in rows if self.now - r.failed_at >= max(quiet, (r.failed_at - r.down_since) / 2)]

    def carrier_answers(self, carrier: str) -> None:
        self.connection.execute(update(carriers).where(carriers.c.name == carrier).values(answered_at=self.now))

    def hold(self, why: str) -> None:
        """From the commit on nothing is sent and nothing fires; alerts, keys and clicks are taken."""
        self.connection.execute(insert(held).values(why=why, since=self.now))

    def let_go(self) -> bool:
        """False when nothing was held. What became due meanwhile is handed out at once; that it could not be sent until now was no
        slowness of the carrier's, so nobody is alarmed for that yet."""
        gone = self.connection.execute(delete(held).returning(held.c.why)).first() is not None
        if gone:
            self.connection.execute(update(outbox).where(UNDONE).values(nudged_at=None))
            waited = and_(timers.c.kind == TimerKind.SLOT, timers.c.due_at <= self.now)
            self.connection.execute(update(timers).where(waited).values(due_at=self.now + STARTING))
        return gone

    def beat(self, process: str) -> None:
        new = self.insert(heartbeats).values(process=process, at=self.now)
        self.connection.execute(new.on_conflict_do_update(index_elements=["process"], set_={"at": new.excluded.at}))

    def beat_if_due(self, name: str, every: timedelta) -> bool:
        row = {"process": name, "at": self.now, "before": self.now - every, "set_back": self.now + STARTING}
        return self.connection.execute(_beat_if_due(self.dialect), row).first() is not None

    def is_held(self) -> bool:
        return self.connection.scalar(select(held.c.why).limit(1)) is not None

    def _read_site(self) -> Site:
        rows = self.connection.execute(_CURRENT).all()
        if rows[0].version is None:
            return Site()
        site = self._site(rows[0].version)
        blocked = {(_CHANNELS[row.channel], row.address): row.reason for row in rows if row.channel in _CHANNELS}
        site = replace(site, roster=site.roster.blocking(blocked)) if blocked else site
        return self._arranged(site) if site.roster.schedules or site.takes_turns else site

    def _arranged(self, site: Site) -> Site:
        """With what still holds or will: a site without schedules and turns pays nothing for it."""
        standing = [a.what for a in self.arrangements(self.now)]
        roster = replace(
            site.roster,
            overrides=tuple(x for x in standing if isinstance(x, Override)),
            absences=tuple(x for x in standing if isinstance(x, Absence)),
        )
        return replace(site, roster=roster, changes=self.roster_changes())

    def set_aside(self, incident_id: int) -> None:
        self._put_aside("incidents", incident_id)

    def _site(self, version: int) -> Site:
        if version not in self._parsed:
            found = self._readable_site(version)
            self._parsed.clear()  # only the newest is ever asked for
            self._parsed[version] = found
        return self._parsed[version]

    def _readable_site(self, newest: int) -> Site:
        """The newest configuration that this release can read: with an older one somebody is paged, with none nobody."""
        versions = select(sites.c.version).where(sites.c.version <= newest).order_by(sites.c.version.desc()).limit(_OLDER_SITES)
        for version in self.connection.scalars(versions).all():
            try:
                site: Site = self.connection.scalars(select(sites.c.site).where(sites.c.version == version)).one()
                return site
            except Unreadable:
                self._aside.put("sites", version, self.now)
        # Not a fault of whatever was to be stored: it must be said again, not thrown away.
        raise StoreUnavailable("no configuration that was applied can be read by this release")


@cache
def _see(dialect: str) -> ReturningInsert[Any]:
    return inserting(dialect, inbox).on_conflict_do_nothing().returning(inbox.c.identity)


@cache
def holding(dialect: str) -> ReturningInsert[Any]:
    new = inserting(dialect, phones)
    ours = and_(phones.c.incident_id == new.excluded.incident_id, phones.c.attempt == new.excluded.attempt)
    rest = {name: new.excluded[name] for name in ("incident_id", "attempt", "try_", "until")}
    where = or_(phones.c.until <= bindparam("now"), ours)
    return new.on_conflict_do_update(index_elements=["address"], set_=rest, where=where).returning(phones.c.address)


@cache
def _beat_if_due(dialect: str) -> ReturningInsert[Any]:
    new = inserting(dialect, heartbeats)
    # One from the future is due too: the clock was put back. Not one of some milliseconds, which a rival wrote while we waited for it.
    due = or_(heartbeats.c.at <= bindparam("before"), heartbeats.c.at > bindparam("set_back"))
    values = {"at": new.excluded.at}
    return new.on_conflict_do_update(index_elements=["process"], set_=values, where=due).returning(heartbeats.c.process)


def _bounded(identity: str) -> str:
    """An identity comes from outside and may be of any length; an index entry may not."""
    text = clean(identity)
    return text if len(text) <= _LONGEST_IDENTITY else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
