"""Many incidents, and only an incoming webhook of Slack's: few messages, none of which can be edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.domain.incident import Status
from tests.scenarios.night import Night
from tests.scenarios.test_slack_burst import in_slack, over, several


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """With an incoming webhook and no token: what was posted stays as it was."""
    made = Night(tmp_path, slack_bot_token="")
    yield made
    made.nothing_else()
    made.close()


def test_an_incoming_webhook_takes_a_storm_as_one_message_too(night: Night) -> None:
    """It cannot be edited: what waited is in it, and what comes later is in the next. Its button is ours, and means what it shows."""
    in_slack(night)
    night.takes(*several(40))
    night.after(seconds=5)
    first = night.slack.reads("40 incidents, nobody has any of them", "Acknowledge all 40 shown")
    assert first.via == "webhook"
    night.story_says("Shown in the Slack message to Slack #incidents that goes out for INC-1", number=40)
    night.takes(*several(42)[40:])
    night.after(seconds=5)
    night.slack.reads("2 incidents, nobody has any of them", "db-41", "db-42")
    night.world.slack.press(first, "acknowledge_all", user="UANN")
    night.after(seconds=5)
    assert {night.incident(n).acknowledged_by for n in range(1, 41)} == {"ann"}
    assert {night.status(n) for n in (41, 42)} == {Status.TRIGGERED}
    assert first.updates == 0
    over(night, *range(1, 43))


def test_its_button_means_what_is_left_when_one_of_them_was_taken(night: Night) -> None:
    """The message still shows all; who has the first is said to whoever presses, and nothing is edited."""
    in_slack(night)
    night.takes(*several(3))
    night.after(seconds=5)
    message = night.slack.reads("3 incidents")
    night.world.slack.press(message, "acknowledge", user="UBOB")
    night.after(seconds=20)
    night.world.slack.press(message, "acknowledge_all", user="UANN")
    night.after(seconds=5)
    assert [night.incident(n).acknowledged_by for n in (1, 2, 3)] == ["bob", "ann", "ann"]
    assert message.updates == 0
    over(night, 1, 2, 3)
