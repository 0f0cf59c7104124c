"""What a day has cost, in the store: nothing is lost when two add to it at once, and each day begins at nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from escalation.domain.cost import FREE, Spent
from escalation.store.sql import SqlStore
from tests.store.conftest import HandClock

PRICE = Decimal("0.0079")


def spent(store: SqlStore) -> Spent:
    with store.read() as tx:
        return tx.spent_today()


def test_two_claims_at_once_are_both_counted(store: SqlStore) -> None:
    """Four workers, twenty texts each, to the millionth; and none of one that was taken back."""

    def work(_: int) -> None:
        for _ in range(20):
            with store.transaction() as tx:
                tx.spend(PRICE)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    assert spent(store) == Spent(80 * PRICE)
    try:
        with store.transaction() as tx:
            assert tx.spend(PRICE) == Spent(81 * PRICE)
            raise InterruptedError  # whoever claimed died
    except InterruptedError:
        assert spent(store) == Spent(80 * PRICE)


def test_each_day_begins_with_nothing(store: SqlStore, clock: HandClock) -> None:
    """At midnight UTC; it is three now."""
    with store.transaction() as tx:
        tx.spend(PRICE)
        tx.spending_told(80, Decimal(20))
    clock.after(hours=20, minutes=59)
    assert spent(store) == Spent(PRICE, 80, Decimal(20))
    clock.after(minutes=1)
    assert spent(store) == Spent(FREE, 0, FREE)
    with store.transaction() as tx:
        assert tx.spend(PRICE) == Spent(PRICE, 0)


def test_what_was_not_spent_is_taken_back_and_never_more(store: SqlStore, clock: HandClock) -> None:
    """A refusal that is heard after midnight leaves the new day alone."""
    with store.transaction() as tx:
        tx.spend(3 * PRICE)
        tx.take_back_spending(PRICE)
    assert spent(store) == Spent(2 * PRICE)
    clock.after(days=1)
    with store.transaction() as tx:
        tx.take_back_spending(PRICE)
        tx.spend(PRICE / 2)
        tx.take_back_spending(PRICE)
    assert spent(store) == Spent(PRICE / 2)
