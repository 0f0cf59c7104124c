"""What changed, for people."""

from __future__ import annotations

import pytest

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.policy import Site
from tests.config.texts import GOOD, changed


def test_the_same_twice_is_no_change() -> None:
    """Neither are comments, quotes or order."""
    assert diff(load(GOOD).site, load("# hello\n" + changed("name: Ann Example", 'name: "Ann Example"')).site) == []


def test_the_first_configuration_is_all_new() -> None:
    """Numbers and addresses are masked, keys only counted."""
    assert diff(Site(), load(GOOD).site) == [
        (
            "person ann: added (name Ann Example, timezone Europe/Berlin, phone +1•••••••001, sms +1•••••••001, "
            "email a•••@example.org, slack U012ANN)"
        ),
        "person bob: added (name bob, timezone UTC, phone +1•••••••002, sms +1•••••••002)",
        "team payments: added (members ann, bob)",
        "service payments: added (policy default, keys 1 key)",
        (
            "policy default: added (repeat 1, ring 25s, acknowledgement_expires 30m, alarm_every 15m, slot_limit 1m, "
            "step 1 [ann by voice, sms, voice after 2m within 5m], "
            "step 2 [bob, team:payments by voice, sms, voice after 2m within 3m], "
            "last resort [email:o•••@example.org by voice, sms, voice after 2m within 5m])"
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("Ann Example", "Ann Other", ["person ann: name Ann Example -> Ann Other"]),
        ("Europe/Berlin", "Europe/Paris", ["person ann: timezone Europe/Berlin -> Europe/Paris"]),
        (", slack: U012ANN", "", ["person ann: slack U012ANN -> none"]),
        (
            '"+15550100002"',
            '"+15550100009"',
            ["person bob: phone +1•••••••002 -> +1•••••••009", "person bob: sms +1•••••••002 -> +1•••••••009"],
        ),
        ('"+15550100002"', '"+15550100002", sms: no', ["person bob: sms +1•••••••002 -> none"]),
        ('"+15550100002"', '"+15550100002", sms: "+15550199002"', ["person bob: sms changed (+1•••••••002)"]),
        ("[ann, bob]", "[bob, ann]", ["team payments: members ann, bob -> bob, ann"]),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee", ["service payments: keys changed (1 key)"]),
        ("ring: 25s", "ring: 20s", ["policy default: ring 25s -> 20s"]),
        ("{policy: default,", "{policy: default, auto_resolve: 12h,", ["service payments: auto_resolve none -> 12h"]),
        (
            "{policy: default,",
            "{policy: default, acknowledgement_expires: never,",
            ["service payments: acknowledgement_expires none -> never"],
        ),
        ("ring: 25s", "repeat: 2", ["policy default: repeat 1 -> 2"]),
        ("ring: 25s", "alarm_every: 1h", ["policy default: alarm_every 15m -> 1h"]),
        ("ring: 25s", "slot_limit: 2m", ["policy default: slot_limit 1m -> 2m"]),
        ("ring: 25s", "acknowledgement_expires: never", ["policy default: acknowledgement_expires 30m -> never"]),
        (
            "timeout: 3m",
            "by: sms",
            [
                (
                    "policy default: step 2 [bob, team:payments by voice, sms, voice after 2m within 3m] -> "
                    "[bob, team:payments by sms within 5m]"
                )
            ],
        ),
        (
            "ops@example.org",
            "onc@example.org",
            ["policy default: last resort changed ([email:o•••@example.org by voice, sms, voice after 2m within 5m])"],
        ),
    ],
)
def test_each_change_is_one_line(old: str, new: str, lines: list[str]) -> None:
    """Every aspect is seen, one that looks the same when masked too."""
    assert diff(load(GOOD).site, load(changed(old, new)).site) == lines


def test_what_is_gone_is_said() -> None:
    """People, teams, services and policies by name."""
    assert diff(load(GOOD).site, Site()) == [
        "person ann: removed",
        "person bob: removed",
        "team payments: removed",
        "service payments: removed",
        "policy default: removed",
    ]
