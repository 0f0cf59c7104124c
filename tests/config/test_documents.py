"""The documents that ship: the example, the demo's configuration, the reference."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.config.inhibit import InhibitBlock, ParentBlock
from escalation.config.load import load
from escalation.config.quiet import MaintenanceBlock, ScopeBlock
from escalation.config.schema import (
    ConditionBlock,
    File,
    LayerBlock,
    PersonBlock,
    PhoneBlock,
    PolicyBlock,
    PricesBlock,
    RulesBlock,
    ScheduleBlock,
    ServiceBlock,
    SpendingCapBlock,
    StepBlock,
    SupportBlock,
    keys_of,
)
from escalation.domain.policy import CALL_TEXT_CALL, Rung
from escalation.domain.roster import Channel

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = (TOP / "escalation.example.yaml").read_text()
DEMO = (TOP / "escalation/local/demo.yaml").read_text()
REFERENCE = (TOP / "docs/configuration.md").read_text()


def test_the_example_is_the_policy_this_product_is_for() -> None:
    """Primary, backup, lead, five minutes each; then texts and Slack to the team; then a last resort that is not Plivo."""
    policy = load(EXAMPLE).site.policies["default"]
    assert [[str(t) for t in s.targets] for s in policy.steps] == [
        ["ann"],
        ["bob"],
        ["lead"],
        ["team:payments", "slack:#incidents"],
    ]
    assert [s.timeout for s in policy.steps] == [timedelta(minutes=5)] * 4
    assert [s.ladder for s in policy.steps] == [CALL_TEXT_CALL] * 3 + [(Rung(Channel.SMS),)]
    assert [str(t) for t in policy.last_resort.targets] == ["email:ops@example.org", "slack:#incidents"]


def test_the_example_warns_of_nothing_but_its_own_key() -> None:
    """Everybody knows that key, so whoever copies the file must be told."""
    assert [w.partition(": ")[2] for w in load(EXAMPLE).warnings] == [
        "services.payments: has a key from an example, which everybody knows: `escalation config key` makes one"
    ]


def test_the_demo_is_the_example_with_seconds_for_minutes() -> None:
    """The same people and steps, no warning, over in less than a minute and a half."""
    demo, example = load(DEMO), load(EXAMPLE).site
    assert demo.warnings == []
    policy = demo.site.policies["default"]
    assert [s.targets for s in policy.steps] == [s.targets for s in example.policies["default"].steps]
    assert policy.ring + timedelta(seconds=3) < policy.steps[0].timeout <= timedelta(seconds=10)
    assert sum((s.timeout for s in policy.steps), timedelta()) < timedelta(seconds=90)
    assert {p.contact(Channel.VOICE).address for p in demo.site.roster.people.values()} == {f"+1555010000{n}" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    "block",
    [
        File,
        PersonBlock,
        ScheduleBlock,
        LayerBlock,
        ServiceBlock,
        PolicyBlock,
        StepBlock,
        ConditionBlock,
        RulesBlock,
        SupportBlock,
        MaintenanceBlock,
        InhibitBlock,
        ParentBlock,
        ScopeBlock,
        PhoneBlock,
        PricesBlock,
        SpendingCapBlock,
    ],
)
def test_the_reference_has_every_key(block: type) -> None:
    """Each in the first column of a table."""
    missing = [key for key in keys_of(block) if not re.search(rf"^\| `{key}` \|", REFERENCE, re.MULTILINE)]
    assert missing == []


def test_the_reference_names_no_key_that_does_not_exist() -> None:
    """A key that was renamed leaves no ghost behind."""
    known = {
        key
        for block in (
            File,
            PersonBlock,
            ScheduleBlock,
            LayerBlock,
            ServiceBlock,
            PolicyBlock,
            StepBlock,
            ConditionBlock,
            RulesBlock,
            SupportBlock,
            MaintenanceBlock,
            InhibitBlock,
            ParentBlock,
            ScopeBlock,
            PhoneBlock,
            PricesBlock,
            SpendingCapBlock,
        )
        for key in keys_of(block)
    }
    rows = re.findall(r"^\| `([a-z_]+)` \|", REFERENCE, re.MULTILINE)
    assert set(rows) - {"ann"} == known


def test_the_file_in_the_reference_loads() -> None:
    """What people copy works."""
    first = re.search(r"```yaml\n(people:.*?)```", REFERENCE, re.DOTALL)
    assert first
    assert list(load(first[1]).site.policies) == ["default"]


def test_the_defaults_in_the_reference_are_the_real_ones() -> None:
    """Spelled as they would be written."""
    said = dict(re.findall(r"^\| `(\w+)` \| .* \| `(.+)` \|$", REFERENCE, re.MULTILINE))
    text = EXAMPLE[: EXAMPLE.index("policies:\n")] + "policies: {default: {steps: [{page: ann}]}}"
    spelled = "".join(f", {key}: {said[key]}" for key in PolicyBlock.model_fields if key in said)
    assert {"ring", "repeat", "timeout", "by", "alarm_every", "slot_limit", "acknowledgement_expires"} <= said.keys()
    assert load(text).site == load(text.replace("{page: ann}]", "{page: ann}]" + spelled)).site
