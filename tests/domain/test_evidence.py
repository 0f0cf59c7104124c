"""What the timeline says of a request whose answer nobody heard."""

from __future__ import annotations

import pytest

from escalation.domain import events as ev
from escalation.domain.incident import Outcome, TimerKind, Via
from tests.domain.story import Story

LOST = ev.AttemptUnknown(1, 1, "whoever was sending it died")


def doubtful() -> Story:
    return Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptUnknown(1, 1, "Plivo: no answer in time"))


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        (ev.AttemptAccepted(1, 1, "r"), "the carrier has it"),
        (ev.AttemptRinging(1, 1), "it rings"),
        (ev.AttemptAnswered(1, 1), "it was picked up"),
        (ev.MachineDetected(1, 1), "a voicemail picked up"),
        (ev.AttemptEnded(1, 1, Outcome.BUSY), "the call is over"),
        (ev.AttemptFailed(1, 1, False, "the network failed", code="3080"), "and failed there"),
    ],
)
def test_the_sign_by_which_it_was_known_is_told(sign: ev.AttemptEvent, words: str) -> None:
    """Any callback that names attempt and try; also when a second call was planned already."""
    assert f"it did go out, {words} (try 1)." in doubtful().tell(sign).says
    assert f"it did go out, {words} (try 1)." in doubtful().fires(TimerKind.ATTEMPT, 1).tell(sign).says


def test_a_text_that_arrived_is_a_sign_too() -> None:
    """The text behind a call nobody knows of."""
    story = doubtful().tell(ev.AttemptClaimed(2, 1), ev.AttemptUnknown(2, 1, "503"), ev.TextDelivered(2, 1))
    assert "it did go out, it arrived (try 1)." in story.says


def test_a_message_that_was_sent_as_usual_has_no_such_line() -> None:
    """Only a doubt is answered."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptAccepted(1, 1, "r"))
    assert "did go out" not in story.says
    assert "did go out" not in story.tell(ev.AttemptRinging(1, 1)).says


def test_a_sender_that_died_after_its_call_rang_is_told_as_that() -> None:
    """The callbacks were faster than the lease: it is not called unknown any more."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptRinging(1, 1, "c"))
    assert "whoever was sending it died (try 1); it did go out all the same." in story.tell(LOST).says
    assert "it did go out all the same." in story.tell(ev.AttemptEnded(1, 1, Outcome.NO_ANSWER), LOST).says


def test_a_doubt_that_nobody_cares_for_any_more_claims_nothing() -> None:
    """Stood down while it was under way: whether it went out will show, and is hung up then."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.Acknowledged("bob", Via.CONSOLE), LOST)
    assert "it did go out" not in story.says
    assert "nothing follows from it, the attempt is settled." in story.says
