"""The red button is no key."""

from __future__ import annotations

from tests.scenarios.night import Night


def test_busy_then_answered_by_the_backup(night: Night) -> None:
    """Ann rejects both calls; Bob has it five minutes after the first."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_busy()
    night.ann.sms.reads("INC-1")
    night.after(minutes=2, seconds=1)
    night.ann.phone.rings().is_busy()
    night.after(minutes=3)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.story_says("acknowledged by Bob, by phone")
