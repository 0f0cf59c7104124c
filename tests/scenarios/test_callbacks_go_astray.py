"""Callbacks lost, doubled, late and out of order."""

from __future__ import annotations

import pytest

from escalation.domain.incident import Status
from tests.scenarios.night import Night


@pytest.mark.parametrize("name", ["ring", "hangup"])
def test_a_lost_callback_costs_time_and_no_page(night: Night, name: str) -> None:
    """Without the word that the call is over, its own timer settles it."""
    night.world.faults.lose(name, times=1)
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.ann.phone.phone.texts, seconds=60)
    night.ann.sms.reads("INC-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=125)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_doubled_callbacks_change_nothing(night: Night) -> None:
    """Every word twice: one text, one second call."""
    night.world.faults.double("*", times=None)
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.ann.phone.phone.texts, seconds=60)
    night.ann.sms.reads("INC-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=125)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=20)
    assert night.status() is Status.ACKNOWLEDGED


def test_late_callbacks_change_nothing(night: Night) -> None:
    """The hangup of Ann's call arrives when Bob has it."""
    night.world.faults.delay("hangup", by=400, times=1)
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.ann.phone.phone.texts, seconds=120)
    night.ann.sms.reads("INC-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=130)
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.bob.phone.phone.ringing, seconds=300)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=10)
    assert night.incident().acknowledged_by == "bob"


def test_callbacks_out_of_order_change_nothing(night: Night) -> None:
    """The word that it rings comes after the word that it is over: no second call for it, and the ladder as ever."""
    night.world.faults.reorder("ring", times=1)
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-1")
    night.until(lambda: night.ann.phone.phone.ringing, seconds=125)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=10)
    assert len(night.ann.phone.phone.calls) == 2
