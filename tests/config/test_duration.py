"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.config.duration import parsed, spelled


@given(st.integers(min_value=0, max_value=7 * 86_400))
def test_what_is_spelled_is_read_back(seconds: int) -> None:
    """Every whole second up to a week survives the way out and in."""
    assert parsed(spelled(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("1d", 86_400), ("0s", 0)]
)
def test_units_are_read_largest_first(text: str, seconds: int) -> None:
    """Days, hours, minutes, seconds."""
    assert parsed(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 minutes", "-5m", "5m5h", "1.5m", "5M", "٥m", "5:00", "9999999s"])
def test_anything_else_is_refused(text: str) -> None:
    """No bare numbers, fractions, other digits or units out of order."""
    with pytest.raises(ValueError, match="not a duration"):
        parsed(text)


def test_the_shortest_spelling_is_used() -> None:
    """Whole units are not written as smaller ones."""
    assert [spelled(timedelta(seconds=s)) for s in (0, 90, 300, 86_400)] == ["0s", "1m30s", "5m", "1d"]
