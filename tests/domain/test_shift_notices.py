"""Who is told when that a shift of theirs begins, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.overrides import Absence, Override
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster, ShiftNotices
from escalation.domain.schedule import Schedule, on_call
from escalation.domain.shift_notices import LATE, due
from tests.domain.schedules import absences, overrides, plain, schedules, utc, weekly

MONDAY = utc(2026, 3, 9, 8)  # nine in Berlin: Bob takes over from Ann
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
ALL = ShiftNotices(None, (DAY, HOUR, timedelta(0)))


def somebody(handle: str, notices: ShiftNotices = ALL) -> Responder:
    contacts = (ContactMethod(Channel.SMS, "+15550100001"), ContactMethod(Channel.EMAIL, f"{handle}@example.org"))
    return Responder(handle, handle.capitalize(), contacts, "Europe/London", notices=notices)


def site(*turns: str, **values: object) -> Roster:
    people = {h: somebody(h) for h in ("ann", "bob", "kim", "lee")}
    schedule = plain(weekly(*(turns or ("ann", "bob")), starts=date(2026, 1, 5)))
    return Roster(people, schedules={"payments": schedule}, **values)  # type: ignore[arg-type]


def told(roster: Roster, at: datetime) -> list[tuple[str, str]]:
    return [(a.to, a.subject) for a in due(roster, at) if not a.overtaken]


def test_each_lead_has_its_moment() -> None:
    """A day, an hour, now; not before, and the taker alone."""
    assert told(site(), MONDAY - DAY - timedelta(seconds=1)) == []
    for before, said in ((DAY, "in 24 h"), (HOUR, "in 1 h"), (timedelta(0), "now")):
        assert told(site(), MONDAY - before) == [("bob", f"On call in payments {said}")]


def test_the_words_name_who_hands_over_to_whom() -> None:
    """In the person's own time: eight in London."""
    [first, *_] = due(site("ann", "bob", "kim"), utc(2026, 3, 15, 9))
    assert first.text == (
        "On call in payments in 23 h: Mon 2026-03-16 08:00 to Mon 2026-03-23 08:00 (Europe/London). "
        "You take over from Ann. Then Kim."
    )
    assert first.channel is Channel.EMAIL


def test_from_somebody_to_themselves_nothing_is_said() -> None:
    """It is a new turn, and no hand-off."""
    assert due(site("ann"), MONDAY) == []


def test_a_shift_that_was_given_away_is_told_to_who_took_it() -> None:
    """Complaint: shift-start notices that know nothing of swaps."""
    given_away = Override(1, "payments", MONDAY, MONDAY + WEEK, "lee", "bob")
    assert told(site(overrides=(given_away,)), MONDAY - HOUR) == [("lee", "On call in payments in 1 h")]


def test_a_holiday_s_cover_is_told() -> None:
    """Complaint: PTO conflicts. Ann goes on, since Bob is away: nothing begins for her; when he is back he is told."""
    away = Absence("bob", MONDAY - DAY, MONDAY + 2 * DAY)
    assert told(site(absences=(away,)), MONDAY) == []
    assert told(site(absences=(away,)), MONDAY + DAY) == [("bob", "On call in payments in 24 h")]


def test_who_takes_a_shift_ten_minutes_before_hears_of_it_once() -> None:
    """The day and the hour are overtaken."""
    found = due(site(), MONDAY - timedelta(minutes=10))
    assert [(a.subject, a.overtaken) for a in found] == [("On call in payments in 10 min", a.overtaken) for a in found]
    assert [a.overtaken for a in found] == [False, True]
    assert len({a.identity for a in found}) == 2


def test_after_an_outage_what_began_long_ago_is_not_told() -> None:
    """They know by now."""
    assert told(site(), MONDAY + LATE - timedelta(seconds=1)) == [("bob", "On call in payments now")]
    assert told(site(), MONDAY + LATE) == []


def test_whoever_wants_none_or_has_no_way_is_told_nothing() -> None:
    """A person without Slack and mail is not sent a text unless they asked for it."""
    roster = site()
    for bob in (
        somebody("bob", ShiftNotices(None, ())), replace(somebody("bob"), contacts=(ContactMethod(Channel.SMS, "+15550100001"),)),
        somebody("bob", replace(ALL, by=Channel.SLACK)),
    ):  # fmt: skip
        assert due(replace(roster, people={**roster.people, "bob": bob}), MONDAY) == []
    wants = somebody("bob", replace(ALL, by=Channel.SMS))
    assert due(replace(roster, people={**roster.people, "bob": wants}), MONDAY)[0].channel is Channel.SMS


def test_the_same_notice_has_the_same_name_and_another_shift_another() -> None:
    """So that it is told once."""
    a, b = due(site(), MONDAY - HOUR)[0], due(site(), MONDAY - timedelta(minutes=59))[0]
    c = due(site(), MONDAY + 2 * WEEK - HOUR)[0]
    assert a.identity == b.identity != c.identity


@given(st.data())
def test_whoever_is_told_has_the_shift_and_begins_it(data: st.DataObject) -> None:
    """On any schedule, whatever was arranged: they are on call then, were not just before, and it is not over."""
    schedule: Schedule = data.draw(schedules())[0]
    taken, away = tuple(data.draw(overrides(schedule))), tuple(data.draw(absences(schedule)))
    now = datetime.combine(schedule.layers[0].rotation.starts, datetime.min.time(), UTC) + data.draw(st.integers(-8, 400)) * HOUR
    roster = Roster(
        {h: somebody(h) for h in ("ann", "bob", "kim", "lee")}, schedules={"payments": schedule}, overrides=taken, absences=away
    )
    for found in due(roster, now):
        assert found.starts_at
        assert now - LATE < found.starts_at <= now + DAY
        assert found.to in on_call(schedule, found.starts_at, taken, away).people
        assert found.to not in on_call(schedule, found.starts_at - timedelta(microseconds=1), taken, away).people
        assert found.until > found.starts_at
