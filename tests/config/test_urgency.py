"""Urgencies and people's rules in the file."""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.alert import Severity
from escalation.domain.conditions import Hours
from escalation.domain.policy import Rung, Site
from escalation.domain.roster import Channel
from escalation.domain.urgency import Urgencies, Urgency
from escalation.domain.week import Week, daily
from tests.config.texts import GOOD, changed, faults

BOB = 'bob: {phone: "+15550100002"}'
RULES = 'bob: {phone: "+15550100002", rules: {high: [voice], low: [sms, {voice: 20m}]}}'
SERVICE = "{policy: default, keys"
HOURS = "{policy: default, urgency: {warning: high}, support_hours: {time: {from: 08:00, to: 18:00}, timezone: UTC, outside: {error: low}}, keys"


def test_rules_are_ladders_by_urgency() -> None:
    """Read, written, read again; the change is told."""
    site = load(changed(BOB, RULES)).site
    low = (Rung(Channel.SMS), Rung(Channel.VOICE, timedelta(minutes=20)))
    assert site.roster.people["bob"].rules == {Urgency.HIGH: (Rung(Channel.VOICE),), Urgency.LOW: low}
    adapter = TypeAdapter(Site)
    assert adapter.validate_json(adapter.dump_json(site)) == site
    assert "person bob: rules of low urgency none -> sms, voice after 20m" in diff(load(GOOD).site, site)


def test_a_service_says_what_is_urgent_and_when() -> None:
    """The incident keeps it with its policy."""
    site = load(changed(SERVICE, HOURS)).site
    hours = Hours(ZoneInfo("UTC"), Week.of(daily(range(7), time(8), time(18))))
    wanted = Urgencies({Severity.WARNING: Urgency.HIGH}, hours, {Severity.ERROR: Urgency.LOW})
    assert site.policy_of(site.services["payments"]).urgencies == wanted
    assert [line.partition(" none -> ")[0] for line in diff(load(GOOD).site, site)] == [
        "service payments: urgency",
        "service payments: support_hours",
    ]


def test_the_file_says_for_all_what_is_urgent_and_a_service_otherwise() -> None:
    """Severity by severity; the change is told for each service."""
    text = changed(SERVICE, SERVICE.replace("keys", "urgency: {warning: low}, keys"))
    site = load("urgency: {warning: high, error: low}\n" + text).site
    said = site.services["payments"].urgencies.said
    assert said == {Severity.WARNING: Urgency.LOW, Severity.ERROR: Urgency.LOW}
    assert "service payments: urgency none -> warning low, error low" in diff(load(GOOD).site, site)


def test_a_fault_of_what_is_said_for_all_has_its_line() -> None:
    """At the top of the file."""
    assert faults("urgency: {warning: urgent}\n" + GOOD)[0].startswith("line 1: urgency: no such urgency `urgent`")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (BOB, RULES.replace("high: [voice]", "hihg: [voice]"), "line 4: people.bob.rules.hihg: unknown key `hihg`, did you mean `high`?"),
        (BOB, RULES.replace("high: [voice]", "high: [fax]"), "line 4: people.bob.rules.high.1: no such channel `fax`"),
        (BOB, 'bob: {phone: "+15550100002", rules: {}}', "line 4: people.bob.rules: says no rule"),
        (SERVICE, HOURS.replace("warning: high", "warning: urgent"), "line 8: services.payments.urgency: no such urgency `urgent`"),
        (SERVICE, HOURS.replace("warning: high", "warn: high"), "line 8: services.payments.urgency: no such severity `warn`"),
        (SERVICE, HOURS.replace(", outside: {error: low}", ""), "line 8: services.payments.support_hours: `outside` is missing"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_place(old: str, new: str, fault: str) -> None:
    """Nothing half applied."""
    found = faults(changed(old, new))
    assert any(f.startswith(fault) for f in found), found


def test_a_person_whom_their_own_rules_make_unreachable_is_warned_of() -> None:
    """Theme 6, never be silently un-notifiable: an urgency without a usable contact is seen in the file."""
    text = changed(BOB, 'bob: {phone: "+15550100002", rules: {low: [email, slack]}}')
    assert (
        "line 14: policies.default.steps.2: cannot reach bob when it is of low urgency: no e-mail address or Slack id"
        in load(text).warnings
    )


def test_quiet_hours_are_on_the_persons_own_clock() -> None:
    """Ann lives in Berlin."""
    site = load(changed("slack: U012ANN}", "slack: U012ANN, quiet_hours: {from: 22:00, to: 07:00}}")).site
    assert site.roster.people["ann"].quiet == Hours(ZoneInfo("Europe/Berlin"), Week.of(daily(range(7), time(22), time(7))))
    (line,) = diff(load(GOOD).site, site)
    assert line.startswith("person ann: quiet_hours none -> sun 22:00 to mon 07:00, mon 22:00")


def test_quiet_hours_that_never_end_are_a_fault() -> None:
    """Theme 6, never be silently un-notifiable."""
    text = changed("slack: U012ANN}", "slack: U012ANN, quiet_hours: {from: mon 00:00, to: mon 00:00}}")
    assert faults(text) == ["line 3: people.ann: `quiet_hours` that never end: what is of low urgency would never come"]
