"""What had to wait for the database is told when it is back."""

from __future__ import annotations

import threading

from escalation.errors import NotFound, StoreUnavailable
from tests.processes import until
from webhooks.plivo import afterwards
from webhooks.plivo.afterwards import Afterwards


def test_it_is_tried_until_the_database_is_back() -> None:
    """And then once."""
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise StoreUnavailable("away")

    Afterwards().put(work)
    assert until(lambda: len(tries) == 2)


def test_what_cannot_be_done_stops_nothing_behind_it() -> None:
    """An incident that does not exist, a fault of ours."""
    done, line = threading.Event(), Afterwards()

    def unknown() -> None:
        raise NotFound("there is no incident INC-9")

    def broken() -> None:
        raise RuntimeError("ours")

    for work in (unknown, broken, done.set):
        line.put(work)
    assert done.wait(10)


def test_with_its_room_full_it_drops_and_keeps_nobody_waiting() -> None:
    """The caller is answered first, always."""
    begun, go_on, line, done = threading.Event(), threading.Event(), Afterwards(), list[int]()

    def hold() -> None:
        begun.set()
        go_on.wait(10)

    line.put(hold)
    assert begun.wait(10)
    for number in range(afterwards.ROOM + 5):
        line.put(lambda number=number: done.append(number))
    go_on.set()
    assert until(lambda: len(done) == afterwards.ROOM)
