"""Codes that went to numbers, and which numbers are somebody's: one at a time for each number, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

from escalation.domain.verification import MOST, Code, Way, mark, may_send_at
from escalation.ports import Transaction
from escalation.store.sql import SqlStore
from tests.builders import NIGHT, PHONES, alert
from tests.store.conftest import HandClock
from tests.store.nights import called

ANN, BOB = (mark("secret", PHONES[who]) for who in ("ann", "bob"))
LONG_AGO = NIGHT - timedelta(days=1)


def sent(tx: Transaction, person: str = "ann", which: str = ANN, nonce: str = "n") -> Code:
    return tx.keep_code(person, which, Way.SMS, nonce, "zoe")


def test_a_code_is_found_by_its_number_until_a_newer_one_goes_there(store: SqlStore) -> None:
    """For the person that it was sent for; another number's is another matter."""
    with store.transaction() as tx:
        first, other = sent(tx, nonce="a"), sent(tx, which=BOB, nonce="b")
        assert (tx.code(first.id), tx.code(other.id), tx.code(99)) == (first, other, None)
        second = sent(tx, nonce="c")
        assert (tx.code(first.id), tx.code(second.id)) == (None, second)
        assert tx.newest_codes("ann", [ANN, BOB], LONG_AGO) == [second, other]
        assert (tx.newest_codes("bob", [BOB], LONG_AGO), tx.newest_codes("ann", [ANN], NIGHT)) == ([], [])
        tx.withdraw_code(second.id)
        assert tx.newest_codes("ann", [ANN], LONG_AGO) == [first]


def test_guesses_are_counted_and_a_code_is_used_once(store: SqlStore) -> None:
    """Whoever used it is kept; the person has that number then, and nobody else."""
    with store.transaction() as tx:
        mine, other = sent(tx), sent(tx, which=BOB)
        tx.miss_codes([mine.id, other.id])
        tx.miss_codes([mine.id])
        assert [code.tries for code in tx.newest_codes("ann", [ANN, BOB], LONG_AGO)] == [2, 1]
        assert tx.verified_numbers() == set()
        tx.use_code(mine.id, "zoe")
        assert [code.is_used for code in tx.newest_codes("ann", [ANN, BOB], LONG_AGO)] == [True, False]
        assert tx.verified_numbers() == {("ann", ANN)}


def test_two_who_ask_at_once_cannot_send_more_than_five(store: SqlStore) -> None:
    """The second waits until the first has kept its code."""
    went: list[bool] = []
    begin = threading.Barrier(8)

    def ask() -> None:
        begin.wait(10)
        with store.transaction() as tx:
            if is_free := may_send_at(tx.codes_sent(ANN, LONG_AGO), tx.now) is None:
                sent(tx)
            went.append(is_free)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(went) == [False] * 3 + [True] * MOST


def test_a_phone_is_in_use_while_a_call_of_ours_may_be_on_it(store: SqlStore, clock: HandClock) -> None:
    """And free when no such call can be alive."""
    with store.transaction() as tx:
        incident, _ = called(tx, alert())
        tx.hold_phone(PHONES["ann"], incident.id, 1, 1, tx.now + timedelta(minutes=5))
        assert (tx.is_calling(PHONES["ann"]), tx.is_calling(PHONES["bob"])) == (True, False)
    clock.after(minutes=5)
    with store.read() as tx:
        assert not tx.is_calling(PHONES["ann"])


def test_codes_that_never_came_back_are_forgotten(store: SqlStore, clock: HandClock) -> None:
    """A verified number is not."""
    with store.transaction() as tx:
        tx.use_code(sent(tx).id, "zoe")
        for _ in range(3):
            sent(tx, which=BOB)
    clock.after(days=1)
    with store.transaction() as tx:
        assert [tx.forget_codes(NIGHT + timedelta(seconds=1), 2) for _ in range(3)] == [2, 1, 0]
        assert (tx.verified_numbers(), tx.codes_sent(BOB, LONG_AGO)) == ({("ann", ANN)}, [])
