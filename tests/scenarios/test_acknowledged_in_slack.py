"""The button in Slack."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.builders import policy, step
from tests.scenarios.night import Night


def _posted(night: Night):  # type: ignore[no-untyped-def]
    night.apply(policy(step("slack:#incidents", "ann")))
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    return night.slack.reads("db-1 is down", "<@UANN>")


def test_acknowledged_by_the_button(night: Night) -> None:
    """Ann's phone stops, and the message shows who has it, edited in place."""
    message = _posted(night)
    night.world.slack.press(message, "acknowledge", user="UBOB")
    night.after(seconds=1)
    night.ann.phone.was_hung_up_on()
    assert night.incident().acknowledged_by == "bob"
    night.slack.shows(message, "acknowledged", "bob")
    assert not message.buttons or all(b["action_id"] != "acknowledge" for b in message.buttons)


def test_a_stranger_is_refused_in_private(night: Night) -> None:
    """Whoever is nobody's Slack user changes nothing, and only they are told."""
    message = _posted(night)
    night.world.slack.press(message, "acknowledge", user="UEVIL")
    night.after(seconds=1)
    assert night.status() is Status.TRIGGERED
    assert night.world.slack.presses[-1].status == 200
    night.ann.phone.presses("1").hears("acknowledged")
