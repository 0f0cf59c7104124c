"""Somebody else is to be asked."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.incident import Via
from tests.scenarios.night import Night


def test_reassigned_while_ringing(night: Night) -> None:
    """Ann's phone stops, Bob's rings, and the timeline says who did it."""
    incident = night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.system.engine.tell(incident, ev.Reassigned("lee", Via.CONSOLE, "bob"))
    night.settle()
    night.ann.phone.was_hung_up_on()
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Reassigned to Bob by Lee", "Acknowledged by Bob")


def test_added_beside(night: Night) -> None:
    """Two phones ring; one key stops the other."""
    incident = night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.system.engine.tell(incident, ev.ResponderAdded("lee", "bob", Via.CLI))
    night.settle()
    night.lee.phone.rings().presses("1").hears("acknowledged")
    night.ann.phone.was_hung_up_on()
    night.story_says("Lee was added by Bob", "Acknowledged by Lee")
