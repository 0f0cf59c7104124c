"""One total deadline, whatever the work is stuck in."""

from __future__ import annotations

import threading

import pytest

from escalation.deadline import within


def test_it_returns_what_the_work_returns_and_raises_what_it_raises() -> None:
    """In time it is not noticed."""
    assert within(5, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_it_lets_go_of_work_that_is_stuck() -> None:
    """A peer that never ends cannot hold the worker."""
    end = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, end.wait)
    end.set()
