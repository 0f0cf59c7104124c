"""Several phones of one person in the file, and ladders that name them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.domain.urgency import Urgency
from tests.config.texts import GOOD, changed, faults

BOB = 'bob: {phone: "+15550100002"}'
TWO = '[{name: mobile, number: "+15550100002"}, {name: home, number: "+15550100003"}]'
RULES = f"bob: {{phones: {TWO}, rules: {{high: [voice, {{voice: home}}, {{voice: home, after: 2m}}, {{voice: 1m}}]}}}}"


def test_phones_have_names_and_the_first_counts_where_none_is_named() -> None:
    """Texts go to the first one too."""
    bob = load(changed(BOB, RULES)).site.roster.people["bob"]
    assert bob.rules[Urgency.HIGH] == (
        Rung(Channel.VOICE),
        Rung(Channel.VOICE, at="home"),
        Rung(Channel.VOICE, timedelta(minutes=2), "home"),
        Rung(Channel.VOICE, timedelta(minutes=1)),
    )
    found = [
        bob.contact(Channel.VOICE),
        bob.contact(Channel.VOICE, "home"),
        bob.contact(Channel.VOICE, "car"),
        bob.contact(Channel.SMS),
    ]
    assert [c.address for c in found if c] == ["+15550100002", "+15550100003", "+15550100002", "+15550100002"]
    lines = diff(load(GOOD).site, load(changed(BOB, RULES)).site)
    assert "person bob: phone home none -> +1•••••••003" in lines


@pytest.mark.parametrize(
    ("bob", "fault"),
    [
        (f'bob: {{phone: "+15550100002", phones: {TWO}}}', "line 4: people.bob: `phone` or `phones`, not both"),
        (f"bob: {{phones: {TWO.replace('home', 'mobile')}}}", "line 4: people.bob: two of the `phones` have the same name"),
        (f"bob: {{phones: {TWO.replace('home', '2m')}}}", "line 4: people.bob.phones.2.name: a phone's name begins with a letter"),
        (f"bob: {{phones: {TWO.replace('name: home', 'nme: home')}}}", "line 4: people.bob.phones.2.nme: unknown key `nme`, did you mean `name`?"),
        (RULES.replace("{voice: home}", "{sms: home}"), "line 4: people.bob.rules.high.2: a phone is named for calls, not for `sms`"),
        (RULES.replace("{voice: home}", "{after: 2m}"), "line 4: people.bob.rules.high.2: a channel such as `sms`"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_place(bob: str, fault: str) -> None:
    """And never a number in it."""
    found = faults(changed(BOB, bob))
    assert any(f.startswith(fault) for f in found), found
    assert not any("5550100" in f for f in found)


def test_a_phone_that_nobody_has_is_warned_of() -> None:
    """It silences nobody: the first one rings."""
    warnings = load(changed(BOB, RULES.replace("{voice: home}", "{voice: hme}"))).warnings
    assert "line 4: people.bob.rules: has no phone named hme: is called on the first instead" in warnings
    named = load(changed("ring: 25s", "by: [{voice: hme}]")).warnings
    assert "line 13: policies.default.steps.1: nobody in it has a phone named hme: they are called on the first instead" in named
