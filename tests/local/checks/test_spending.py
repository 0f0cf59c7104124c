"""`doctor` says when the day's spending cap is near or reached."""

from __future__ import annotations

from decimal import Decimal

import pytest

from escalation.config.apply import apply
from escalation.local.checks.finding import Level
from tests.local.ward import CONFIGURATION, Ward


@pytest.mark.parametrize(
    ("spent", "level", "said"),
    [
        ("15.99", Level.OK, "15.99 of 20.00 since midnight UTC"),
        ("16", Level.WARNING, "over 80 % of the cap"),
        ("20", Level.WARNING, "the cap is reached"),
    ],
)
def test_a_cap_that_is_near_is_a_warning(ward: Ward, spent: str, level: Level, said: str) -> None:
    """With what to do."""
    apply(ward.system.store, CONFIGURATION + "prices: {call: 0.013, text: 1}\nspending_cap: {per_day: 20}\n", ward.folder)
    with ward.system.store.transaction() as tx:
        tx.spend(Decimal(spent))
    [found] = ward.examine("spending").of(level)
    assert said in found.said


def test_without_a_cap_all_is_well(ward: Ward) -> None:
    """Whatever was spent before it was taken out."""
    with ward.system.store.transaction() as tx:
        tx.spend(Decimal(1000))
    assert ward.found("spending") == {"spending": Level.OK}
