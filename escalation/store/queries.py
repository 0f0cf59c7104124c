"""Read models: what the console, the command line, the health checks and the metrics show. Plain questions that change nothing and
wait for no writer; each raises `StoreUnavailable` when the database is away. A row that this release cannot read is left out and
hides no other. Not the machine's view (`sql`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, Label, Row, Select, String, and_, func, select, type_coerce

from escalation.domain.alert import Action
from escalation.domain.cost import Cap, Spent
from escalation.domain.hold import held_by
from escalation.domain.incident import Incident, Status, TimerKind
from escalation.domain.maintenance import Maintenance, on_now
from escalation.domain.policy import READINESS, SELF_TEST, Site
from escalation.domain.roster import Roster
from escalation.domain.timeline import Entry, EntryKind
from escalation.errors import Unreadable
from escalation.store.sql_incidents import URGENCY, is_id
from escalation.store.sql_outbox import KNOWN
from escalation.store.sql_retention import FORGOTTEN_ALARMS
from escalation.store.tables import (
    CLOSED,
    OPEN,
    UNDONE,
    alerts,
    carriers,
    counters,
    entries,
    heartbeats,
    held,
    incidents,
    outbox,
    sites,
    timers,
)
from escalation.store.types import JobState
from escalation.store.views import ConfigVersion, Hold, IncidentRow, IncidentView, Maintained, Sending, TimelineEntry, WaitingJob

TELLING = (TimerKind.STEP, TimerKind.SNOOZE, TimerKind.ACK)  # the timers that tell a person what happens next
NONE = timedelta(0)
_OPEN = tuple(status for status in Status if status is not Status.RESOLVED)
_ROW = ("id", "service", "summary", "severity", "status", "opened_at", "acknowledged_by", "step", "policy", "alarmed")
_KINDS = {kind.value: kind for kind in EntryKind}
_LISTED = tuple(incidents.c[name] for name in _ROW)  # not the details: they may be half a megabyte


class Reading(Protocol):
    """What is needed of a transaction to ask questions."""

    connection: Connection

    @property
    def now(self) -> datetime: ...

    def peek(self, incident_ids: list[int]) -> list[Incident]: ...

    def site(self) -> Site: ...

    def maintenance(self, since: datetime, *, ended: bool = False) -> list[Maintenance]: ...

    def held(self) -> list[int]: ...

    def reach(self) -> dict[str, bool]: ...

    def verified_numbers(self) -> set[tuple[str, str]]: ...

    def spent_today(self) -> Spent: ...


class Readable(Protocol):
    """What is needed of a store: `SqlStore` offers it."""

    def read(self) -> AbstractContextManager[Reading]: ...


class Queries:
    """Each method is one reading transaction."""

    def __init__(self, store: Readable) -> None:
        self._store = store

    def incidents(self, *, open_only: bool = True, limit: int = 200) -> list[IncidentRow]:
        """Most urgent first when only open ones are asked for, else newest first."""
        wanted = _listed().order_by(incidents.c.id.desc()).limit(limit)
        if open_only:
            urgent_first = URGENCY, incidents.c.id.desc()
            # Chosen first: what is counted beside each row would be counted for all that are open.
            chosen = select(incidents.c.id).where(OPEN).order_by(*urgent_first).limit(limit)
            wanted = _listed().where(incidents.c.id.in_(chosen)).order_by(*urgent_first)
        with self._store.read() as tx:
            try:
                return [_line(row) for row in tx.connection.execute(wanted)]
            except Unreadable:
                ids = tx.connection.scalars(wanted.with_only_columns(incidents.c.id)).all()
                return [line for id in ids for line in _readable(tx.connection, id)]

    def incident(self, incident_id: int) -> IncidentView | None:
        with self._store.read() as tx:
            found = tx.peek([incident_id])
            if not found:
                _must_be_absent(tx.connection, incident_id)
                return None
            told = _entries(tx.connection, incident_id, 0)
            received: int = tx.connection.execute(select(_received(incident_id))).scalar_one()
            return IncidentView(found[0], told, max(received - 1, 0), _jobs(tx.connection, incident_id))

    def timeline(self, incident_id: int, after_seq: int = 0) -> tuple[TimelineEntry, ...]:
        """The story in its order, from after an entry that was seen already."""
        with self._store.read() as tx:
            return _entries(tx.connection, incident_id, after_seq) if is_id(incident_id) else ()

    def sending(self) -> Sending:
        with self._store.read() as tx:
            state = type_coerce(outbox.c.state, String).label("state")
            jobs = select(state, func.count().label("jobs")).where(UNDONE).group_by(outbox.c.state)
            waiting = {row.state: row.jobs for row in tx.connection.execute(jobs)}
            due = tx.connection.scalar(select(func.min(outbox.c.due_at)).where(UNDONE))
            fires = tx.connection.scalar(select(func.min(timers.c.due_at)))
            down = {r.name: r.down_since for r in tx.connection.execute(select(carriers).order_by(carriers.c.name))}
            pending, claimed = waiting.get(JobState.PENDING, 0), waiting.get(JobState.CLAIMED, 0)
            return Sending(tx.now, pending, claimed, _late(tx.now, due), _late(tx.now, fires), down)

    def counts(self) -> dict[Status, int]:
        """How many open incidents there are of each status, those with none too; self-tests are none."""
        with self._store.read() as tx:
            status = type_coerce(incidents.c.status, String).label("status")
            # By name, not as "all but the closed ones": SQLite would go through those too.
            known = select(status, func.count().label("many")).where(
                incidents.c.status.in_(_OPEN), incidents.c.service.not_in((SELF_TEST, READINESS))
            )
            many = {row.status: row.many for row in tx.connection.execute(known.group_by(incidents.c.status))}
            return {status: many.get(status.value, 0) for status in _OPEN}

    def closed(self) -> int:
        """How many closed incidents are kept, self-tests with them: each is counted, which takes 60 ms for a million of them."""
        with self._store.read() as tx:
            return tx.connection.scalar(select(func.count()).select_from(incidents).where(CLOSED)) or 0

    def alarms(self) -> int:
        """Dead ends told to the last resort, ever: also those of incidents that were forgotten since."""
        with self._store.read() as tx:
            kept = tx.connection.scalar(select(func.count()).where(entries.c.kind == EntryKind.ALARM)) or 0
            forgotten = tx.connection.scalar(select(counters.c.count).where(counters.c.name == FORGOTTEN_ALARMS)) or 0
            return kept + forgotten

    def counters(self) -> dict[str, int]:
        """Without the turns of round robins: they are no events."""
        with self._store.read() as tx:
            rows = tx.connection.execute(select(counters.c.name, counters.c.count.label("count_")))
            return {row.name: row.count_ for row in rows if not row.name.startswith("turn:")}

    def held(self) -> Hold | None:
        """Since when nothing is sent, and why; None on a site that pages."""
        with self._store.read() as tx:
            row = tx.connection.execute(select(held).limit(1)).one_or_none()
            return Hold(row.why, row.since) if row else None

    def maintained(self) -> Maintained:
        with self._store.read() as tx:
            return Maintained(on_now(tx.site().maintenance, tx.maintenance(tx.now), tx.now), len(tx.held()))

    def heartbeats(self) -> dict[str, timedelta]:
        """How long ago each process was heard, by the database's clock."""
        with self._store.read() as tx:
            return {row.process: tx.now - row.at for row in tx.connection.execute(select(heartbeats))}

    def reach(self) -> dict[str, bool]:
        """Whether people pressed the key of the last call before a shift."""
        with self._store.read() as tx:
            return tx.reach()

    def verified_numbers(self) -> set[tuple[str, str]]:
        """(person, mark of the number) of all that were shown to be theirs."""
        with self._store.read() as tx:
            return tx.verified_numbers()

    def spending(self) -> tuple[Spent, Cap | None]:
        """What is taken to be spent since midnight UTC, and the cap; nothing is counted without one."""
        with self._store.read() as tx:
            return tx.spent_today(), tx.site().spending_cap

    def roster(self) -> tuple[Roster, datetime]:
        """As it stands, and when that was."""
        with self._store.read() as tx:
            return tx.site().roster, tx.now

    def config_versions(self, limit: int = 20) -> list[ConfigVersion]:
        """Newest first."""
        with self._store.read() as tx:
            newest = select(sites.c.version, sites.c.applied_at).order_by(sites.c.version.desc()).limit(limit)
            return [ConfigVersion(row.version, row.applied_at) for row in tx.connection.execute(newest)]


def _listed() -> Select[tuple[object, ...]]:
    next_at = select(func.min(timers.c.due_at)).where(timers.c.incident_id == incidents.c.id, timers.c.kind.in_(TELLING))
    return select(*_LISTED, next_at.scalar_subquery().label("next_at"), _received())


def _received(incident_id: int | None = None) -> Label[int]:
    """How often the trouble was reported, of one incident or of each that the query around it lists: an acknowledgement or a
    resolve is no report."""
    whose = incidents.c.id if incident_id is None else incident_id
    reports = alerts.c.incident_id == whose, alerts.c.action == Action.TRIGGER
    return select(func.count()).where(*reports).scalar_subquery().label("received")


def _line(row: Row[tuple[object, ...]]) -> IncidentRow:
    steps = len(row.policy.steps)
    step = min(row.step + 1, steps)
    own = {column.name: getattr(row, column.name) for column in _LISTED if column.name not in ("policy", "step", "alarmed")}
    hold = held_by(row.alarmed) if row.status is Status.SNOOZED else None
    return IncidentRow(**own, step=step, steps=steps, next_at=row.next_at, repeats=max(row.received - 1, 0), hold=hold)


def _readable(connection: Connection, incident_id: int) -> list[IncidentRow]:
    try:
        return [_line(row) for row in connection.execute(_listed().where(incidents.c.id == incident_id))]
    except Unreadable:
        return []


def _must_be_absent(connection: Connection, incident_id: int) -> None:
    """Raises `Unreadable`: an incident that is there must not be called unknown."""
    if is_id(incident_id) and connection.scalar(select(incidents.c.id).where(incidents.c.id == incident_id)):
        raise Unreadable(f"INC-{incident_id} cannot be read by this release: another one wrote it, or it is damaged", incident_id)


def _entries(connection: Connection, incident_id: int, after_seq: int) -> tuple[TimelineEntry, ...]:
    """A kind that another release made up reads as a note."""
    columns = entries.c.seq, entries.c.at, type_coerce(entries.c.kind, String).label("kind"), entries.c.text
    told = select(*columns).where(entries.c.incident_id == incident_id, entries.c.seq > after_seq).order_by(entries.c.seq)
    return tuple(
        TimelineEntry(row.seq, Entry(row.at, _KINDS.get(row.kind, EntryKind.NOTE), row.text)) for row in connection.execute(told)
    )


def _jobs(connection: Connection, incident_id: int) -> tuple[WaitingJob, ...]:
    undone = select(outbox).where(and_(outbox.c.incident_id == incident_id, UNDONE, KNOWN)).order_by(outbox.c.due_at, outbox.c.id)
    return tuple(
        WaitingJob(row.id, row.task_id, row.kind, row.label, row.state, row.due_at, row.nudged_at)
        for row in connection.execute(undone)
    )


def _late(now: datetime, due: datetime | None) -> timedelta:
    return max(now - due, NONE) if due else NONE
