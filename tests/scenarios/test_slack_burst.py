"""Many incidents, one channel: one message shows them all, edited in place."""

from __future__ import annotations

from dataclasses import replace

from escalation.domain.alert import Alert, Severity
from escalation.domain.events import Resolved
from escalation.domain.incident import Status, Via
from escalation.domain.policy import Step
from escalation.sandbox.slack import SlackMessage
from tests.builders import alert, policy, step, target
from tests.scenarios.night import Night, on_both_databases

pytestmark = on_both_databases


def several(count: int, severity: Severity = Severity.ERROR) -> list[Alert]:
    return [alert(f"db-{n} is down", key=f"db-{n}", severity=severity) for n in range(1, count + 1)]


def in_slack(night: Night) -> None:
    night.apply(policy(step("slack:#incidents", minutes=120)))


def over(night: Night, *numbers: int) -> None:
    for number in numbers:
        night.system.engine.tell(number, Resolved("ann", Via.CONSOLE))
    night.after(seconds=5)


def buttons(message: SlackMessage, action: str) -> int:
    return str(message.blocks).count(f"'action_id': '{action}'")


def test_a_storm_is_one_message_and_its_button_takes_all_that_it_shows(night: Night) -> None:
    """Complaint 5, alert storms: one message instead of forty; the worst first; who has what is shown in it."""
    in_slack(night)
    night.takes(*several(40))
    night.after(seconds=5)
    message = night.slack.reads("40 incidents, nobody has any of them", "db-1 is down", "and 20 more", "Acknowledge all 40 shown")
    assert message.updates < 6
    night.story_says("Shown in the Slack message to Slack #incidents that goes out for INC-1", number=40)
    night.world.slack.press(message, "acknowledge_all", user="UANN")
    night.after(seconds=10)
    assert {night.incident(n).acknowledged_by for n in range(1, 41)} == {"ann"}
    night.slack.shows(message, "40 incidents, all of them somebody's or over", "acknowledged by Ann")
    assert buttons(message, "acknowledge_all") == 0
    assert message.updates < 16
    over(night, *range(1, 41))
    night.slack.shows(message, "resolved")


def test_a_single_one_is_shown_as_ever(night: Night) -> None:
    """With all its buttons."""
    in_slack(night)
    night.takes(*several(1))
    night.after(seconds=2)
    message = night.slack.reads("🔴 ERROR payments (INC-1)", "db-1 is down", "escalate", "resolve")
    assert buttons(message, "acknowledge_all") == 0
    over(night, 1)


def test_the_button_takes_nothing_that_came_while_somebody_read(night: Night) -> None:
    """It is pressed on what was shown: the third is left, and one can be taken by its own button."""
    in_slack(night)
    night.takes(*several(2))
    night.after(seconds=3)
    message = night.slack.reads("2 incidents")
    before = [dict(block) for block in message.blocks]
    night.takes(*several(3)[2:])
    night.after(seconds=3)
    night.slack.shows(message, "3 incidents, nobody has any")
    message.blocks[:] = before
    night.world.slack.press(message, "acknowledge_all", user="UANN")
    night.after(seconds=5)
    assert [night.status(n) for n in (1, 2, 3)] == [Status.ACKNOWLEDGED, Status.ACKNOWLEDGED, Status.TRIGGERED]
    night.slack.shows(message, "3 incidents, nobody has 1 of them")
    night.world.slack.press(message, "acknowledge", user="UBOB")
    night.after(seconds=5)
    assert night.incident(3).acknowledged_by == "bob"
    over(night, 1, 2, 3)


def test_a_stranger_takes_none_of_them(night: Night) -> None:
    """Only they are told."""
    in_slack(night)
    night.takes(*several(2))
    night.after(seconds=3)
    night.world.slack.press(night.slack.reads("2 incidents"), "acknowledge_all", user="UEVIL")
    night.after(seconds=3)
    assert [night.status(n) for n in (1, 2)] == [Status.TRIGGERED, Status.TRIGGERED]
    over(night, 1, 2)


def test_what_must_be_heard_is_a_message_of_its_own(night: Night) -> None:
    """An edit makes no sound: not what is more severe, not what comes when all is taken, not after five minutes."""
    in_slack(night)
    night.takes(*several(1))
    night.after(seconds=2)
    night.slack.reads("db-1 is down")
    night.takes(alert("the vault is open", key="vault", severity=Severity.CRITICAL))
    night.after(seconds=2)
    night.slack.reads("the vault is open")
    night.takes(*several(3)[1:])
    night.after(seconds=3)
    over(night, 1, 2, 3, 4)
    night.takes(alert("web-1 is down", key="web-1"))
    night.after(seconds=2)
    night.slack.reads("web-1 is down")
    night.after(minutes=6)
    night.takes(alert("web-2 is down", key="web-2"))
    night.after(seconds=2)
    night.slack.reads("web-2 is down")
    over(night, 5, 6)


def test_a_message_that_somebody_deleted_is_written_anew(night: Night) -> None:
    """What was to be shown in it is not lost, and what comes then joins the new one."""
    in_slack(night)
    night.takes(*several(1))
    night.after(seconds=2)
    night.slack.reads("db-1 is down").deleted = True
    night.takes(*several(2)[1:])
    night.after(seconds=20)
    night.slack.reads("db-2 is down")
    over(night, 1, 2)


def test_slack_that_is_away_for_a_while_shows_them_all_then(night: Night) -> None:
    """Refused, and refused again: nobody waits for a message that was never written."""
    in_slack(night)
    night.world.faults.answer(429, "POST chat.postMessage")
    night.takes(*several(5))
    night.after(seconds=40)
    shown = night.slack.reads("db-1 is down")
    night.slack.shows(shown, "5 incidents")
    over(night, 1, 2, 3, 4, 5)


def test_that_nobody_answered_is_never_slipped_in(night: Night) -> None:
    """The last resort's message is another one than the page's, and again one for all."""
    last = Step((target("slack:#incidents"),))
    night.apply(replace(policy(step("slack:#incidents", minutes=1)), last_resort=last))
    night.takes(*several(3))
    night.after(seconds=3)
    night.slack.reads("3 incidents")
    night.until(lambda: night.status(3) is Status.EXHAUSTED, seconds=100)
    night.after(seconds=5)
    night.slack.reads("3 incidents", "🆘")
    over(night, 1, 2, 3)
