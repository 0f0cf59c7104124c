"""Turns between the threads of one process."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic

from escalation.store.turns import Turns
from tests.processes import until


def waiting(turns: Turns, threads: ThreadPoolExecutor, order: list[str], name: str, *, urgent: bool = False) -> Future[None]:
    """Somebody who stands in line by now, and says so when it is their turn."""
    line = turns._urgent if urgent else turns._others
    before = len(line._waiters)  # type: ignore[attr-defined]

    def wait() -> None:
        assert turns.take(monotonic() + 10, urgent=urgent)
        order.append(name)
        turns.give_back()

    stands = threads.submit(wait)
    assert until(lambda: len(line._waiters) > before)  # type: ignore[attr-defined]
    return stands


def test_a_caller_goes_before_all_who_came_earlier() -> None:
    """A storm of alerts is in line, and somebody presses a key."""
    turns, order = Turns(), list[str]()
    with ThreadPoolExecutor(4) as threads:
        assert turns.take(monotonic(), urgent=False)
        line = [waiting(turns, threads, order, name) for name in ("alert 1", "alert 2")]
        line.append(waiting(turns, threads, order, "key", urgent=True))
        turns.give_back()
        for one in line:
            one.result(10)
    assert order[0] == "key"
    assert set(order) == {"key", "alert 1", "alert 2"}


def test_whoever_gives_up_lets_the_next_one_through() -> None:
    """An urgent one whose time runs out holds nobody up."""
    turns, order = Turns(), list[str]()
    with ThreadPoolExecutor(2) as threads:
        assert turns.take(monotonic(), urgent=False)
        alert = waiting(turns, threads, order, "alert")
        assert not turns.take(monotonic() + 0.01, urgent=True)
        turns.give_back()
        alert.result(10)
    assert turns.take(monotonic(), urgent=True)


def test_only_one_at_a_time() -> None:
    """Thirty threads, half of them urgent, add to a number that no lock protects."""
    turns, seen, inside = Turns(), list[int](), threading.Semaphore(1)

    def work(number: int) -> None:
        for _ in range(20):
            assert turns.take(monotonic() + 20, urgent=number % 2 == 0)
            assert inside.acquire(blocking=False)
            seen.append(number)
            inside.release()
            turns.give_back()

    with ThreadPoolExecutor(30) as threads:
        list(threads.map(work, range(30)))
    assert len(seen) == 600
