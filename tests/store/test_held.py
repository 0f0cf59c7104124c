"""A held site: nothing is handed out and nothing fires, what comes in is taken; let go, everything goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.incident import Status, Timer, TimerKind
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.store.conftest import HandClock
from tests.store.nights import called, opened

LEASE = timedelta(seconds=15)


def test_nothing_is_handed_out_while_it_is_held(store: SqlStore, clock: HandClock) -> None:
    """Not to a worker that was nudged, not to a timekeeper, not to whoever settles what others left, no timer, no question to a carrier."""
    with store.transaction() as tx:
        _, (job, *_) = called(tx)
        tx.carrier_down("plivo", "5xx")
        tx.hold("restored")
    clock.after(minutes=10)
    with store.transaction() as tx:
        assert tx.claim(job.id, "worker", LEASE) is None
        assert (tx.unnudged(9), tx.unclaimed(timedelta(0), 9), tx.abandoned(9), tx.due_timers(9)) == ([], [], [], [])
        assert tx.carriers_to_ask(timedelta(0)) == []


def test_a_claim_of_before_is_not_taken_for_abandoned(store: SqlStore, clock: HandClock) -> None:
    """Settling it would send it again."""
    with store.transaction() as tx:
        _, (job, *_) = called(tx)
        tx.claim(job.id, "worker", LEASE)
        tx.hold("restored")
    clock.after(minutes=1)
    with store.transaction() as tx:
        assert tx.abandoned(9) == []
        tx.let_go()
        assert [one.id for one in tx.abandoned(9)] == [job.id]


def test_what_comes_in_is_taken(store: SqlStore) -> None:
    """An alert, a key: what is said to us is never refused for that."""
    with store.transaction() as tx:
        tx.hold("restored")
    with store.transaction() as tx:
        incident, jobs = called(tx)
        assert jobs
        assert tx.load(incident.id).status is Status.TRIGGERED


def test_let_go_it_hands_out_what_became_due_at_once(store: SqlStore, clock: HandClock) -> None:
    """Its nudge was in vain; it does not wait until the timekeeper misses a worker."""
    with store.transaction() as tx:
        tx.hold("restored")
        _, (job, *_) = called(tx)
    with store.transaction() as tx:
        assert tx.let_go()
        assert not tx.let_go()
    with store.transaction() as tx:
        assert [one.id for one in tx.unnudged(9)] == [job.id]
        assert tx.claim(job.id, "worker", LEASE)
        clock.after(minutes=10)
    with store.transaction() as tx:
        assert tx.due_timers(9)


def test_what_could_not_be_sent_while_it_was_held_is_nobody_s_slowness(store: SqlStore, clock: HandClock) -> None:
    """Else each incident would mail the last resort in the moment in which its call goes out."""
    with store.transaction() as tx:
        tx.hold("restored")
        incident = opened(tx)
        tx.save(incident, replace(incident, timers=frozenset({Timer(TimerKind.SLOT, 0, 1, tx.now)})), (), (), "")
    clock.after(minutes=10)
    with store.transaction() as tx:
        tx.let_go()
        assert tx.due_timers(9) == []
    clock.after(minutes=1)
    with store.transaction() as tx:
        assert [timer.kind for _, timer in tx.due_timers(9)] == [TimerKind.SLOT]


def test_it_says_since_when_and_why(store: SqlStore, queries: Queries, clock: HandClock) -> None:
    """To whoever wonders why nobody is called."""
    assert queries.held() is None
    with store.transaction() as tx:
        tx.hold("restored from the backup of noon")
    assert str(queries.held()) == "held since 2026-11-23 03:00 UTC, restored from the backup of noon: nobody is paged"
