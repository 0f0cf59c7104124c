"""Key 3: I am not the one."""

from __future__ import annotations

from tests.scenarios.night import Night


def test_declined(night: Night) -> None:
    """The next step begins at once, and Ann is left in peace."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().presses("3")
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=10)
    night.story_says("Ann declined", "acknowledged by Bob")
