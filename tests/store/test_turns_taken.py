"""Turns of a round robin in the store: each is given away once, whoever asks at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from escalation.domain.incident import Status
from escalation.domain.overrides import Absence
from escalation.engine import Engine
from escalation.ports import Transaction
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.builders import alert, policy, site, step, target
from tests.fakes import FakeNudge

ROTATING = replace(step(), round_robin=(target("team:payments"),))


def rotating(tx: Transaction) -> None:
    tx.apply(site(policy=policy(ROTATING)), "")


def test_two_workers_never_give_the_same_turn_away(store: SqlStore) -> None:
    """Thirty incidents by four workers: Ann, Bob and Lee have ten each, and a repeat takes no turn."""
    with store.transaction() as tx:
        rotating(tx)

    def work(number: int) -> None:
        engine = Engine(store, FakeNudge())
        for each in range(number, 30, 4):
            engine.take([alert(key=f"db-{each}")])
            engine.take([alert(key=f"db-{each}")])

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    with store.transaction() as tx:
        pages = [tx.load(n).pages[0].responder for n in tx.open_incidents(Status.TRIGGERED)]  # type: ignore[union-attr]
    assert Counter(pages) == {"ann": 10, "bob": 10, "lee": 10}


def test_turns_are_no_events_of_the_metrics(store: SqlStore, queries: Queries) -> None:
    """A counter of its own, which nobody watches."""
    with store.transaction() as tx:
        assert [tx.take_turn("turn:a"), tx.take_turn("turn:a"), tx.take_turn("turn:b")] == [1, 2, 1]
    assert not [name for name in queries.counters() if name.startswith("turn:")]


def test_a_holiday_counts_where_there_are_turns_and_no_schedule(store: SqlStore) -> None:
    """The roster is read with what was arranged."""
    with store.transaction() as tx:
        rotating(tx)
        gone = Absence("ann", tx.now, tx.now + timedelta(hours=1))
        tx.arrange(gone, "ann")
        assert tx.site().roster.absences == (gone,)
