"""Whoever acknowledged fell asleep over it, or gives it back: the phone rings again and says why."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.incident import Status, Via
from tests.scenarios.night import Night


def test_an_acknowledgement_expires_and_the_phone_says_why(night: Night) -> None:
    """Complaint 9, acknowledged and fell asleep: half an hour without a word: the policy begins with step 1, by call and, when nobody picks up, by text."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up().presses("1").hears("acknowledged")
    night.after(minutes=30)
    night.ann.phone.rings().listens().hears("Ann acknowledged this, and nothing was heard since")
    night.ann.phone.hangs_up()
    night.ann.sms.reads("Ann's ack expired", "INC-1")
    night.story_says("Ann acknowledged and nothing was heard since. Paging again from step 1.")
    night.system.engine.tell(1, ev.Acknowledged("ann", Via.CLI))
    assert night.status() is Status.ACKNOWLEDGED
