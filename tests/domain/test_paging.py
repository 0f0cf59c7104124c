"""How a step is left, and how the last resort is told: each dead end once in a run of the policy, and never by two mails at once."""

from __future__ import annotations

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.commands import CommandKind
from escalation.domain.incident import LAST_RESORT, Status, TimerKind, Via
from tests.builders import alert, incident, policy, step
from tests.domain.story import Story

REFUSED, NO_FUNDS = "plivo refuses our credentials", "plivo: no funds left"


def refused(story: Story, try_: int = 1, reason: str = REFUSED) -> Story:
    """The call to Ann, by a fault of ours."""
    return story.tell(ev.AttemptClaimed(1, try_), ev.AttemptFailed(1, try_, permanent=False, reason=reason, alarm=True))


def mails(story: Story) -> list[int]:
    """Attempts by mail, to the last resort."""
    return [a.number for a in story.incident.attempts if story.incident.page_of(a).step == LAST_RESORT]


def test_paging_again_from_the_first_step_stops_the_phones_of_the_one_it_leaves() -> None:
    """Bob is ringing when it gets worse and Ann is called anew: he is called when his step comes, not by both."""
    story = Story(incident(severity=Severity.WARNING)).calls(1).ends(1).fires(TimerKind.STEP)
    bobs = story.incident.attempts[-1].number
    story.calls(bobs).tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert set(story.commands) == {(CommandKind.HANG_UP, bobs, 1), (CommandKind.CALL, bobs + 1, 1)}
    assert [p.responder for p in story.incident.pages if not p.closed] == ["ann"]


def test_the_same_dead_end_is_told_once_in_a_run() -> None:
    """Each try of the call finds it anew, long after the mail about it went out."""
    story = refused(Story())
    story.calls(*mails(story))
    for try_ in (2, 3):
        assert REFUSED in refused(story, try_).says
    assert len(mails(story)) == 1


def test_another_dead_end_is_told_as_well() -> None:
    """No credentials are one thing, no funds another."""
    story = refused(Story())
    story.calls(*mails(story))
    assert len(mails(refused(story, 2, NO_FUNDS))) == 2


def test_the_same_dead_end_is_told_again_in_the_next_run() -> None:
    """Snoozed for the night and still not mended in the morning."""
    story = refused(Story())
    story.calls(*mails(story)).tell(ev.Snoozed(story.now, "ann", Via.CONSOLE), ev.Escalated("ann", Via.CONSOLE))
    again = story.incident.attempts[-1].number
    story.tell(ev.AttemptClaimed(again, 1), ev.AttemptFailed(again, 1, permanent=False, reason=REFUSED, alarm=True))
    assert len(mails(story)) == 2


@pytest.mark.parametrize("reason", [REFUSED, NO_FUNDS])
def test_no_second_mail_joins_one_that_is_still_on_its_way(reason: str) -> None:
    """The mail server is slow: what it has to bring will say how things stand."""
    story = refused(Story())
    assert len(mails(refused(story, 2, reason))) == 1


def test_several_dead_ends_at_once_are_one_mail() -> None:
    """Nobody in either step, and so the end of the policy, all in one transaction."""
    story = Story(incident(policy(step("nobody"), step("nobody"))))
    assert story.incident.status is Status.EXHAUSTED
    assert story.incident.alarmed == {"step 1 empty", "step 2 empty", "exhausted"}
    assert len(mails(story)) == 1


def test_a_fault_of_ours_that_is_found_when_somebody_has_it_wakes_nobody() -> None:
    """The line was lost after the key was pressed: noted, and no mail."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "call-1"), ev.Acknowledged("ann", Via.PHONE, 1, 1))
    story.tell(ev.AttemptFailed(1, 1, permanent=False, reason="our XML was not understood", alarm=True))
    assert "our XML was not understood" in story.says
    assert not mails(story)
