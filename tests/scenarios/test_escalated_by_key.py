"""Key 2: the next person, now."""

from __future__ import annotations

from datetime import timedelta

from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from tests.builders import policy, step
from tests.scenarios.night import Night


def test_escalated_by_key(night: Night) -> None:
    """Ann hears who is called; Bob's phone rings in the same moment."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().presses("2").hears("bob")
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=10)
    night.story_says("escalated by Ann, by phone")


def test_a_stale_escalate_skips_nobody(night: Night) -> None:
    """Ann is still listening when her time is over and Bob is called: her 2 skips nobody."""
    night.apply(policy(step("ann", minutes=0.5, ladder=(Rung(Channel.VOICE),)), step("bob"), step("lee")))
    night.trouble("db-1 is down")
    night.after(seconds=20)
    night.ann.phone.rings().picks_up()
    night.after(seconds=11)
    night.bob.phone.rings()
    night.ann.phone.presses("2").hears("bob")
    night.after(seconds=2)
    assert night.incident().step == 1
    night.lee.phone.is_silent()
    night.bob.phone.presses("1").hears("acknowledged")
    assert night.clock.now() < night.incident().opened_at + timedelta(minutes=2)


def test_a_stale_acknowledge_still_acknowledges(night: Night) -> None:
    """Ann's 1 counts also when the step has moved on; Bob's phone stops."""
    night.apply(policy(step("ann", minutes=0.5, ladder=(Rung(Channel.VOICE),)), step("bob")))
    night.trouble("db-1 is down")
    night.after(seconds=20)
    night.ann.phone.rings().picks_up()
    night.after(seconds=11)
    night.bob.phone.rings()
    night.ann.phone.presses("1").hears("acknowledged")
    night.after(seconds=2)
    night.bob.phone.was_hung_up_on()
