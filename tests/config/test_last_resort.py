"""The site's last resort in the file."""

from __future__ import annotations

from escalation.config.diff import diff
from escalation.config.load import load
from tests.builders import target
from tests.config.texts import GOOD, faults

LAST = '    last_resort: {page: "email:ops@example.org"}\n'
TEXT = GOOD.replace(LAST, "") + 'last_resort: {page: "email:site@example.org"}\n'


def test_it_serves_a_policy_that_has_none() -> None:
    """Nothing is warned of then; what changed is told without the address."""
    loaded = load(TEXT)
    assert loaded.warnings == []
    assert loaded.site.last_resort.targets == (target("email:site@example.org"),)
    assert "site: last resort none -> [email:s•••@example.org by voice, sms, voice after 2m within 5m]" in diff(
        load(GOOD).site, loaded.site
    )


def test_one_that_needs_plivo_is_warned_of_once() -> None:
    """However many policies it serves."""
    found = load(TEXT.replace('"email:site@example.org"', "bob")).warnings
    assert [w for w in found if "not Plivo" in w] == [
        "line 16: last_resort: has no way that is not Plivo: add an `email:` or a `webhook:`"
    ]


def test_its_faults_have_their_lines() -> None:
    """And it has no condition."""
    assert faults(TEXT.replace('"email:site@example.org"', "bobby, if: {severity: info}")) == [
        "line 16: last_resort.page: no such person `bobby`, did you mean `bob`?",
        "line 16: last_resort.if: unknown key `if` (there are: page, timeout, by)",
    ]
