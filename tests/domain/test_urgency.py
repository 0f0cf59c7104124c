"""How urgent an incident is, and by what people are told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.conditions import Hours
from escalation.domain.incident import Status
from escalation.domain.policy import Rung, Step
from escalation.domain.roster import Channel, ContactMethod, Roster
from escalation.domain.urgency import Urgencies, Urgency
from escalation.domain.week import Week, daily
from tests.builders import alert, incident, person, policy, roster, step, target
from tests.domain.story import Story

SUPPORT = Hours(ZoneInfo("Europe/Berlin"), Week.of(daily(range(5), time(9), time(18))))
MONDAY_NOON, SUNDAY = datetime(2026, 11, 23, 11, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC)
TEXT, CALL = (Rung(Channel.SMS), Rung(Channel.VOICE, timedelta(minutes=20))), (Rung(Channel.VOICE),)


def wanting(**rules: tuple[Rung, ...]) -> Roster:
    """Ann has rules of her own."""
    ann = replace(person("ann"), rules={Urgency(name): ladder for name, ladder in rules.items()})
    return replace(roster(), people={**roster().people, "ann": ann})


@pytest.mark.parametrize(
    ("urgencies", "severity", "at", "urgency"),
    [
        (Urgencies(), Severity.CRITICAL, SUNDAY, Urgency.HIGH),
        (Urgencies(), Severity.ERROR, SUNDAY, Urgency.HIGH),
        (Urgencies(), Severity.WARNING, SUNDAY, Urgency.LOW),
        (Urgencies(), Severity.INFO, SUNDAY, Urgency.LOW),
        (Urgencies({Severity.WARNING: Urgency.HIGH}), Severity.WARNING, SUNDAY, Urgency.HIGH),
        (Urgencies({}, SUPPORT, {Severity.ERROR: Urgency.LOW}), Severity.ERROR, SUNDAY, Urgency.LOW),
        (Urgencies({}, SUPPORT, {Severity.ERROR: Urgency.LOW}), Severity.ERROR, MONDAY_NOON, Urgency.HIGH),
        (Urgencies({}, SUPPORT, {Severity.ERROR: Urgency.LOW}), Severity.CRITICAL, SUNDAY, Urgency.HIGH),
    ],
)
def test_the_urgency_is_of_the_severity_the_service_and_the_hour(
    urgencies: Urgencies, severity: Severity, at: datetime, urgency: Urgency
) -> None:
    """What nobody said otherwise is as usual: support hours never quieten what they do not name."""
    assert urgencies.of(severity, at) is urgency


@pytest.mark.parametrize(
    ("step_", "people", "severity", "ladder"),
    [
        (step("ann"), wanting(high=CALL, low=TEXT), Severity.ERROR, CALL),
        (step("ann"), wanting(high=CALL, low=TEXT), Severity.WARNING, TEXT),
        (step("ann"), wanting(low=TEXT), Severity.ERROR, step().ladder),
        (
            replace(step("ann", ladder=CALL), own_ladder=True),
            wanting(low=TEXT),
            Severity.WARNING,
            CALL,
        ),
        (step("ann"), roster(), Severity.WARNING, step().ladder),
    ],
)
def test_a_steps_own_ladder_goes_before_the_persons_rules_and_these_before_the_policys(
    step_: Step, people: Roster, severity: Severity, ladder: tuple[Rung, ...]
) -> None:
    """GoAlert #46: priorities with different urgency."""
    assert Story(incident(policy(step_), severity=severity), people).incident.pages[0].ladder == ladder


def test_a_rise_of_urgency_calls_at_once_whoever_had_a_text_for_it() -> None:
    """A warning was texted; it becomes critical."""
    story = Story(incident(severity=Severity.WARNING), wanting(high=CALL, low=TEXT))
    assert [a.channel for a in story.incident.attempts] == [Channel.SMS]
    story.tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert [a.channel for a in story.incident.attempts if not a.settled] == [Channel.VOICE]


def test_a_dead_end_goes_by_the_rules_for_high_urgency() -> None:
    """The last resort is a person: it is called even for a warning."""
    last = replace(policy(step("nobody")), last_resort=Step((target("ann"),)))
    story = Story(incident(last, severity=Severity.WARNING), wanting(high=CALL, low=TEXT))
    assert (story.incident.status, story.incident.pages[0].ladder) == (Status.EXHAUSTED, CALL)


def test_rules_that_lead_nowhere_do_not_silence_anybody() -> None:
    """Theme 6, never be silently un-notifiable: Ann wants Slack and has none; she is called, and the timeline says why."""
    story = Story(incident(policy(step("ann"), step("bob")), severity=Severity.WARNING), wanting(low=(Rung(Channel.SLACK),)))
    assert [a.channel for a in story.incident.attempts] == [Channel.VOICE]
    assert "Ann cannot be reached by slack: no such contact method." in story.says


def test_a_ladder_rings_the_phone_that_it_names() -> None:
    """The mobile first, then the one at home; without one of that name the first; a blocked one is passed by."""
    mobile, home = (
        ContactMethod(Channel.VOICE, number, name=name) for name, number in (("mobile", "+15550100001"), ("home", "+15550100004"))
    )
    ladder = (Rung(Channel.VOICE), Rung(Channel.VOICE, at="home"), Rung(Channel.VOICE, at="car"))
    ann = replace(person("ann"), contacts=(mobile, home), rules={Urgency.HIGH: ladder})
    story = Story(people=replace(roster(), people={**roster().people, "ann": ann}))
    for number in (1, 2):
        story.calls(number).ends(number)
    assert [a.address for a in story.incident.attempts] == ["+15550100001", "+15550100004", "+15550100001"]
    blocked = replace(ann, contacts=(replace(mobile, blocked="opted out"), home))
    assert blocked.contact(Channel.VOICE) == home
