"""What only a database with several writers at once can get wrong: row locks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from escalation.domain.alert import Severity
from escalation.domain.policy import Site
from escalation.engine import Engine
from escalation.errors import StoreUnavailable
from escalation.ports import Job, Patience, Transaction
from escalation.store.sql import SqlStore
from tests.builders import PHONES, alert, site
from tests.fakes import FakeNudge
from tests.store.conftest import HandClock
from tests.store.nights import CALL, called, opened

pytestmark = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
LEASE = timedelta(seconds=15)


def test_a_repeat_waits_for_nobody(store: SqlStore) -> None:
    """A storm is counted, and its timeline written, while somebody holds the incident; and the key press is not kept waiting."""
    with store.transaction() as tx:
        incident = opened(tx)
    with store.transaction() as holder:
        holder.load(incident.id)
        with store.transaction(patience=Patience.CALLER) as storm:
            storm.count(incident.id, alert())
            storm.note(incident.id, ())
    with store.transaction() as storm:
        storm.count(incident.id, alert())
        with store.transaction(patience=Patience.CALLER) as key_press:
            assert key_press.load(incident.id) == incident


def test_two_timekeepers_take_different_jobs(store: SqlStore, clock: HandClock) -> None:
    """Rows that one has locked are skipped by the other, not waited for."""
    later = replace(CALL, not_before=clock.now() + timedelta(seconds=1))
    with store.transaction() as tx:
        for key in "ab":
            called(tx, alert(key=key), later)
    clock.after(seconds=1)
    with store.transaction() as one, store.transaction(patience=Patience.CALLER) as two:
        assert [j.incident_id for j in one.unnudged(1)] == [1]
        assert [j.incident_id for j in two.unnudged(10)] == [2]


def test_a_claim_in_progress_does_not_stop_a_rising_incident(store: SqlStore) -> None:
    """A worker locks the job, then the incident; whoever saves holds the incident and must not wait for the job."""
    with store.transaction() as tx:
        incident, [job] = called(tx)
    with store.transaction() as worker:
        worker.claim(job.id, "w", LEASE)
        with store.transaction(patience=Patience.CALLER) as tx:
            tx.load(incident.id)
            tx.save(incident, replace(incident, severity=Severity.INFO), (), (), "")


def test_a_deadlock_is_a_store_that_was_too_busy(store: SqlStore) -> None:
    """One of the two is told to try again; nothing of it stays, the other goes through."""
    with store.transaction() as tx:
        ids = [opened(tx, alert(key=key)).id for key in "ab"]
    together = Barrier(2)

    def lock(order: list[int]) -> bool:
        try:
            with store.transaction() as tx:
                tx.load(order[0])
                together.wait(10)
                tx.load(order[1])
        except StoreUnavailable:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lock, [ids, ids[::-1]])) == [False, True]


def test_one_of_two_configurations_applied_at_once_is_refused(store: SqlStore) -> None:
    """Both would have been the same version: the later one must look again."""
    with ThreadPoolExecutor(1) as pool, store.transaction() as first:
        first.apply(Site(), "first")
        second = pool.submit(apply, store, "second")  # waits for our row, and then finds its number taken
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        first.connection.commit()
        with pytest.raises(StoreUnavailable):
            second.result(timeout=10)
    with store.transaction() as tx:
        assert tx.document() == "first"


def apply(store: SqlStore, document: str) -> int:
    with store.transaction() as tx:
        return tx.apply(Site(), document)


def test_a_database_that_nobody_migrated_is_away(store: SqlStore, url: str) -> None:
    """A process that is faster than the migration answers "try again", not with a fault of ours."""
    bare = SqlStore(url.rsplit("/", 1)[0] + "/postgres")
    with pytest.raises(StoreUnavailable, match="42P01"), bare.transaction() as tx:
        tx.first_seen(PHONES["ann"])
    bare.dispose()


def test_a_deadlock_is_tried_again_by_the_engine(store: SqlStore) -> None:
    """Nothing of it stays and it passes: neither caller hears of it."""
    with store.transaction() as tx:
        tx.apply(site(), "")
        ids = [opened(tx, alert(key=key)).id for key in "ab"]
    tried: list[int] = []
    together = Barrier(2)

    def lock(order: list[int]) -> None:
        def work(tx: Transaction) -> tuple[None, list[Job]]:
            tried.append(order[0])
            tx.load(order[0])
            if len(tried) <= 2:
                together.wait(10)
            tx.load(order[1])
            return None, []

        Engine(store, FakeNudge())._run(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lock, [ids, ids[::-1]]))
    assert len(tried) == 3
