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


def test_handed_over(night: Night) -> None:
    """Ann must board a plane. Bob is called, hears from whom it comes, and has it; Ann's phone stays quiet."""
    incident = night.trouble("db-1 is down")
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.system.engine.tell(incident, ev.HandedOver("bob", "ann", Via.CONSOLE))
    night.settle()
    night.bob.phone.rings().listens().hears("Ann has had this and is handing it over").presses("1").hears("acknowledged")
    night.story_says("Handed over to Bob by Ann", "Acknowledged by Bob")


def test_handed_over_to_somebody_who_does_not_want_it(night: Night) -> None:
    """Bob presses 3: Ann is called back at once."""
    incident = night.trouble("db-1 is down")
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(seconds=10)
    night.system.engine.tell(incident, ev.HandedOver("bob", "ann", Via.CONSOLE))
    night.settle()
    night.bob.phone.rings().presses("3")
    night.settle()
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Bob declined", "Acknowledged by Ann")
