"""Calendars are written as RFC 5545 wants them, whatever people are called."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.ical import Event, calendar, escaped, folded
from tests import ical_reader
from tests.domain.schedules import utc

AT = utc(2026, 11, 23, 3)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def written(*events: Event, name: str = "On call") -> ical_reader.Component:
    return ical_reader.calendar(calendar(name, events, AT).encode())


@given(WORDS, WORDS)
def test_any_text_is_read_as_it_was_meant(summary: str, name: str) -> None:
    """Commas, backslashes, emoji, ends of lines, over many lines; only what cannot be seen is lost."""
    found = written(Event("1", AT, AT + timedelta(hours=1), summary), name=name)
    (event,) = ical_reader.events(found)
    assert event["SUMMARY"] == visible(summary)
    assert found["NAME"] == visible(name)


def visible(text: str) -> str:
    one = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in one if c == "\n" or c.isprintable())


def test_what_has_a_meaning_is_escaped() -> None:
    """By RFC 5545, 3.3.11; a colon has none there."""
    assert escaped("a;b,c\\d\ne: f\r\ng\0") == "a\\;b\\,c\\\\d\\ne: f\\ng"


def test_a_line_holds_75_octets_and_no_character_is_cut() -> None:
    """The space in front of what goes on counts; nothing is folded that fits."""
    assert folded("x" * 75) == "x" * 75
    assert folded("x" * 76) == "x" * 75 + "\r\n x"
    assert folded("x" * (75 + 74)) == "x" * 75 + "\r\n " + "x" * 74
    assert [len(part.encode()) for part in folded("x" + "🚨" * 40).split("\r\n")][:2] == [73, 73]


def test_times_are_in_utc() -> None:
    """Whatever the zone that they come in."""
    there = AT.astimezone(timezone(timedelta(hours=5, minutes=45)))
    (event,) = ical_reader.events(written(Event("1", there, there + timedelta(hours=1), "")))
    assert (event["DTSTART"], event["DTEND"], event["DTSTAMP"]) == ("20261123T030000Z", "20261123T040000Z", "20261123T030000Z")


def test_years_have_four_digits() -> None:
    """Also those that have fewer."""
    (event,) = ical_reader.events(written(Event("1", datetime(987, 1, 2, tzinfo=AT.tzinfo), AT, "")))
    assert event["DTSTART"] == "09870102T000000Z"


def test_a_calendar_without_events_is_one_all_the_same() -> None:
    """RFC 5545 wants something in it."""
    assert ical_reader.events(written()) == []
