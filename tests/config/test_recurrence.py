"""When an event of a calendar is, against an oracle that walks through every day; and rules that mean us no good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.config.faults import Refused
from escalation.config.ical import Event, Property
from escalation.config.recurrence import DAYS, Moment, length, rule, starts

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 1, 5, 9)
DAY = timedelta(days=1)


def event(**said: str) -> Event:
    return Event(1, 1, [Property(2, name.upper(), value) for name, value in said.items()])


def found(rrule: str, start: datetime = BEGIN, begin: datetime = datetime(2000, 1, 1), days: int = 60) -> list[datetime]:
    at = Moment(BERLIN, start)
    return list(starts(at, rule(event(rrule=rrule), at), begin, max(begin, start) + days * DAY))


def walked(start: datetime, freq: str, interval: int, days: set[int], wkst: int) -> Iterator[datetime]:
    """Every day since the beginning, and whether the rule means it; by RFC 5545's words."""
    week = start - (start.weekday() - wkst) % 7 * DAY
    at = start
    while True:
        n = (at - start).days if freq == "DAILY" else (at - week).days // 7
        if n % interval == 0 and (freq == "DAILY" or at.weekday() in days):
            yield at
        at += DAY


@given(
    st.integers(0, 6), st.sampled_from(["DAILY", "WEEKLY"]), st.integers(1, 5), st.sets(st.integers(0, 6)), st.integers(0, 6),
    st.none() | st.integers(1, 30), st.integers(0, 200),
)  # fmt: skip
def test_it_repeats_as_a_walk_through_all_days_says(
    first: int, freq: str, interval: int, days: set[int], wkst: int, count: int | None, later: int
) -> None:
    """Also when the window begins long after it."""
    start = BEGIN + first * DAY
    days = days | {start.weekday()}
    parts = [f"FREQ={freq}", f"INTERVAL={interval}", f"WKST={DAYS[wkst]}"]
    parts += [f"BYDAY={','.join(DAYS[d] for d in days)}"] if freq == "WEEKLY" else []
    parts += [f"COUNT={count}"] if count else []
    begin = start + later * DAY
    everything = islice(walked(start, freq, interval, days, wkst), count or 400)
    expected = [at for at in everything if begin <= at < begin + 60 * DAY]
    assert found(";".join(parts), start, begin) == expected


def test_until_is_the_last_one() -> None:
    """A moment in UTC, a local one, or a day to its end."""
    for until in ("20260107T080000Z", "20260107T090000", "20260107"):
        assert found(f"FREQ=DAILY;UNTIL={until}") == [BEGIN, BEGIN + DAY, BEGIN + 2 * DAY], until
    assert len(found("FREQ=DAILY;UNTIL=20260107T075959Z")) == 2


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=999999999", "FREQ=HOURLY", "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2", "FREQ=MONTHLY",
        "FREQ=WEEKLY;BYSETPOS=-1;BYDAY=MO", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;BYDAY=", "FREQ=WEEKLY;BYDAY=TU",
        "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=99999999999999999999", "FREQ=DAILY;COUNT=100000",
        "FREQ=DAILY;COUNT=١", "FREQ=DAILY;COUNT=2;COUNT=3", "FREQ=DAILY;COUNT=2;UNTIL=20260107", "FREQ=DAILY;BYDAY=MO",
        "FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60))), "FREQ=DAILY;UNTIL=99991231T235959Z", "", ";", "FREQ",
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused(rrule: str) -> None:
    """Never guessed at, never walked through."""
    with pytest.raises(Refused, match=r"RRULE|UNTIL"):
        found(rrule)


def test_an_endless_rule_of_long_ago_costs_nothing() -> None:
    """What lies before the window is counted, not visited."""
    begun = perf_counter()
    for _ in range(100):
        assert len(found("FREQ=DAILY", datetime(2000, 1, 1), datetime(2090, 1, 1))) == 60
        assert found("FREQ=DAILY;COUNT=10000", datetime(2000, 1, 1), datetime(2090, 1, 1)) == []
        assert len(found("FREQ=WEEKLY;INTERVAL=10000", datetime(2000, 1, 1), datetime(2000, 1, 1), 400)) == 1
    assert perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("said", "lasts"),
    [
        ({"dtend": "20260112T090000"}, 7 * DAY), ({"dtend": "20260112T080000Z"}, 7 * DAY), ({"duration": "P1W"}, 7 * DAY),
        ({"duration": "PT12H"}, DAY / 2), ({"duration": "P1DT30M"}, DAY + timedelta(minutes=30)),
    ],
)  # fmt: skip
def test_its_length_is_that_of_the_wall_clock(said: dict[str, str], lasts: timedelta) -> None:
    """By its end or by its duration."""
    assert length(event(**said), Moment(BERLIN, BEGIN)) == lasts


@pytest.mark.parametrize(
    "said",
    [{}, {"dtend": "20260105T090000"}, {"dtend": "20250101T000000"}, {"dtend": "20270101T000000"}, {"duration": "-P1D"},
     {"duration": "P9999W"}, {"duration": "P"}, {"duration": "x"}, {"dtend": "20260106T090000", "duration": "P1D"},
     {"dtend": "20261301T000000"}, {"dtend": "19000101T000000"}],
)  # fmt: skip
def test_a_length_that_cannot_be_is_refused(said: dict[str, str]) -> None:
    """Nothing, backwards, or for ever."""
    with pytest.raises(Refused):
        length(event(**said), Moment(BERLIN, BEGIN))
