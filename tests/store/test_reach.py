"""Who is called before a shift: once for each, whoever of two timekeepers asks first, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from escalation.store.sql import SqlStore
from tests.builders import NIGHT

DAY, APART = timedelta(days=1), timedelta(hours=20)


def test_each_shift_is_asked_about_once_and_not_too_often(store: SqlStore) -> None:
    """Another person's is another matter."""
    with store.transaction() as tx:
        assert [tx.ask_reach("ann", NIGHT, APART), tx.ask_reach("ann", NIGHT, APART)] == [True, False]
        assert [tx.ask_reach("ann", NIGHT + DAY, APART), tx.ask_reach("bob", NIGHT, APART)] == [False, True]
        assert tx.ask_reach("ann", NIGHT + DAY, timedelta(0)) is True
        assert tx.ask_reach("ann", NIGHT, timedelta(0)) is False


def test_the_last_answer_counts(store: SqlStore) -> None:
    """Of who was never called, or is being called for the first time, nothing is known."""
    with store.transaction() as tx:
        tx.ask_reach("ann", NIGHT, APART)
        tx.ask_reach("bob", NIGHT, APART)
        tx.reached("ann", answered=True)
        assert tx.reach() == {"ann": True}
        tx.reached("ann", answered=False)
        tx.reached("max", answered=True)
        assert tx.reach() == {"ann": False}
