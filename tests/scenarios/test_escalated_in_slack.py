"""The other button in Slack: the next person, now."""

from __future__ import annotations

from tests.builders import policy, step
from tests.scenarios.night import Night


def test_two_who_press_escalate_in_the_same_second_skip_nobody(night: Night) -> None:
    """Both see the message as it was: the first press calls Bob, the second changes nothing. Once the message has caught up, the
    button counts again."""
    night.apply(policy(step("slack:#incidents", "ann"), step("bob"), step("lee")))
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    message = night.slack.reads("db-1 is down")
    night.workers.alive = False  # the message is not edited yet
    for user in ("UANN", "ULEE"):
        night.world.slack.press(message, "escalate", user=user)
    night.settle()
    assert [p.status for p in night.world.slack.presses] == [200, 200]
    assert night.incident().step == 1
    night.story_says("Escalated by Ann", "Lee escalated after the step had moved on: nobody is skipped")
    night.workers.alive = True
    night.after(seconds=12)
    night.ann.phone.was_hung_up_on()
    night.bob.phone.rings()
    night.world.slack.press(message, "escalate", user="ULEE")
    night.lee.phone.rings().presses("1").hears("acknowledged")
    night.bob.phone.was_hung_up_on()
