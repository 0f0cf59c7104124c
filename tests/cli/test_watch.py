"""`escalation watch`: what it needs, told all at once before it begins; what it does is in tests/local/watch."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Machine

SITE = ("--site", "https://pager.example.org")


def test_a_watcher_that_could_tell_nobody_does_not_begin(bare: Machine) -> None:
    """It would look on in silence."""
    assert bare("watch", *SITE) == 2
    assert "ESCALATION_WATCH_PHONES or ESCALATION_WATCH_MAILS is needed" in bare.err


def test_all_that_is_missing_is_said_at_once_and_no_number_with_it(bare: Machine) -> None:
    """By their places: what is wrong with a number is no reason to show it."""
    code = bare("watch", *SITE, ESCALATION_WATCH_PHONES="+15550100001, 0171, +4917", ESCALATION_WATCH_MAILS="a@example.org")
    assert code == 2
    for said in ("number 1: a test number", "number 2: ", "number 3: ", "SMTP_URL is needed"):
        assert said in bare.err
    assert "0100001" not in bare.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--site", "pager", "--site", "ftp://x"),
            "--site, number 1: not an address like https://pager.example.org; --site, number 2",
        ),
        ((*SITE, "--answer-url", "watch"), "--answer-url: not an address"),
        ((*SITE, "--every", "0"), "--every"),
        ((), "--site"),
    ],
)
def test_what_is_no_use_is_refused(bare: Machine, arguments: tuple[str, ...], said: str) -> None:
    """Bad usage, exit code 2."""
    assert bare("watch", *arguments, ESCALATION_WATCH_MAILS="a@example.org", SMTP_URL="smtp://127.0.0.1") == 2
    assert said in bare.err
