"""What one call or text came to when the carrier took it and things went on without it."""

from __future__ import annotations

from datetime import timedelta

from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import TimerKind, Via
from tests.builders import incident, policy, step
from tests.domain.story import Story


def test_a_message_that_was_posted_while_the_incident_moved_is_edited_at_once() -> None:
    """It still asks for somebody, and Bob has it: nobody would edit it later."""
    story = Story(incident(policy(step("slack:#incidents")))).tell(ev.AttemptClaimed(1, 1), ev.Acknowledged("bob", Via.CONSOLE))
    assert story.tell(ev.AttemptAccepted(1, 1, "C1:1.0")).commands == [(CommandKind.EDIT_SLACK, 1, 1)]


def test_a_message_that_shows_how_it_stands_is_not_edited() -> None:
    """The common case costs one request."""
    story = Story(incident(policy(step("slack:#incidents")))).calls(1)
    assert story.commands == []


def test_a_call_that_the_network_lost_is_made_again_within_the_step_with_the_text_meanwhile() -> None:
    """Taken by the carrier and never brought: that is no way of not answering."""
    story = Story().calls(1).tell(ev.AttemptFailed(1, 1, permanent=False, reason="network error"))
    assert story.commands == [(CommandKind.CALL, 2, 1), (CommandKind.TEXT, 3, 1)]
    assert story.last.commands[0].not_before == story.now + timedelta(seconds=2)
    assert story.incident.step == 0


def test_a_call_that_was_lost_after_its_page_was_closed_is_not_made_again() -> None:
    """Ann hears the menu when her time is over, Bob is called, and then her line breaks: she may sleep."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "call-1"))
    story.fires(TimerKind.STEP)
    assert story.tell(ev.AttemptFailed(1, 1, permanent=False, reason="network error")).commands == []
