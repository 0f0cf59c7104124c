"""SqlStore: `ports.Store` on SQLite and PostgreSQL, by SQLAlchemy Core. Not the schema (`schema` migrates it) and not retrying:
a transaction that could not be done raises `StoreUnavailable`, its caller knows what to do again. One that met an incident which this
release cannot read raises `Unreadable`; the incident is counted and set aside by then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from escalation.domain.commands import Command
from escalation.domain.incident import Incident
from escalation.domain.policy import Site
from escalation.domain.timeline import Entry
from escalation.errors import StoreUnavailable, Unreadable
from escalation.ports import Clock, Job, Patience
from escalation.store.aside import Aside
from escalation.store.engines import Engines, troubles
from escalation.store.sql_announced import Announced
from escalation.store.sql_audit import Watching
from escalation.store.sql_calendars import Calendars
from escalation.store.sql_facts import Facts
from escalation.store.sql_incidents import Incidents
from escalation.store.sql_members import Gathered
from escalation.store.sql_outbox import Outbox
from escalation.store.sql_posts import Posts
from escalation.store.sql_quiet import Quieting
from escalation.store.sql_reach import Reach
from escalation.store.sql_retention import Forgetting
from escalation.store.sql_slots import Slots
from escalation.store.sql_spending import Spending
from escalation.store.sql_texts import Texts
from escalation.store.sql_verified import Verified


class SqlTransaction(
    Watching,
    Forgetting,
    Announced,
    Calendars,
    Reach,
    Verified,
    Incidents,
    Outbox,
    Texts,
    Posts,
    Slots,
    Spending,
    Quieting,
    Gathered,
    Facts,
):
    """Implements `ports.Transaction`."""

    def load(self, incident_id: int) -> Incident | None:
        found = super().load(incident_id)
        self.forget_site()  # we may have waited for the lock: who is on call is asked as it stands now
        return found

    def save(
        self, before: Incident, after: Incident, commands: Sequence[Command], entries: Sequence[Entry], cause: str
    ) -> list[Job]:
        if before.is_open and not after.is_open:
            self.shut(after.id)
        self._save_incident(before, after)
        self._hurry(before, after)
        self._add_entries(after.id, entries)
        return self._enqueue(after, commands, cause)


class SqlStore:
    """Implements `ports.Store`. Connects when first used, and anew in a forked child. For tests: `clock`, without which the database's
    own is asked, and `caller`, the seconds in which a caller's transaction must be ready."""

    def __init__(self, url: str, clock: Clock | None = None, *, caller: float = Patience.CALLER.value) -> None:
        self._engines = Engines(url)
        self._clock = clock
        self._caller = caller
        self._parsed: dict[int, Site] = {}
        self._aside = Aside()

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[SqlTransaction]:
        try:
            with self._transaction(patience) as tx:
                yield tx
        except Unreadable as error:  # what this transaction did is taken back, and with it any note of the row
            if error.incident_id:
                with self._transaction(patience) as tx:
                    tx.set_aside(error.incident_id)
            raise

    @contextmanager
    def _transaction(self, patience: Patience) -> Iterator[SqlTransaction]:
        until = monotonic() + (self._caller if patience is Patience.CALLER else patience.value)
        with troubles(), self._engines.turn(patience, until), self._engines.get(patience).connect() as plain:
            with plain.execution_options(until=until).begin() as work:
                yield SqlTransaction(work.connection, self._clock, self._aside, self._parsed)
                if patience is Patience.CALLER and monotonic() > until:
                    raise StoreUnavailable("too late for whoever waited")

    @contextmanager
    def read(self, *, patience: Patience = Patience.WORKER) -> Iterator[SqlTransaction]:
        """A transaction that only reads: it waits for no writer, and sees one moment. Raises `StoreUnavailable`."""
        with troubles(), self._engines.get(patience).connect() as plain:
            connection = plain.execution_options(reads=True)
            with connection.begin():
                yield SqlTransaction(connection, self._clock, self._aside, self._parsed)

    def dispose(self) -> None:
        """Closes idle connections."""
        self._engines.dispose()
