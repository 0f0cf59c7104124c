"""Two people press 1 in the same second."""

from __future__ import annotations

from tests.builders import policy, step
from tests.scenarios.night import Night, on_both_databases

pytestmark = on_both_databases


def test_two_people_at_the_same_second(night: Night) -> None:
    """One has it; the other is told who was first, and is not rung again."""
    night.apply(policy(step("ann", "bob")))
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up()
    night.bob.phone.rings().picks_up()
    night.workers.alive = False  # the hang-up of the slower one is still under way
    night.ann.phone.presses("1").hears("acknowledged")
    night.bob.phone.presses("1").hears("ann")
    night.workers.alive = True
    night.after(minutes=10)
    assert night.incident().acknowledged_by == "ann"
    night.story_says("Ann was first")


def test_a_call_that_rings_when_somebody_acknowledges_stops(night: Night) -> None:
    """Never the acknowledger's own."""
    night.apply(policy(step("ann", "bob")))
    night.trouble("db-1 is down")
    night.bob.phone.rings()
    night.ann.phone.rings().presses("1")
    night.after(seconds=1)
    night.bob.phone.was_hung_up_on()
    night.ann.phone.hears("acknowledged")
