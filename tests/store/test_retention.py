"""Forgetting: what is old enough goes, a little at a time, and nothing that is open is touched; by indexes on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from escalation.domain.commands import CommandKind
from escalation.domain.incident import Incident, Status
from escalation.domain.timeline import Entry, EntryKind
from escalation.retention import Retention
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore, SqlTransaction
from escalation.store.tables import alerts, metadata, outbox, schema_revisions, sites
from tests.builders import NIGHT, alert, site
from tests.store.conftest import HandClock
from tests.store.nights import CALL, TEXT, called

YEAR_AND_MORE = 400


@pytest.fixture
def retention(store: SqlStore) -> Retention:
    return Retention(store, YEAR_AND_MORE)


def closed(tx: SqlTransaction, key: str, repeats: int = 0, alarms: int = 0) -> Incident:
    """An incident with everything that can hang on one, resolved."""
    incident, jobs = called(tx, alert(key=key), CALL, TEXT)
    for job in jobs:
        tx.finish(job.id)
    for _ in range(repeats + 1):
        tx.count(incident.id, alert(key=key))
    tx.hold_phone(key, incident.id, 1, 1, tx.now + timedelta(minutes=5))
    tx.note(incident.id, [Entry(tx.now, EntryKind.ALARM, "EXHAUSTED")] * alarms)
    resolved = replace(incident, status=Status.RESOLVED, timers=frozenset())
    tx.save(incident, resolved, (), (Entry(tx.now, EntryKind.STATUS, "Resolved."),), "")
    return resolved


def forget(retention: Retention) -> list[int]:
    """Until nothing is left to forget; the rows of each turn."""
    turns = []
    while gone := retention.turn():
        turns.append(gone)
    return turns


def rows(store: SqlStore) -> dict[str, int]:
    """Of each table that holds something, but what never goes."""
    kept = (schema_revisions, sites, metadata.tables["counters"])
    with store.read() as tx:
        counts = {
            t.name: tx.connection.scalar(select(func.count()).select_from(t)) for t in metadata.sorted_tables if t not in kept
        }
    return {name: count for name, count in counts.items() if count}


def test_a_closed_incident_goes_with_all_that_hangs_on_it(store: SqlStore, retention: Retention, clock: HandClock) -> None:
    """After 400 days, and not a day before; timeline, alerts, pages, attempts, commands, phones."""
    with store.transaction() as tx:
        closed(tx, "db-1", repeats=3)
    clock.after(days=400)
    forget(retention)
    assert rows(store)["incidents"] == 1
    clock.after(minutes=1)
    for _ in range(60):
        retention.turn()
    assert rows(store) == {}


def test_what_is_open_stays_whole_however_old_it_is(store: SqlStore, retention: Retention, clock: HandClock) -> None:
    """Somebody has it, for years."""
    with store.transaction() as tx:
        incident, _ = called(tx)
        tx.count(incident.id, alert())
    before = rows(store)
    clock.after(days=4000)
    assert forget(retention) == []
    assert rows(store) == before


def test_an_incident_that_was_open_for_long_is_kept_from_its_end_on(
    store: SqlStore, retention: Retention, clock: HandClock
) -> None:
    """The last thing that happened counts, not the first."""
    with store.transaction() as tx:
        incident, _ = called(tx)
    clock.after(days=399)
    with store.transaction() as tx:
        resolved = replace(incident, status=Status.RESOLVED, timers=frozenset())
        tx.save(incident, resolved, (), (Entry(tx.now, EntryKind.STATUS, "Resolved."),), "")
    clock.after(days=399)
    forget(retention)
    assert rows(store)["incidents"] == 1
    clock.after(days=2)
    for _ in range(60):
        retention.turn()
    assert "incidents" not in rows(store)


def test_the_commands_that_were_carried_out_go_after_a_week(store: SqlStore, retention: Retention, clock: HandClock) -> None:
    """Those that were not stay, whatever their age: they are work."""
    with store.transaction() as tx:
        incident, [call, _text] = called(tx, None, CALL, TEXT)
        tx.finish(call.id)
    clock.after(days=7, minutes=1)
    forget(retention)
    with store.read() as tx:
        left = tx.connection.execute(select(outbox.c.kind)).scalars().all()
    assert left == [CommandKind.TEXT]
    assert tx is not None and incident.id == 1


def test_identities_go_after_a_fortnight_unless_an_older_incident_is_open(
    store: SqlStore, retention: Retention, clock: HandClock
) -> None:
    """A callback of an open incident that somebody plays again must find that it was there before."""
    with store.transaction() as tx:
        tx.first_seen("before")
    clock.after(seconds=1)
    with store.transaction() as tx:
        incident, _ = called(tx)
        tx.first_seen("of the incident")
    clock.after(days=15)
    forget(retention)
    with store.transaction() as tx:
        assert not tx.first_seen("of the incident")
        assert tx.first_seen("before")
        tx.save(incident, replace(incident, status=Status.RESOLVED, timers=frozenset()), (), (), "")
    for _ in range(61):
        retention.turn()
    with store.transaction() as tx:
        assert tx.first_seen("of the incident")
        assert not tx.first_seen("before")  # seen again meanwhile


@pytest.mark.parametrize(("days", "after", "is_kept"), [(400, 399, True), (400, 401, False), (0, 5000, True), (3, 13, True)])
def test_a_nonce_is_kept_as_long_as_what_it_may_have_changed(
    days: int, after: int, is_kept: bool, store: SqlStore, clock: HandClock
) -> None:
    """Plivo's older signature would hold for another body: it must not be shown twice; never less than a fortnight."""
    with store.transaction() as tx:
        tx.first_seen("v2:nonce")
    clock.after(days=after)
    forget(Retention(store, days))
    with store.transaction() as tx:
        assert tx.first_seen("v2:nonce") is not is_kept


def test_nothing_closed_goes_where_it_is_to_be_kept_for_ever(store: SqlStore, clock: HandClock) -> None:
    """ESCALATION_KEEP_DAYS=0; the chores' own rows go all the same."""
    with store.transaction() as tx:
        closed(tx, "db-1")
    clock.after(days=5000)
    forget(Retention(store, 0))
    assert {name: count for name, count in rows(store).items() if name in ("incidents", "outbox")} == {"incidents": 1}


def test_it_is_done_in_small_bites(store: SqlStore, retention: Retention, clock: HandClock) -> None:
    """No transaction is long: neither for many incidents nor for one with thousands of alerts."""
    with store.transaction() as tx:
        for number in range(11):
            closed(tx, f"db-{number}")
        tx.connection.execute(
            alerts.insert(),
            [{"incident_id": 1, "at": NIGHT, "action": "trigger", "severity": "error", "summary": "", "source": "", "sender": "",
              "details": {}}] * 1200,
        )  # fmt: skip
    clock.after(days=401)
    turns = forget(retention)
    assert len(turns) == 4
    assert max(turns) <= 600
    assert rows(store) == {}


def test_alarms_that_are_forgotten_are_still_counted(
    store: SqlStore, retention: Retention, queries: Queries, clock: HandClock
) -> None:
    """A counter that falls looks like a restart, and pages somebody for a rise that never was."""
    with store.transaction() as tx:
        closed(tx, "db-1", alarms=3)
    clock.after(days=401)
    forget(retention)
    assert queries.alarms() == 3


def test_it_rests_when_there_is_nothing_to_forget(store: SqlStore, retention: Retention, clock: HandClock) -> None:
    """Once a minute is enough to look."""
    assert retention.turn() == 0
    with store.transaction() as tx:
        closed(tx, "db-1")
    clock.after(days=401)
    assert [retention.turn() > 0 for _ in range(60)] == [False] * 59 + [True]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_closed_incident_that_somebody_is_writing_to_is_not_waited_for(
    store: SqlStore, retention: Retention, clock: HandClock
) -> None:
    """A late callback has it locked: it goes another time. On SQLite there is one writer anyway."""
    with store.transaction() as tx:
        first, _ = closed(tx, "db-1"), closed(tx, "db-2")
    clock.after(days=401)
    with store.transaction() as writer:
        writer.load(first.id)
        assert retention.turn() > 0
        assert retention.turn() == 0
    assert rows(store)["incidents"] == 1


# --- by indexes


@pytest.fixture
def asked(store: SqlStore) -> Iterator[list[tuple[str, object]]]:
    """Every statement that was sent, with its values."""
    with store.transaction() as tx:
        engine = tx.connection.engine
    sent: list[tuple[str, object]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, _context: object, _many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def plan(store: SqlStore, statement: str, parameters: object) -> str:
    """How the database would find the rows, if tables were large."""
    with store.transaction() as tx:
        is_sqlite = tx.connection.dialect.name == "sqlite"
        if not is_sqlite:
            tx.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = tx.connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{statement}", parameters)
        return "\n".join(str(row[-1]) for row in rows)


def test_each_question_is_answered_by_an_index(store: SqlStore, asked: list[tuple[str, object]]) -> None:
    """With a million closed incidents none of them is read to find what is open, or what is old."""
    long_ago = NIGHT - timedelta(days=400)
    with store.transaction() as tx:
        tx.apply(site(), "")
        asked.clear()
        tx.open_after(7, 100)
        tx.text_pages("+15550100001")
        tx.forget_incidents(long_ago, 10)
        tx.forget_commands(long_ago, 500)
        tx.forget_identities(long_ago, long_ago, 500)
    plans = [plan(store, statement, parameters) for statement, parameters in list(asked)]
    together = "\n".join(plans)
    for index in ("incidents_open", "incidents_age", "inbox_seen", "inbox_nonces", "attempts_phone"):
        assert index in together, together
    assert "entries_incident" in together or "entries_" in together
    # The outermost table of each is not read from end to end; outbox, calls and posts from their oldest row on, to the limit.
    scans = [line for line in together.splitlines() if re.search(r"^\s*(SCAN \w+$|.*Seq Scan)", line)]
    assert not [line for line in scans if not any(known in line for known in ("outbox", "calls", "posts", "anon"))], together
