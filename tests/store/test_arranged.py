"""Overrides and absences in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.overrides import Absence, Override
from escalation.ports import Transaction
from escalation.retention import Retention
from escalation.store.sql import SqlStore
from tests.builders import site
from tests.domain.schedules import plain, weekly
from tests.store.conftest import HandClock

HOUR = timedelta(hours=1)


def scheduled(tx: Transaction) -> None:
    found = site()
    tx.apply(replace(found, roster=replace(found.roster, schedules={"payments": plain(weekly("ann", "bob"))})), "")


def test_what_is_arranged_stands_in_the_roster_until_it_is_taken_back(store: SqlStore) -> None:
    """With an id of its own; the latest of two holds, so the order is that of the ids."""
    with store.transaction() as tx:
        scheduled(tx)
        end = tx.now + HOUR
        ids = [tx.arrange(Override(0, "payments", tx.now, end, who, "ann"), "lee") for who in ("bob", None)]
        ids.append(tx.arrange(Absence("ann", tx.now, end), "ann"))
        one, other = tx.site().roster.overrides
        assert ([one.id, other.id], one.takes, other.takes) == (ids[:2], "bob", None)
        assert tx.site().roster.absences == (Absence("ann", one.start, end),)
        assert tx.take_back(ids[0], "bob")
        assert not tx.take_back(ids[0], "bob"), "it was taken back"
    with store.read() as tx:
        assert [o.id for o in tx.site().roster.overrides] == [ids[1]]
        assert [(a.id, a.made_by, a.removed_by) for a in tx.arrangements(tx.now, removed=True)] == [
            (ids[0], "lee", "bob"), (ids[1], "lee", ""), (ids[2], "ann", "")
        ]  # fmt: skip


def test_only_what_holds_at_once_is_another_edition(store: SqlStore) -> None:
    """What is for later need not be told to anybody now."""
    with store.transaction() as tx:
        scheduled(tx)
        before = tx.site().edition
        later = tx.arrange(Override(0, "payments", tx.now + HOUR, tx.now + 2 * HOUR, "bob"), "bob")
        tx.take_back(later, "bob")
        assert tx.site().edition == before
        now = tx.arrange(Override(0, "payments", tx.now, tx.now + HOUR, "bob"), "bob")
        made = tx.site().edition
        tx.take_back(now, "bob")
        assert len({before, made, tx.site().edition}) == 3


def test_what_is_long_over_is_forgotten(store: SqlStore, clock: HandClock) -> None:
    """With the incidents of its time; before that it explains them."""
    with store.transaction() as tx:
        tx.arrange(Absence("ann", tx.now, tx.now + HOUR), "ann")
        start = tx.now
    retention = Retention(store, 400)
    clock.after(days=400)
    retention.turn()
    with store.read() as tx:
        assert len(tx.arrangements(start, removed=True)) == 1
    clock.after(hours=2)
    for _ in range(61):
        retention.turn()
    with store.read() as tx:
        assert tx.arrangements(start, removed=True) == []
