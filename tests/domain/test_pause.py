"""While somebody has it, or it is snoozed: how that ends, and what the next one is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import Again, Status, TimerKind, Via
from tests.builders import NIGHT, incident, policy
from tests.domain.story import Story


def test_an_acknowledgement_that_expires_pages_again_and_says_why() -> None:
    """Acknowledged and fell asleep."""
    story = Story().tell(ev.Acknowledged("ann", Via.CONSOLE)).fires(TimerKind.ACK)
    assert story.incident.status is Status.TRIGGERED
    assert "Ann acknowledged and nothing was heard since" in story.says
    assert story.incident.again == (Again.EXPIRED, "ann")
    assert (CommandKind.CALL, 2, 1) in story.commands


def test_one_whose_policy_says_never_holds() -> None:
    """Switched off: nothing is set that would begin again."""
    story = Story(incident(policy(acknowledgement_expires=None))).tell(ev.Acknowledged("ann", Via.CONSOLE))
    assert story.incident.timers == frozenset()


def test_what_is_given_back_is_paged_again_at_once() -> None:
    """Whoever has it cannot do it: everybody is asked again, and told why."""
    story = Story().tell(ev.Escalated("ann", Via.CLI), ev.Acknowledged("bob", Via.CONSOLE), ev.Unacknowledged("bob", Via.CLI))
    assert (story.incident.status, story.incident.step, story.incident.acknowledged_by) == (Status.TRIGGERED, 0, "")
    assert "Given back by Bob, by command line. Paging again from step 1." in story.says
    assert [kind for kind, *_ in story.commands] == [CommandKind.CALL]
    assert story.incident.again == (Again.GIVEN_BACK, "bob")


def test_who_has_it_now_is_not_told_of_why_it_was_paged() -> None:
    """Acknowledged again and handed up from there: that it had expired once before is over."""
    story = Story().tell(ev.Acknowledged("ann", Via.CONSOLE)).fires(TimerKind.ACK)
    story.tell(ev.Acknowledged("ann", Via.CONSOLE), ev.Escalated("ann", Via.CLI))
    assert (story.incident.status, story.incident.again) == (Status.TRIGGERED, None)


@pytest.mark.parametrize("said", [[], [ev.Snoozed(NIGHT + timedelta(hours=1), "ann", Via.CLI)], [ev.Resolved("ann", Via.CLI)]])
def test_only_what_somebody_has_can_be_given_back(said: list[ev.Event]) -> None:
    """Recorded and ignored."""
    before = Story().tell(*said)
    story = Story().tell(*said, ev.Unacknowledged("ann", Via.CLI))
    assert story.incident == before.incident
    assert story.says == f"Unacknowledged by Ann: ignored, the incident is {story.incident.status}."


def test_what_somebody_else_acknowledged_meanwhile_is_not_given_back() -> None:
    """Pressed on a page that showed the acknowledgement before."""
    story = Story().tell(ev.Acknowledged("ann", Via.CONSOLE))
    seen = story.incident.turn
    story.fires(TimerKind.ACK).tell(ev.Acknowledged("bob", Via.CONSOLE), ev.Unacknowledged("ann", Via.CONSOLE, seen))
    assert (story.incident.status, story.incident.acknowledged_by) == (Status.ACKNOWLEDGED, "bob")


def test_a_snooze_stands_everybody_down_and_wakes_again() -> None:
    """Until the time, and then from the first step."""
    story = Story().calls(1).tell(ev.Snoozed(NIGHT + timedelta(hours=1), "ann", Via.CONSOLE))
    assert story.commands == [(CommandKind.HANG_UP, 1, 1)]
    assert story.fires(TimerKind.SNOOZE).incident.status is Status.TRIGGERED
