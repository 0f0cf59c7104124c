"""The audit's rules: what is missed, what is not, and that the machine sets it right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.domain import audit
from escalation.domain import events as ev
from escalation.domain.audit import Finding, Lack, findings
from escalation.domain.commands import CommandKind
from escalation.domain.incident import Incident, Outcome, Status, TimerKind, Via
from escalation.domain.machine import advance
from escalation.domain.policy import Policy
from escalation.domain.timeline import EntryKind
from tests.builders import NIGHT, incident, policy, step
from tests.domain.story import Story
from tests.domain.test_promises import POLICIES, RandomNight

NOBODY: frozenset[tuple[int, int]] = frozenset()


def without(before: Incident, *kinds: TimerKind) -> Incident:
    return replace(before, timers=frozenset(t for t in before.timers if t.kind not in kinds))


def audited(story: Story, *sending: tuple[int, int]) -> Story:
    return story.tell(ev.Audited(frozenset(sending)))


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), POLICIES)
def test_whatever_is_lost_in_a_night_is_missed_and_set_right_at_once(dice: Random, chosen: Policy) -> None:
    """A timer or a command vanishes: after the audit's event nothing is missing any more, and what was lost comes again."""
    night = RandomNight(dice, chosen).run(dice.randrange(60))
    night.incident = replace(night.incident, timers=frozenset(t for t in night.incident.timers if dice.random() < 0.5))
    night.pending = [c for c in night.pending if dice.random() < 0.5]
    sending = frozenset((c.attempt, c.try_) for c in night.pending if c.kind.begins_attempt)
    missed = findings(night.incident, sending, night.now)
    decision = advance(night.incident, ev.Audited(sending), night.roster, night.now)
    alarms = [entry for entry in decision.entries if entry.kind is EntryKind.ALARM and entry.text.startswith("Audit")]
    assert len(alarms) == len(missed)
    now_sending = sending | {(c.attempt, c.try_) for c in decision.commands if c.kind.begins_attempt}
    assert findings(decision.incident, now_sending, night.now) == ()


def test_nothing_is_missed_in_an_incident_that_is_as_it_should_be() -> None:
    """And the event that found nothing changes nothing, not even the story."""
    story = Story().calls(1).ends(1)
    assert findings(story.incident, {(2, 1)}, story.now) == ()
    before = story.incident
    assert audited(story, (2, 1)).incident == before
    assert story.last.entries == ()


def test_a_step_without_its_timer_ends_when_it_would_have_ended() -> None:
    """Its time is told by the first claim: two minutes of five are over."""
    story = Story().calls(1)
    story.now += timedelta(minutes=2)
    story.incident = without(story.incident, TimerKind.STEP)
    assert Finding(Lack.ASLEEP) in findings(story.incident, NOBODY, story.now)
    timer = audited(story).incident.timer(TimerKind.STEP)
    assert timer and timer.due_at == NIGHT + timedelta(minutes=5)
    assert "Audit: nothing would have moved this incident on" in story.says


def test_a_step_whose_time_was_over_long_ago_ends_at_once() -> None:
    """Hours late is late enough."""
    story = Story().calls(1)
    story.now += timedelta(hours=3)
    story.incident = without(story.incident, *TimerKind)
    audited(story)
    assert story.fires(TimerKind.STEP).incident.step == 1
    assert story.now == NIGHT + timedelta(hours=3)


def test_a_step_that_nothing_was_sent_of_waits_for_a_slot_again() -> None:
    """Its own time has not begun."""
    story = Story()
    story.incident = without(story.incident, TimerKind.SLOT)
    assert audited(story, (1, 1)).incident.timer(TimerKind.SLOT)
    assert story.incident.timer(TimerKind.STEP) is None


def test_an_exhausted_incident_without_its_alarm_is_loud_at_once() -> None:
    """Nobody has it, and nobody knows since when nothing was said."""
    story = Story(incident(policy(step("ann")))).calls(1).fires(TimerKind.STEP).calls(2)
    story.incident = without(story.incident, TimerKind.ALARM)
    now = story.now
    assert (CommandKind.EMAIL, 3, 1) in audited(story).fires(TimerKind.ALARM).commands
    assert story.now == now


def test_a_snooze_without_its_timer_is_over_at_once() -> None:
    """Until when it was is lost; waking somebody too early is the safe side."""
    story = Story().tell(ev.Snoozed(NIGHT + timedelta(hours=8), "ann", Via.CONSOLE))
    story.incident = without(story.incident, TimerKind.SNOOZE)
    assert audited(story).fires(TimerKind.SNOOZE).incident.status is Status.TRIGGERED
    assert story.now == NIGHT


def test_an_acknowledgement_without_its_timer_expires_after_its_whole_time() -> None:
    """Whoever has it is at work: too late by less than half an hour is the safe side."""
    story = Story().tell(ev.Acknowledged("ann", Via.CONSOLE))
    story.incident = without(story.incident, TimerKind.ACK)
    timer = audited(story).incident.timer(TimerKind.ACK)
    assert timer and timer.due_at == NIGHT + timedelta(minutes=30)


def test_an_acknowledgement_that_never_expires_is_no_finding() -> None:
    """The one exception; it is the policy's own."""
    story = Story(incident(policy(acknowledgement_expires=None))).tell(ev.Acknowledged("ann", Via.CONSOLE))
    assert story.incident.timers == frozenset()
    assert findings(story.incident, NOBODY, story.now) == ()


def test_a_resolved_incident_needs_nothing() -> None:
    """It may lie there as it is, for good."""
    story = Story().tell(ev.Resolved("ann", Via.CONSOLE))
    assert findings(without(story.incident, *TimerKind), NOBODY, story.now) == ()
    assert audited(story).last.entries == ()


def test_a_planned_call_that_nobody_will_place_is_placed_as_a_new_try() -> None:
    """Its command is gone, or was ticked off without effect: the name of the first one may be used up."""
    story = Story()
    assert findings(story.incident, NOBODY, story.now) == (Finding(Lack.UNSENT, 1),)
    assert audited(story).commands == [(CommandKind.CALL, 1, 2)]


def test_a_call_in_flight_that_nobody_watches_is_given_up_in_its_time() -> None:
    """Accepted, and nothing was heard of it since: without the timer the ladder would stand still."""
    story = Story().calls(1)
    story.incident = without(story.incident, TimerKind.ATTEMPT)
    assert findings(story.incident, NOBODY, story.now) == (Finding(Lack.UNWATCHED, 1),)
    assert audited(story).fires(TimerKind.ATTEMPT, 1).incident.attempts[0].outcome is Outcome.SILENT
    assert story.now == NIGHT + timedelta(seconds=75)


def test_a_page_whose_next_rung_was_lost_goes_on() -> None:
    """The second call would never have come."""
    story = Story().calls(1).ends(1).calls(2)
    story.incident = without(story.incident, TimerKind.RUNG)
    assert findings(story.incident, NOBODY, story.now) == (Finding(Lack.STUCK, 1),)
    assert audited(story).fires(TimerKind.RUNG, 1).commands == [(CommandKind.CALL, 3, 1)]


@pytest.mark.parametrize(("back", "missed"), [(timedelta(seconds=30), False), (timedelta(hours=1), True)])
def test_a_clock_that_was_put_back_delays_nothing_by_an_hour(back: timedelta, missed: bool) -> None:
    """A timer further away than it could have been set is set anew; seconds are no finding."""
    story = Story().calls(1)
    story.now -= back
    assert bool(findings(story.incident, NOBODY, story.now)) is missed
    timer = audited(story).incident.timer(TimerKind.STEP)
    assert timer and timer.due_at - story.now <= timedelta(minutes=5) + audit.SLACK
