"""What `escalation verify` refuses, in one line. What it does: `tests/scenarios/test_numbers_verified.py`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Machine


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["verify"], 2, "Missing argument"),
        (["verify", "eve"], 1, "there is no person 'eve'"),
        (["verify", "ann", "--by", "fax"], 2, "--by"),
        (["verify", "ann", "--phone", "office"], 2, "no number named 'office'"),
        (["verify", "ann", "--code", "12345"], 2, "six digits"),
        (["verify", "ann", "--code", "123456"], 1, "no code is out"),
        (["verify", "ann"], 1, "no carrier is configured for sms"),
        (["verify", "ann", "--by", "call"], 1, "no carrier is configured for voice"),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(machine: Machine, arguments: list[str], code: int, says: str) -> None:
    """And names nobody's number."""
    assert machine(*arguments) == code
    assert (machine.out, machine.err.count("\n")) == ("", 1)
    assert says in machine.err
    assert "+1555" not in machine.err


def test_without_the_secret_no_code_can_be_made(machine: Machine) -> None:
    """The receiver's, which speaks it."""
    assert machine("verify", "ann", ESCALATION_SECRET_KEY="") == 1
    assert "ESCALATION_SECRET_KEY" in machine.err


def test_a_call_needs_an_address_where_its_words_are_asked_for(machine: Machine) -> None:
    """Nothing is placed that could say nothing; a text needs none."""
    plivo = {"PLIVO_AUTH_ID": "MA" + "A" * 18, "PLIVO_AUTH_TOKEN": "t", "PLIVO_FROM_NUMBER": "+15550109999"}
    assert machine("verify", "ann", "--by", "call", **plivo) == 1
    assert "ESCALATION_PUBLIC_URL is not set" in machine.err
