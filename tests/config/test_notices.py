"""When and how people are told of their shifts, as the file says it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.roster import Channel, ShiftNotices
from tests.config.texts import changed, faults

BOB = 'bob: {phone: "+15550100002"}'
HOUR = timedelta(hours=1)


def with_notices(said: str) -> str:
    return changed(BOB, f'bob: {{phone: "+15550100002", notices: {said}}}')


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("no", ShiftNotices(None, ())),
        ("{by: sms}", ShiftNotices(Channel.SMS)),
        ("{at: 1h}", ShiftNotices(None, (HOUR,))),
        ("{by: sms, at: [0m, 1d, 1h, 24h]}", ShiftNotices(Channel.SMS, (24 * HOUR, HOUR, timedelta(0)))),
    ],
)
def test_they_are_read(said: str, meant: ShiftNotices) -> None:
    """Each time once, the longest first."""
    assert load(with_notices(said)).site.roster.people["bob"].notices == meant


def test_without_a_word_it_is_a_day_before() -> None:
    """In Slack, else by e-mail."""
    assert load(changed(BOB, BOB)).site.roster.people["bob"].notices == ShiftNotices(None, (24 * HOUR,))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("yes", "written like"), ("[1h]", "written like"), ("{}", "written like"), ("{by: voice}", "`by` is one of slack, email, sms"),
        ("{att: 1h}", "did you mean `at`?"), ("{at: []}", "1 to 10 times"), ("{at: 1}", "needs its unit"), ("{at: 8d}", "at most 7d"),
        ("{at: [soon]}", ""), ("{at: ~}", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_fault_with_its_line(said: str, fault: str) -> None:
    """In words."""
    [found] = faults(with_notices(said))
    assert found.startswith("line 4: people.bob.notices: ")
    assert fault in found


def test_a_way_that_somebody_does_not_have_is_warned_of() -> None:
    """They would never be told."""
    assert any("cannot be told of shifts: no e-mail" in w for w in load(with_notices("{by: email}")).warnings)


def test_a_change_is_shown() -> None:
    """As it is written."""
    before, after = (load(with_notices(said)).site for said in ("no", "{by: sms, at: [1d, 1h]}"))
    assert diff(before, after) == ["person bob: notices no -> by sms 1d, 1h"]


def test_a_call_before_the_shift_is_asked_for() -> None:
    """By default nobody is called for a test."""
    said = {word: changed(BOB, f'bob: {{phone: "+15550100002", readiness: {word}}}') for word in ("1d", "no", "yes", "8d")}
    assert [load(said[word]).site.roster.people["bob"].readiness for word in ("1d", "no")] == [24 * HOUR, None]
    assert all(faults(said[word])[0].startswith("line 4: people.bob.readiness: ") for word in ("yes", "8d"))
