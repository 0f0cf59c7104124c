"""When a snooze ends, said by a person's own clock: also on the nights on which it is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain import waking
from escalation.domain.waking import wakes_at
from escalation.errors import BadInput
from tests.builders import roster

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "said", "until"),
    [
        ("2026-11-23 03:00", "07:30", "2026-11-23 06:30"),
        ("2026-11-23 03:00", "7:30", "2026-11-23 06:30"),
        ("2026-11-23 06:30", "07:30", "2026-11-24 06:30"),  # now is not later
        ("2026-11-23 03:00", "next-morning", "2026-11-23 07:00"),
        ("2026-11-23 20:00", "next-morning", "2026-11-24 07:00"),
        ("2026-11-22 23:30", "tomorrow", "2026-11-24 07:00"),  # it is Monday already in Berlin
        ("2026-11-23 03:00", "tomorrow 22:15", "2026-11-24 21:15"),
        ("2026-11-23 03:00", "2026-11-30", "2026-11-30 07:00"),
        ("2026-11-23 03:00", "2026-11-30 09:00", "2026-11-30 08:00"),
        ("2026-03-28 20:00", "next-morning", "2026-03-29 06:00"),  # the clocks went forward meanwhile
        ("2026-03-29 00:00", "02:30", "2026-03-29 01:00"),  # does not come that night: the first moment after it
        ("2026-10-24 22:30", "02:30", "2026-10-25 00:30"),  # comes twice: the first of the two
        ("2026-10-25 00:45", "02:30", "2026-10-26 01:30"),  # between the two: tomorrow's
        ("2026-10-24 20:00", "next-morning", "2026-10-25 07:00"),
    ],
)
def test_it_ends_when_her_clock_says_so(now: str, said: str, until: str) -> None:
    """Berlin: an hour before UTC in winter, two in summer."""
    assert wakes_at(said, BERLIN, utc(now)) == utc(until)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "is not a time"),
        ("soon", "is not a time: write it like 07:30"),
        ("24:00", "is not a time"),
        ("12:60", "is not a time"),
        ("٠٧:٣٠", "is not a time"),
        ("tomorrow07:30", "is not a time"),
        ("2026-02-30", "2026-02-30 is no day"),
        ("0001-01-01", "31 days at most"),
        ("9999-12-31 23:59", "31 days at most"),
        ("2026-11-22", "2026-11-22 07:00 UTC is over"),
        ("2026-12-25", "31 days at most"),
    ],
)
def test_a_bad_time_is_refused_with_the_reason(said: str, why: str) -> None:
    """Nothing is snoozed then."""
    with pytest.raises(BadInput, match=why):
        wakes_at(said, BERLIN, utc("2026-11-23 03:00"))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.times(),
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_a_time_alone_is_within_a_day_or_so_and_never_over(now: datetime, at: object, zone: str) -> None:
    """Whatever the clocks do that night."""
    here = now.replace(tzinfo=UTC)
    until = wakes_at(f"{at:%H:%M}", ZoneInfo(zone), here)
    assert here < until <= here + timedelta(hours=25)


def test_a_person_is_known_by_handle_or_name_and_nobody_else_is() -> None:
    """So that `--by` of a login name finds the person's zone."""
    people = roster()
    assert [found and found.handle for found in (waking.person(people, n) for n in ("ann", "ANN", "Bob", "root"))] == [
        "ann", "ann", "bob", None,
    ]  # fmt: skip
