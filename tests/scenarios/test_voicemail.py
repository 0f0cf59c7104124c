"""A machine that picks up."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.scenarios.night import Night


def test_voicemail_is_not_an_answer(night: Night) -> None:
    """It gets a short message and counts for nothing; the text goes out at once, the second call after two minutes."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up_as_machine().hears("not acknowledged")
    night.ann.sms.reads("INC-1")
    assert night.status() is Status.TRIGGERED
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.story_says("voicemail", "acknowledged by Ann, by phone")
