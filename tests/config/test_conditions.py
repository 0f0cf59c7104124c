"""Conditions of steps in the file: what they mean, their faults with their lines, and the warning of a severity that nobody hears of."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.alert import Severity
from escalation.domain.conditions import Condition, Hours
from escalation.domain.policy import Policy, Site
from escalation.domain.week import Week, daily
from tests.config.texts import GOOD, changed, faults

TEXT = changed(
    "      - page: ann\n",
    "      - page: ann\n"
    "        if:\n"
    "          severity: [error, critical]\n"
    "          labels: {env: [prod, staging], region: eu}\n"
    "          time: {days: [mon, tue], from: 09:00, to: 18:00}\n"
    "          timezone: Europe/Berlin\n",
)


def test_a_condition_is_read_and_written_and_read_again() -> None:
    """Severities the worst first; a label has one value or any of several."""
    site = load(TEXT).site
    hours = Hours(ZoneInfo("Europe/Berlin"), Week.of(daily((0, 1), time(9), time(18))))
    wanted = Condition((Severity.CRITICAL, Severity.ERROR), {"env": ("prod", "staging"), "region": ("eu",)}, hours)
    assert site.policies["default"].steps[0].condition == wanted
    adapter = TypeAdapter(Site)
    assert adapter.validate_json(adapter.dump_json(site)) == site


def test_an_incident_of_the_release_before_has_no_conditions() -> None:
    """Its policy lies in the database without a word of them."""
    adapter = TypeAdapter(Policy)
    policy = load(GOOD).site.policies["default"]
    shape = adapter.dump_python(policy, mode="json")
    del shape["labels"], shape["site_last_resort"], shape["urgencies"]
    for step in (*shape["steps"], shape["last_resort"]):
        for new in ("condition", "round_robin", "until_answered", "turn", "place", "assigned", "own_ladder"):
            del step[new]
    assert adapter.validate_python(shape) == policy


def test_the_service_lends_its_labels_to_the_policy_an_incident_keeps() -> None:
    """What the machine compares with lies in the incident."""
    site = load(changed("{policy: default, keys", "{policy: default, labels: {env: prod}, keys")).site
    assert site.policy_of(site.services["payments"]).labels == {"env": "prod"}
    assert diff(load(GOOD).site, site) == ["service payments: labels none -> env prod"]


def test_a_change_of_a_condition_is_told() -> None:
    """In words, not as a patch."""
    (line,) = diff(load(GOOD).site, load(TEXT).site)
    assert "if critical or error, env prod or staging, region eu, mon 09:00 to mon 18:00, tue 09:00 to tue 18:00" in line


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[error, critical]", "[error, criticl]", "line 15: policies.default.steps.1.if.severity: no such severity `criticl`, did you mean"),
        ("severity: [error", "severities: [error", "line 15: policies.default.steps.1.if.severities: unknown key `severities`, did you mean `severity`?"),
        ("        if:\n", "        when:\n", "line 14: policies.default.steps.1.when: unknown key `when`, did you mean `if`?"),
        ("region: eu", "region: 7", "line 16: policies.default.steps.1.if.labels: YAML reads this as a number"),
        ("{env: [prod, staging], region: eu}", "prod", "line 16: policies.default.steps.1.if.labels: labels such as {env: prod} expected"),
        ("          timezone: Europe/Berlin\n", "", "line 14: policies.default.steps.1.if: `time` and `timezone` belong together"),
        ("to: 18:00", "to: 25:00", "line 17: policies.default.steps.1.if.time: a time of day"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_place(old: str, new: str, fault: str) -> None:
    """Nothing half applied."""
    assert TEXT.count(old) == 1
    found = faults(TEXT.replace(old, new))
    assert any(f.startswith(fault) for f in found), found


def test_a_condition_of_nothing_and_one_of_the_last_resort_are_faults() -> None:
    """Nothing is below the last resort."""
    assert faults(changed("      - page: ann\n", "      - {page: ann, if: {}}\n"))[0].startswith(
        "line 13: policies.default.steps.1.if: says no condition"
    )
    assert "unknown key `if`" in faults(changed('"email:ops@example.org"}', '"email:ops@example.org", if: {severity: info}}'))[0]


@pytest.mark.parametrize(
    ("first", "second", "warnings"),
    [
        ("{severity: critical}", "{severity: error}", ["no step applies to warning", "no step applies to info"]),
        ("{severity: [critical, error, warning]}", "{labels: {env: prod}}", ["every step for info hangs on labels or the time"]),
        ("{severity: [critical, error]}", "{severity: [warning, info]}", []),
    ],
)
def test_a_severity_that_no_step_is_for_is_warned_of(first: str, second: str, warnings: list[str]) -> None:
    """Complaint theme 6, never be silently un-notifiable: it is seen in the file, not in the night."""
    text = GOOD.replace("- page: ann\n", f"- page: ann\n        if: {first}\n").replace(
        "timeout: 3m", f"timeout: 3m\n        if: {second}"
    )
    found = [w for w in load(text).warnings if "step" in w]
    assert len(found) == len(warnings)
    assert all(any(f"line 12: policies.default.steps: {said}" in w for w in found) for said in warnings)
