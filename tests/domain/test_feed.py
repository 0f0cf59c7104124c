"""What a calendar shows: whose shifts, with overrides and holidays, and the same names for the same shifts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.arrangements import Arrangement
from escalation.domain.feed import Feed
from escalation.domain.overrides import Absence, Override
from escalation.domain.roster import Responder, Roster, Target, TargetKind
from escalation.domain.schedule import Schedule
from tests import ical_reader
from tests.domain.schedules import BERLIN, plain, utc, weekly

NOW = utc(2026, 3, 4, 12)
ANN, PAYMENTS = Target(TargetKind.PERSON, "ann"), Target(TargetKind.SCHEDULE, "payments")
DAY, WEEK = timedelta(days=1), timedelta(days=7)
BEGAN = date(2025, 1, 6)


def site(*schedules: Schedule) -> Roster:
    people = {h: Responder(h, f"{h.capitalize()}, of Payments") for h in ("ann", "bob", "kim", "lee")}
    found = schedules or (plain(weekly("ann", "bob", starts=BEGAN)),)
    return Roster(people, schedules={s.name: s for s in found})


def feed(*arranged: Override | Absence, roster: Roster | None = None, now: datetime = NOW) -> Feed:
    made = tuple(Arrangement(n + 1, what, "bob", what.start - DAY) for n, what in enumerate(arranged))
    return Feed("secret", roster or site(), made, utc(2026, 1, 1), now)


def told(found: Feed, owner: Target = ANN) -> list[tuple[str, str, str]]:
    text = found.of(owner)
    assert text is not None
    events = ical_reader.events(ical_reader.calendar(text.encode()))
    return [(e["DTSTART"], e["DTEND"], e["SUMMARY"]) for e in events]


def uids(found: Feed, owner: Target = ANN) -> dict[str, str]:
    text = found.of(owner) or ""
    return {e["DTSTART"]: e["UID"] for e in ical_reader.events(ical_reader.calendar(text.encode()))}


def test_a_person_sees_their_shifts_of_30_days_back_and_90_ahead() -> None:
    """Whole ones, at nine in Berlin on both sides of the night on which clocks are changed."""
    mine = told(feed())
    assert mine[0] == ("20260202T080000Z", "20260209T080000Z", "On call: payments")
    assert ("20260330T070000Z", "20260406T070000Z", "On call: payments") in mine
    assert ("20260316T080000Z", "20260323T080000Z", "On call: payments") in mine
    assert mine[-1][0] == "20260525T070000Z"
    assert len(mine) == 9


def test_a_schedule_s_calendar_names_everybody_and_its_gaps() -> None:
    """As two people have a shift together, they are two events."""
    roster = site(plain(weekly("ann kim", "", starts=BEGAN)))
    shown = told(feed(roster=roster), PAYMENTS)
    first = [s[2] for s in shown[:3]]
    assert sorted(first) == ["Ann, of Payments: payments", "Kim, of Payments: payments", "Nobody on call: payments"]


def test_a_shift_that_was_given_away_is_in_the_other_calendar() -> None:
    """From then till then, and what is left of it stays; complaint: calendars that do not show overrides."""
    given = Override(1, "payments", utc(2026, 3, 17, 8), utc(2026, 3, 18, 8), "lee", "ann")
    mine = [m[:2] for m in told(feed(given)) if m[0].startswith("202603")]
    assert mine[:3] == [
        ("20260302T080000Z", "20260309T080000Z"), ("20260316T080000Z", "20260317T080000Z"), ("20260318T080000Z", "20260323T080000Z")
    ]  # fmt: skip
    lee = Target(TargetKind.PERSON, "lee")
    assert told(feed(given), lee) == [("20260317T080000Z", "20260318T080000Z", "On call: payments")]
    assert "for Ann\\, of Payments" in (feed(given).of(lee) or "").replace("\r\n ", "")


def test_a_holiday_is_covered_in_the_calendar_too() -> None:
    """Complaint: PTO conflicts; Bob sees what he covers, and Ann nothing of those days."""
    away = Absence("ann", utc(2026, 3, 16), utc(2026, 3, 24))
    assert not [m for m in told(feed(away)) if m[0].startswith("2026031")]
    bob = told(feed(away), Target(TargetKind.PERSON, "bob"))
    assert ("20260316T080000Z", "20260323T080000Z", "On call: payments") in bob


def test_what_was_taken_back_is_shown_for_as_long_as_it_held() -> None:
    """The past is as it was."""
    what = Override(1, "payments", utc(2026, 2, 16, 8), utc(2026, 2, 23, 8), "lee", "ann")
    gone = Arrangement(1, what, "bob", utc(2026, 2, 15), "bob", utc(2026, 2, 18, 8))
    before = replace(gone, removed_at=utc(2026, 2, 15, 12))
    lee = Target(TargetKind.PERSON, "lee")
    assert told(replace(feed(), arranged=(gone,)), lee) == [("20260216T080000Z", "20260218T080000Z", "On call: payments")]
    assert told(replace(feed(), arranged=(before,)), lee) == []


def test_the_same_shift_has_the_same_name_tomorrow_and_in_every_calendar() -> None:
    """A program that fetches again moves nothing and shows nothing twice."""
    today, tomorrow = uids(feed()), uids(feed(now=NOW + DAY))
    common = today.keys() & tomorrow.keys()
    assert len(common) >= 8
    assert all(today[at] == tomorrow[at] for at in common)
    assert set(today.values()) <= set(uids(feed(), PAYMENTS).values())


def test_the_text_is_the_same_until_something_changes() -> None:
    """All day long; whoever has it need not fetch it again."""
    assert feed().of(ANN) == feed(now=NOW + timedelta(hours=11)).of(ANN)
    assert feed().of(ANN) != feed(Absence("ann", utc(2026, 3, 16), utc(2026, 3, 24))).of(ANN)


def test_a_gap_without_an_end_is_shown_within_the_calendar() -> None:
    """A schedule that begins next year, and one that is over."""
    later = site(plain(weekly("ann", starts=date(2030, 1, 7))))
    assert told(feed(roster=later), PAYMENTS) == [("20260202T000000Z", "20260602T000000Z", "Nobody on call: payments")]
    assert told(feed(roster=later)) == []


def test_nobody_is_no_calendar() -> None:
    """Somebody who left has none."""
    assert feed().of(Target(TargetKind.PERSON, "max")) is None
    assert feed().of(Target(TargetKind.SCHEDULE, "nowhere")) is None
    assert feed().of(Target(TargetKind.TEAM, "payments")) is None


def test_each_schedule_of_a_person_is_named() -> None:
    """In the zone of each."""
    there = plain(weekly("ann", starts=BEGAN), name="search", zone=ZoneInfo("America/New_York"))
    shown = told(feed(roster=site(plain(weekly("ann", "bob", starts=BEGAN), zone=BERLIN), there)))
    assert {s[2] for s in shown} == {"On call: payments", "On call: search"}
