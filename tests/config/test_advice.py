"""Warnings: a usable file that will disappoint somebody one night."""

from __future__ import annotations

import pytest

from escalation.config.load import load
from tests.config.texts import GOOD, changed

LAST = 'last_resort: {page: "email:ops@example.org"}'
NO_WAY = "policies.default.last_resort: has no way that is not Plivo: add an `email:` or a `webhook:`"


def test_a_good_file_has_no_warning() -> None:
    """Else nobody would read the others."""
    assert load(GOOD).warnings == []


@pytest.mark.parametrize(
    ("last_resort", "warned"),
    [
        ("page: ann", True),
        ("page: team:payments, by: [voice, sms]", True),
        ("page: bob, by: [voice, email]", True),
        ("page: ann, by: [voice, email]", False),
        ('page: "webhook:https://example.org"', False),
        ('page: [ann, "slack:#incidents"]', False),
    ],
)
def test_a_last_resort_that_needs_plivo_is_warned_of(last_resort: str, warned: bool) -> None:
    """When Plivo is down there must be another way, and an address for it."""
    found = load(changed(LAST, f"last_resort: {{{last_resort}}}")).warnings
    assert any(NO_WAY in w for w in found) is warned


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (LAST, "", "line 10: policies.default: there is no last resort"),
        ('bob: {phone: "+15550100002"}', "bob: {email: bob@example.org}", "line 4: people.bob: has no phone: cannot be called"),
        ('bob: {phone: "+15550100002"}', "bob: {email: bob@example.org}", "line 14: policies.default.steps.2: cannot reach bob: no phone or number for texts"),
        ("bob: {", 'eve: {phone: "+15550100003"}\n  bob: {', "line 4: people.eve: is paged by no policy"),
        ('phone: "+15550100002"', 'phone: "+49 30 23125042"', "line 4: people.bob: texts go to a landline"),
        (", email: ann@example.org", "", "line 2: people: nobody has an e-mail address"),
        ("[ann, bob]", "[bob]", "line 6: teams.payments: has one member only"),
        ("[ann, bob]", "[ann, bob]\n  idle: [ann, bob]", "line 7: teams.idle: is paged by no policy"),
        ("      - page: ann\n", "", "line 8: services.payments: its policy default has one step only"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdefg", "line 8: services.payments: a key has not 32 characters"),
        ("0123456789abcdef0123456789abcdef", "replace-me-0123456789", "line 8: services.payments: has a key from an example"),
        ("  default:\n", "  idle: {steps: [{page: ann}]}\n  default:\n", "line 10: policies.idle: is used by no service"),
        ("ring: 25s", "ring: 40s", "line 11: policies.default.ring: after 40s of ringing most voicemails"),
        ("timeout: 3m", "timeout: 90s", "line 14: policies.default.steps.2: the voice after 2m never comes"),
        ('"email:ops@example.org"', '"webhook:http://example.org"', "line 16: policies.default.last_resort: a webhook without https"),
    ],
)  # fmt: skip
def test_each_warning_has_its_line_and_place(old: str, new: str, warning: str) -> None:
    """Like a fault, but the file is usable."""
    found = load(changed(old, new)).warnings
    assert any(w.startswith(warning) for w in found), found
