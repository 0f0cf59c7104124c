"""Read models: what the console, the command line and the metrics are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.alert import Severity
from escalation.domain.incident import Status, Timer, TimerKind
from escalation.domain.timeline import Entry, EntryKind
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.views import ConfigVersion, IncidentRow
from tests.builders import NIGHT, alert, site
from tests.store.conftest import HandClock
from tests.store.nights import CALL, TEXT, called, opened

FIVE = timedelta(minutes=5)


def test_a_line_says_what_a_tired_person_asks(store: SqlStore, queries: Queries) -> None:
    """What, how bad, where in the policy, what next and when, how often it was reported."""
    with store.transaction() as tx:
        incident, _ = called(tx)
        for _ in range(3):
            tx.count(incident.id, alert())
    assert queries.incidents() == [
        IncidentRow(
            id=1, service="payments", summary="db-1 is down", severity=Severity.CRITICAL, status=Status.TRIGGERED, opened_at=NIGHT,
            acknowledged_by="", step=1, steps=4, next_at=NIGHT + FIVE, repeats=2,
        )
    ]  # fmt: skip
    assert queries.incidents()[0].short_id == "INC-1"


def test_the_list_shows_open_ones_by_urgency_or_all_by_age(store: SqlStore, queries: Queries) -> None:
    """Open: worst first, then newest. All: newest first. Never more than asked for."""
    with store.transaction() as tx:
        for severity in (Severity.INFO, Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL):
            opened(tx, alert(key=f"{severity}{len(tx.open_incidents())}", severity=severity))
        gone = opened(tx, alert(key="gone"))
        tx.save(gone, replace(gone, status=Status.RESOLVED, step=9), (), (), "")
    assert [row.id for row in queries.incidents()] == [4, 2, 3, 1]
    assert [row.id for row in queries.incidents(limit=2)] == [4, 2]
    assert [(row.id, row.step) for row in queries.incidents(open_only=False, limit=2)] == [(5, 4), (4, 1)]


def test_the_full_view_is_the_incident_with_its_story(store: SqlStore, queries: Queries) -> None:
    """Incident, entries, repeats; None for one that does not exist, however large its number."""
    with store.transaction() as tx:
        incident, _ = called(tx)
        tx.note(incident.id, [Entry(NIGHT, EntryKind.NOTE, "late")])
    view = queries.incident(incident.id)
    assert view is not None
    assert (view.incident, view.repeats, [e.entry.text for e in view.entries]) == (incident, 0, ["late"])
    assert queries.incident(2) is None
    assert queries.incident(10**30) is None
    assert queries.timeline(10**30) == ()


def test_sending_tells_how_late_we_are(store: SqlStore, queries: Queries, clock: HandClock) -> None:
    """Nothing due: no delay. Then the age of the oldest due job and timer, and which carriers are believed down."""
    with store.transaction() as tx:
        incident = opened(tx)
    idle = queries.sending()
    assert (idle.pending, idle.claimed, idle.oldest_due, idle.overdue_timer, idle.down) == (0, 0, timedelta(0), timedelta(0), {})

    with store.transaction() as tx:
        late = Timer(TimerKind.STEP, 0, 1, NIGHT + timedelta(seconds=20))
        tx.save(incident, replace(incident, timers=frozenset({late})), (), (), "")
        _, jobs = called(tx, alert(key="other"), CALL, TEXT)
        tx.carrier_down("plivo", "503")
        tx.claim(jobs[0].id, "w", FIVE)
    clock.after(seconds=30)
    busy = queries.sending()
    assert (busy.pending, busy.claimed, busy.oldest_due) == (1, 1, timedelta(seconds=30))
    assert (busy.overdue_timer, busy.down) == (timedelta(seconds=30), {"plivo": NIGHT})


def test_counts_are_by_status(store: SqlStore, queries: Queries) -> None:
    """Every status of open incidents is named, those with none too; closed ones are counted apart."""
    with store.transaction() as tx:
        opened(tx)
        for status in (Status.EXHAUSTED, Status.RESOLVED, Status.RESOLVED):
            other = opened(tx, alert(key="other"))
            tx.save(other, replace(other, status=status, dedup_key=f"{other.id}"), (), (), "")
    none = dict.fromkeys((Status.ACKNOWLEDGED, Status.SNOOZED), 0)
    assert queries.counts() == none | {Status.TRIGGERED: 1, Status.EXHAUSTED: 1}
    assert queries.closed() == 2


def test_alarms_are_counted(store: SqlStore, queries: Queries) -> None:
    """Entries of dead ends, and no others."""
    with store.transaction() as tx:
        incident = opened(tx)
        tx.note(incident.id, [Entry(NIGHT, kind, "x") for kind in (EntryKind.ALARM, EntryKind.NOTE, EntryKind.ALARM)])
    assert queries.alarms() == 2


def test_configurations_are_listed_newest_first(store: SqlStore, queries: Queries, clock: HandClock) -> None:
    """Version and when it was applied."""
    for _ in range(2):
        with store.transaction() as tx:
            tx.apply(site(), "")
        clock.after(minutes=5)
    assert queries.config_versions() == [ConfigVersion(2, NIGHT + FIVE), ConfigVersion(1, NIGHT)]
