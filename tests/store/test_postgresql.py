"""What only a database with several writers at once can get wrong: row locks."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import TextClause, text

from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.dedup import What
from escalation.domain.events import Resolved
from escalation.domain.incident import Via
from escalation.domain.policy import Site
from escalation.engine import Engine, Taken, rule
from escalation.errors import StoreUnavailable
from escalation.ports import Job, Patience, Transaction
from escalation.store.sql import SqlStore
from tests.builders import NIGHT, PHONES, alert, site
from tests.fakes import FakeNudge
from tests.processes import until
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
            assert storm.repeat(incident.id, alert())
            storm.note(incident.id, ())
    with store.transaction() as storm:
        assert storm.repeat(incident.id, alert())
        with store.transaction(patience=Patience.CALLER) as key_press:
            assert key_press.load(incident.id) == incident


def taking(engine: Engine, said: Alert, store: SqlStore) -> Future[tuple[Taken, ...]]:
    """Another process takes an alert, and waits for us by now."""
    others = ThreadPoolExecutor(1)
    taken = others.submit(engine.take, [said])
    waiting = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    assert until(lambda: _any(store, waiting))
    others.shutdown(wait=False)
    return taken


def _any(store: SqlStore, question: TextClause) -> bool:
    with store.read() as tx:
        return tx.connection.execute(question).first() is not None


def test_who_fires_again_while_it_is_being_resolved_opens_a_new_incident(store: SqlStore) -> None:
    """Counted on the old one, nobody would be paged: the alert waits for the resolve, and for nothing else."""
    engine = Engine(store, FakeNudge())
    with store.transaction() as tx:
        tx.apply(site(), "")
    engine.take([alert()])
    with store.transaction() as monitor:
        incident = monitor.load(1)
        assert incident
        rule(monitor, incident, Resolved("ann", Via.CONSOLE), [])
        again = taking(engine, alert(), store)
    assert [(t.what, t.incident_id) for t in again.result(10)] == [(What.OPENED, 2)]


def test_a_resolve_waits_for_who_is_counting_and_then_closes_only_what_it_means(store: SqlStore) -> None:
    """The trouble began again in the same moment: the resolve is of the first time, so the incident stays open."""
    engine = Engine(store, FakeNudge())
    with store.transaction() as tx:
        tx.apply(site(), "")
    engine.take([alert(occurred_at=NIGHT)])
    with store.transaction() as storm:
        assert storm.repeat(1, alert(occurred_at=NIGHT + timedelta(minutes=1)))
        resolve = taking(engine, alert(action=Action.RESOLVE, occurred_at=NIGHT), store)
    assert [t.what for t in resolve.result(10)] == [What.IGNORED]
    with store.transaction() as tx:
        incident = tx.load(1)
        assert incident and incident.is_open


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
    assert len(tried) > 2  # the two may get into each other's way once more
