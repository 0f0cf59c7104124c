"""Steps that are for some incidents only: passed over in the same second, never in silence, and nobody is lost by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.briefing import whats_next
from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.conditions import Condition, Hours
from escalation.domain.incident import LAST_RESORT, Status, TimerKind
from escalation.domain.policy import Step
from escalation.domain.week import Week, daily
from tests.builders import alert, incident, policy, roster, step
from tests.domain.story import Story

BERLIN = ZoneInfo("Europe/Berlin")
WORST = Condition((Severity.CRITICAL,))
PROD = Condition(labels={"env": ("prod", "staging")})
OFFICE = Condition(hours=Hours(BERLIN, Week.of(daily(range(5), time(9), time(18)))))


def only(condition: Condition, *targets: str) -> Step:
    return replace(step(*targets), condition=condition)


def paged(story: Story) -> list[str]:
    return [p.responder for p in story.incident.pages if p.step != LAST_RESORT]


def test_a_step_that_is_not_for_this_severity_is_passed_over_in_the_same_second() -> None:
    """Bob is called at once, the timeline says why Ann was not, and nobody is woken by mail for it: that was meant so."""
    story = Story(incident(policy(only(WORST, "ann"), step("bob")), severity=Severity.WARNING))
    assert paged(story) == ["bob"]
    assert "Step 1 of 2 is passed over: it is for critical, and this is warning." in story.says
    assert "Step 2 of 2: paging Bob." in story.says
    assert not story.incident.alarmed


def test_a_rise_of_severity_asks_the_conditions_again() -> None:
    """Worse than before: the step that was passed over is the first one now."""
    story = Story(incident(policy(only(WORST, "ann"), step("bob")), severity=Severity.WARNING))
    story.tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert [p.responder for p in story.incident.pages if not p.closed] == ["ann"]


@pytest.mark.parametrize(
    ("service", "alerts", "holds"),
    [
        ({"env": "prod"}, {}, True),
        ({"env": "test"}, {}, False),
        ({}, {"env": "staging"}, True),
        ({"env": "prod"}, {"env": "test"}, False),
        ({}, {}, False),
    ],
)
def test_labels_are_the_services_and_what_the_alert_says_itself_goes_first(
    service: dict[str, str], alerts: dict[str, object], holds: bool
) -> None:
    """One service reports of production and of the test site."""
    first = replace(incident(policy(only(PROD, "ann"), step("bob"), labels=service)), details=alerts)
    assert paged(Story(first)) == (["ann"] if holds else ["bob"])


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "ann"),  # Monday 09:00 in Berlin
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), "bob"),
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), "bob"),
        (datetime(2026, 7, 6, 7, 0, tzinfo=UTC), "ann"),  # in summer
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), "bob"),  # Sunday
    ],
)
def test_hours_are_on_the_clock_of_their_zone(at: datetime, who: str) -> None:
    """Complaint 8: summer time moves nobody's office hours."""
    first = Story.__new__(Story)
    first.incident, first.roster, first.now = incident(policy(only(OFFICE, "ann"), step("bob"))), roster(), at
    first.tell(ev.Triggered(alert()))
    assert paged(first) == [who]


def test_it_is_the_hour_at_which_the_step_would_begin_that_counts() -> None:
    """The incident began at 03:00; the step comes up after nine."""
    story = Story(incident(policy(step("bob", minutes=60 * 6), only(OFFICE, "ann"))))
    assert whats_next(story.incident, story.roster, story.now) == "nobody: this is the last step"
    story.calls(1).ends(1)
    assert whats_next(story.incident, story.roster, story.now).startswith("Ann at 09:00:00 UTC")
    assert paged(story.fires(TimerKind.STEP)) == ["bob", "ann"]


@pytest.mark.parametrize("rounds", [1, 100])
def test_a_policy_of_which_no_step_applies_goes_to_the_last_resort_loudly_and_at_once(rounds: int) -> None:
    """Complaint 10: no minutes are lost, nobody is called, and the mail is one, however often the steps would be repeated."""
    story = Story(incident(policy(only(WORST, "ann"), only(OFFICE, "bob"), rounds=rounds)))
    assert story.incident.status is Status.EXHAUSTED
    assert "EXHAUSTED: no step of the policy applies to this, and nobody was paged." in story.says
    assert [p.responder for p in story.incident.pages] == ["email:ops@example.org"]
    assert len(story.last.entries) < 10


def test_a_step_that_applies_and_has_nobody_in_it_is_still_a_dead_end() -> None:
    """A condition that holds excuses nobody's absence."""
    story = Story(incident(policy(only(WORST, "nobody"), step("bob")), severity=Severity.CRITICAL))
    assert "step 1 empty" in story.incident.alarmed


def test_a_step_that_began_goes_on_when_its_hours_end() -> None:
    """Ann was called at 17:59; that she cannot be reached after six is still told."""
    story = Story.__new__(Story)
    story.incident, story.roster = incident(policy(only(OFFICE, "ann"), step("bob"))), roster()
    story.now = datetime(2026, 11, 23, 16, 59, tzinfo=UTC)
    story.tell(ev.Triggered(alert()))
    story.now += timedelta(minutes=2)
    while story.incident.step == 0:
        number = next(a.number for a in story.incident.attempts if not a.settled)
        story.tell(ev.AttemptClaimed(number, 1), ev.AttemptFailed(number, 1, permanent=True, reason="no such number"))
    assert "step 1 empty" in story.incident.alarmed


CONDITIONS = st.builds(
    Condition,
    st.lists(st.sampled_from(Severity), unique=True, max_size=2).map(tuple),
    st.sampled_from([{}, {"env": ("prod",)}]),
    st.sampled_from([None, OFFICE.hours]),
)


@given(
    st.lists(st.tuples(st.none() | CONDITIONS, st.sampled_from(["ann", "bob", "lee"])), min_size=1, max_size=5),
    st.sampled_from(Severity),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 3),
)
def test_everyone_for_whom_a_step_applies_is_paged_before_it_is_exhausted_and_nobody_else(
    steps: list[tuple[Condition | None, str]], severity: Severity, at: datetime, rounds: int
) -> None:
    """Whatever the conditions are, the steps that apply come in their order, in each round."""
    chosen = policy(*(replace(step(who, minutes=1 / 60), condition=when) for when, who in steps), rounds=rounds)
    story = Story.__new__(Story)
    story.incident, story.roster, story.now = incident(chosen, severity=severity), roster(), at
    story.tell(ev.Triggered(alert(severity=severity)))
    while story.incident.status is Status.TRIGGERED:
        story.tell(ev.AttemptClaimed(len(story.incident.attempts), 1)).fires(TimerKind.STEP)
    wanted = [who for when, who in steps if when is None or not when.fails(severity, {}, at)]
    assert paged(story) == wanted * rounds
