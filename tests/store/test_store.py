"""Transactions: what happens when several want the same, when the database is away, and whose clock it is."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from escalation.domain.incident import Status
from escalation.errors import StoreUnavailable
from escalation.ports import Job, Patience
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.tables import phones
from tests.builders import NIGHT, PHONES, alert, policy
from tests.store.conftest import HandClock
from tests.store.nights import called, opened

LEASE = timedelta(seconds=15)


def test_eight_workers_claim_a_job_once(store: SqlStore) -> None:
    """At the same moment, one of them gets it."""
    with store.transaction() as tx:
        _, [job] = called(tx)
    together = threading.Barrier(8)

    def claim(worker: int) -> Job | None:
        together.wait(10)
        with store.transaction() as tx:
            return tx.claim(job.id, f"w{worker}", LEASE)

    with ThreadPoolExecutor(8) as pool:
        assert [found for found in pool.map(claim, range(8)) if found] == [job]


def test_a_storm_opens_one_incident(store: SqlStore, queries: Queries) -> None:
    """Eight alerts of one trouble in the same moment: one opens the incident, seven see it."""
    together = threading.Barrier(8)

    def deliver(number: int) -> bool:
        together.wait(10)
        with store.transaction() as tx:
            if tx.create(alert(str(number)), "payments", policy()) is not None:
                return True
            assert tx.look("payments", "db-1") is not None
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(deliver, range(8))) == 1
    assert len(queries.incidents()) == 1


def test_changes_of_one_incident_are_made_one_after_the_other(store: SqlStore) -> None:
    """Loading locks: of eight that raise the turn at once, none is lost."""
    with store.transaction() as tx:
        incident = opened(tx)

    def raise_turn(_: int) -> None:
        with store.transaction() as tx:
            before = tx.load(incident.id)
            assert before is not None
            tx.save(before, replace(before, turn=before.turn + 1), (), (), "")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(raise_turn, range(8)))
    with store.transaction() as tx:
        loaded = tx.load(incident.id)
        assert loaded is not None
        assert loaded.turn == 8


def test_a_reader_waits_for_no_writer(store: SqlStore, queries: Queries) -> None:
    """The console opens while somebody writes, and sees what was committed."""
    with store.transaction() as tx:
        incident = opened(tx)
    with store.transaction() as tx:
        tx.save(incident, replace(incident, status=Status.EXHAUSTED), (), (), "")
        assert queries.incidents()[0].status is Status.TRIGGERED
    assert queries.incidents()[0].status is Status.EXHAUSTED


@pytest.mark.parametrize("patience", [Patience.CALLER, Patience.SENDER])
def test_who_has_no_time_gives_up_soon(patience: Patience, store: SqlStore) -> None:
    """A caller waits on the line, a monitor will come again: when a lock is not free in time, the database counts as too busy."""
    with store.transaction() as tx:
        incident = opened(tx)
    with store.transaction() as tx:
        tx.load(incident.id)
        # Still held: only giving up leads out of here.
        with pytest.raises(StoreUnavailable), store.transaction(patience=patience) as hasty:
            hasty.load(incident.id)
    with store.transaction(patience=patience) as hasty:
        assert hasty.load(incident.id) == incident


def test_what_a_caller_was_told_is_not_saved_is_not_saved_later(store: SqlStore) -> None:
    """Whoever waited was answered when the time was up: a transaction that is ready only then is taken back. A worker's is not."""
    for patience, is_kept in ((Patience.CALLER, False), (Patience.WORKER, True)):
        with contextlib.suppress(StoreUnavailable), store.transaction(patience=patience) as tx:
            overdue = time.monotonic() + Patience.CALLER.value
            while time.monotonic() <= overdue:
                tx.first_seen("something slow")
        with store.transaction() as tx:
            assert tx.first_seen("something slow") is not is_kept


def test_a_database_that_is_away_says_nothing_but_that(caplog: pytest.LogCaptureFixture) -> None:
    """One error for every way of being away, with a code and no words of the driver: they may quote what was stored."""
    store = SqlStore("sqlite:////nowhere/at/all.sqlite")
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailable) as caught, store.transaction() as tx:
        tx.first_seen(PHONES["ann"])
    assert str(caught.value) == "the database is away or too busy (SQLITE_CANTOPEN)"
    assert caught.value.__suppress_context__
    assert "nowhere" not in caplog.text
    with pytest.raises(StoreUnavailable):
        Queries(store).incidents()


def test_a_broken_rule_shows_no_number(store: SqlStore) -> None:
    """A constraint that breaks is a fault of ours and is raised as it is, but neither it nor its cause quotes the row."""
    row = {"address": PHONES["ann"], "incident_id": 1, "attempt": 1, "try_": 1, "until": NIGHT}
    with pytest.raises(IntegrityError) as caught, store.transaction() as tx:
        row["incident_id"] = opened(tx).id
        tx.connection.execute(insert(phones).values(row))
        tx.connection.execute(insert(phones).values(row))
    for error in (caught.value, caught.value.orig):
        assert PHONES["ann"] not in repr(error) + str(error)


def test_without_a_clock_the_database_tells_the_time(url: str) -> None:
    """Now, aware, in UTC, and one moment all through a transaction."""
    store = SqlStore(url)
    earlier = datetime.now(UTC)
    with store.transaction() as tx:
        assert tx.now is tx.now
        assert tx.now.tzinfo is UTC
        assert abs(tx.now - earlier) < timedelta(minutes=1)
    store.dispose()


def test_a_clock_handed_in_is_the_time(store: SqlStore, clock: HandClock) -> None:
    """Tests move time by hand; within a transaction it stands."""
    with store.transaction() as tx:
        assert tx.now == NIGHT
        clock.after(hours=1)
        assert tx.now == NIGHT
    with store.transaction() as tx:
        assert tx.now == NIGHT + timedelta(hours=1)


def _open_in_child(store: SqlStore, parents: Engine) -> None:
    assert store._engines.get(Patience.WORKER) is not parents
    with store.transaction() as tx:
        opened(tx, alert(key="child"))


def test_a_forked_child_has_connections_of_its_own(store: SqlStore, queries: Queries) -> None:
    """A worker forks after the store was used: both go on, neither spoils the other's connection."""
    with store.transaction() as tx:
        opened(tx, alert(key="parent"))
    child = multiprocessing.get_context("fork").Process(target=_open_in_child, args=(store, store._engines.get(Patience.WORKER)))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    with store.transaction() as tx:
        opened(tx, alert(key="parent again"))
    assert len(queries.incidents()) == 3
