"""After an outage: the incident is looked at again, once, and nobody's step is burnt."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain import events as ev
from escalation.domain.incident import Incident, Status, TimerKind, Via
from escalation.domain.lateness import LATE, in_words
from escalation.domain.machine import advance
from escalation.domain.policy import Policy
from tests.builders import NIGHT, incident, policy, roster, step
from tests.domain.story import Story
from tests.domain.test_promises import POLICIES, RandomNight


@pytest.mark.parametrize(
    ("late", "words"),
    [({"seconds": 45}, "45 s"), ({"minutes": 12, "seconds": 59}, "12 min"), ({"hours": 3, "minutes": 2}, "3 h 2 min"),
     ({"hours": 3, "seconds": 2}, "3 h"), ({"days": 2, "hours": 5}, "2 d 5 h")],
)  # fmt: skip
def test_how_late_is_said_as_people_say_it(late: dict[str, int], words: str) -> None:
    """No more than two units."""
    assert in_words(timedelta(**late)) == words


def after(story: Story, **outage: float) -> list[str]:
    """What the story says when every timer that is due by then fires, in order, at the end of an outage."""
    story.now += timedelta(**outage)
    due = sorted((t for t in story.incident.timers if t.due_at <= story.now), key=lambda t: t.due_at)
    said = []
    for timer in due:
        story.tell(ev.TimerFired(timer.kind, timer.ref, timer.turn))
        said += [e.text for e in story.last.entries]
    return said


def test_a_moment_is_no_outage() -> None:
    """A timekeeper that is restarted is not worth a line."""
    story = Story().calls(1).ends(1)
    story.now += timedelta(minutes=2) - timedelta(seconds=1)
    assert not [line for line in after(story, seconds=LATE.total_seconds()) if "late" in line]


def test_an_outage_is_said_once_and_the_step_goes_on_where_it_stood() -> None:
    """A call and its text went out; three hours later the second call is due at once, the step's end when it would have been."""
    story = Story().calls(1).ends(1)
    assert [line for line in after(story, hours=3) if "late" in line] == ["2 h 58 min late: the pager was down."]
    assert story.incident.step == 0
    assert (timer := story.incident.timer(TimerKind.STEP))
    assert timer.due_at == story.now + timedelta(minutes=3)


def test_what_was_set_in_the_middle_of_an_outage_is_not_put_off_by_all_of_it() -> None:
    """The timekeeper is down; a minute before it is back the receiver hears that Bob's call is over. His second call comes two minutes
    later, however long ago the outage began."""
    story = Story(incident(policy(step("ann", "bob")))).calls(1).calls(2)
    story.now += timedelta(minutes=3)
    story.ends(2)
    after(story, minutes=1)
    assert (timer := story.incident.timer(TimerKind.RUNG, 2))
    assert timer.due_at <= story.now + timedelta(minutes=2)


def test_a_step_that_had_its_time_is_over() -> None:
    """Nothing was left to do in it but to wait: the next one is paged at once."""
    story = Story(incident(policy(step("ann"), step("bob")))).calls(1).ends(1)
    story.fires(TimerKind.RUNG, 1).calls(3).ends(3)
    assert "Step 2 of 2: paging Bob." in after(story, hours=3)


def test_a_step_in_which_nothing_had_gone_out_has_its_time_again() -> None:
    """The carrier had refused, and was to be asked again: Ann has heard nothing yet."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, False, "refused"))
    after(story, hours=3)
    assert story.incident.step == 0
    assert (timer := story.incident.timer(TimerKind.STEP))
    assert timer.due_at == story.now + timedelta(minutes=5)


def test_a_snooze_that_ended_meanwhile_is_over_at_once() -> None:
    """It was promised by the clock on the wall."""
    story = Story().tell(ev.Snoozed(NIGHT + timedelta(hours=1), "ann", Via.CONSOLE))
    said = after(story, hours=4)
    assert said[:2] == ["3 h late: the pager was down.", "The snooze is over. Paging again from step 1."]


def test_whoever_is_on_call_now_takes_the_page_over() -> None:
    """Said by the claim too: a worker may look before the timekeeper does."""
    story = Story(incident(policy(step("team:payments"))), roster("ann"))
    story.roster, story.now = roster("lee"), story.now + timedelta(hours=3)
    story.tell(ev.AttemptClaimed(1, 1, timedelta(hours=3)))
    assert story.incident.attempts[0].settled
    assert [story.incident.page_of(a).responder for a in story.incident.attempts if not a.settled] == ["lee"]


def test_a_page_that_is_late_without_an_outage_says_so() -> None:
    """Nobody came for it: the workers are gone, and the timekeeper has had its hands full."""
    story = Story().tell(ev.AttemptClaimed(1, 1, timedelta(seconds=40)))
    assert "40 s late, nobody came for it sooner." in story.says


def _stands(now: Incident) -> tuple[Status, int, int]:
    return now.status, now.round, now.step


@given(st.randoms(use_true_random=False), POLICIES, st.integers(1, 20))
def test_an_outage_ends_one_step_at_most(dice: Random, chosen: Policy, hours: int) -> None:
    """However long, and wherever the night stood: of all that is overdue, the step moves on once or not at all."""
    night = RandomNight(dice, chosen).run(40)
    before, now = night.incident, night.now + timedelta(hours=hours)
    if before.status is not Status.TRIGGERED:
        return
    for timer in sorted((t for t in before.timers if t.due_at <= now), key=lambda t: t.due_at):
        night.incident = advance(night.incident, ev.TimerFired(timer.kind, timer.ref, timer.turn), night.roster, now).incident
    assert night.incident.turn <= before.turn + _left_at_once(before.policy) + 1, (_stands(before), _stands(night.incident))


def _left_at_once(policy: Policy) -> int:
    """Steps that nobody is in, or that may not apply, whenever they are come to."""
    people = roster()
    empty = [s for s in policy.steps if s.condition or not [r for t in s.targets for r in people.everybody(t)]]
    return policy.rounds * len(empty)
