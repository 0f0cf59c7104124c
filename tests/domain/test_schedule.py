"""Schedules by example: each complaint about other pagers' schedules, and each rule for the nights on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.domain.overrides import Absence, Emptiness, Origin, Override
from escalation.domain.rotation import EVERY_DAY, WEEKDAYS, WEEKEND, Rotation
from escalation.domain.schedule import Layer, Schedule, next_handoff, on_call, shifts
from escalation.domain.swaps import give, swap
from escalation.domain.week import Week, Window, daily
from tests.domain.schedules import APIA, BERLIN, LORD_HOWE, NEW_YORK, SAO_PAULO, TROLL, plain, utc, weekly

ABROAD = ZoneInfo("Asia/Kolkata")
NIGHTLY = Rotation((("ann",), ("bob",)), date(2026, 1, 1), time(2, 30))


def local(zone: ZoneInfo, *when: int) -> datetime:
    return datetime(*when, tzinfo=zone).astimezone(UTC)  # type: ignore[misc,arg-type]


def who(schedule: Schedule, at: datetime, *arranged: Override | Absence) -> str:
    overrides = [x for x in arranged if isinstance(x, Override)]
    return " ".join(on_call(schedule, at, overrides, [x for x in arranged if isinstance(x, Absence)]).people)


def story(schedule: Schedule, start: datetime, days: int, *arranged: Override | Absence) -> list[str]:
    """Who is on call one after the other."""
    overrides = [x for x in arranged if isinstance(x, Override)]
    away = [x for x in arranged if isinstance(x, Absence)]
    return [" ".join(s.people) for s in shifts(schedule, start, start + timedelta(days=days), overrides, away)]


# --- clocks are changed


@pytest.mark.parametrize(
    ("zone", "handoff", "day", "comes"),
    [
        (BERLIN, time(2, 30), date(2026, 3, 29), utc(2026, 3, 29, 1)),  # 02:30 does not come: at 03:00
        (BERLIN, time(2, 30), date(2026, 10, 25), utc(2026, 10, 25, 0, 30)),  # comes twice: the first
        (LORD_HOWE, time(2, 15), date(2026, 10, 4), utc(2026, 10, 3, 15, 30)),  # half an hour is missing
        (TROLL, time(1, 30), date(2026, 3, 29), utc(2026, 3, 29, 1)),  # two hours are
        (SAO_PAULO, time(0), date(2018, 11, 4), utc(2018, 11, 4, 3)),  # midnight is
        (APIA, time(9), date(2011, 12, 30), utc(2011, 12, 30, 10)),  # the whole day is
    ],
)
def test_a_handoff_in_the_gap_comes_with_its_end_and_one_that_comes_twice_at_the_first(zone: ZoneInfo, handoff: time, day: date, comes: datetime) -> None:  # fmt: skip
    """The turn before it is over then and not earlier."""
    schedule = plain(Rotation((("ann",), ("bob",)), day - timedelta(days=1), handoff), zone=zone)
    assert who(schedule, comes - timedelta(seconds=1)) == "ann"
    assert who(schedule, comes) == "bob"


def test_the_hour_that_comes_twice_changes_nothing_the_second_time() -> None:
    """Bob came at 02:30; at 02:15, an hour after the first 02:15, he still is."""
    schedule = plain(Rotation((("ann",), ("bob",)), date(2026, 10, 24), time(2, 30)))
    assert [who(schedule, utc(2026, 10, 25, 0) + timedelta(minutes=15 * n)) for n in range(8)] == ["ann", "ann"] + ["bob"] * 6


def test_windows_in_the_gap_and_in_the_overlap_meet_their_neighbours() -> None:
    """What opens when another closes leaves no hole; one that lies in the gap does not come, in the overlap it comes once."""
    early, late = Week.of(daily(EVERY_DAY, time(0), time(2, 30))), Week.of(daily(EVERY_DAY, time(2, 30), time(0)))
    short = Week.of(daily(EVERY_DAY, time(2, 15), time(2, 45)))
    pair = plain(Layer("early", NIGHTLY, early), Layer("late", NIGHTLY, late))
    alone = plain(Layer("short", NIGHTLY, short))
    for night in (utc(2026, 3, 28, 12), utc(2026, 10, 24, 12)):
        assert "" not in story(pair, night, 1)
    assert story(alone, utc(2026, 3, 28, 12), 1) == [""]
    found = [s for s in shifts(alone, utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) if s.people]
    assert (found[0].start, found[-1].end) == (utc(2026, 10, 25, 0, 15), utc(2026, 10, 25, 0, 45))


def test_no_complaint_oncall_3261_times_are_an_hour_off_after_daylight_saving_ended() -> None:
    """Set up in summer, 08:30 to 17:30; in winter it is 08:30 to 17:30."""
    office = Layer("office", weekly("ann", starts=date(2023, 7, 3)), Week.of(daily(WEEKDAYS, time(8, 30), time(17, 30))))
    london = ZoneInfo("Europe/London")
    for day in (date(2023, 10, 27), date(2023, 10, 30), date(2024, 4, 1)):
        shift = on_call(plain(office, zone=london), datetime.combine(day, time(12), UTC))
        ends = [edge.astimezone(london).time() for edge in (shift.start, shift.end)]
        assert ends == [time(9) if day.weekday() == 0 else time(8, 30), time(17, 30)]  # Monday's hand-off is at nine


def test_no_complaint_oncall_5455_and_5247_a_shift_over_the_change_leaves_a_gap_or_an_overlap() -> None:
    """Weekly in Chicago, over both changes of 2024: every shift ends where the next begins, at nine."""
    chicago = ZoneInfo("America/Chicago")
    schedule = plain(weekly("ann", "bob", starts=date(2024, 1, 1)), zone=chicago)
    found = shifts(schedule, local(chicago, 2024, 1, 1, 9), local(chicago, 2024, 12, 30, 9))
    assert {s.start.astimezone(chicago).time() for s in found} == {time(9)}
    assert len(found) == 52
    assert not [s for s in found if s.empty]


def test_no_complaint_oncall_4197_a_daily_rotation_outside_utc_takes_its_turns() -> None:
    """Paris, Monday to Friday from eight, one after the other."""
    paris = ZoneInfo("Europe/Paris")
    rotation = Rotation((("ann",), ("bob",)), date(2024, 1, 1), time(8), WEEKDAYS)
    schedule = plain(Layer("day", rotation, Week.of(daily(WEEKDAYS, time(8), time(18)))), zone=paris)
    assert [who(schedule, local(paris, 2024, 1, day, 8)) for day in range(1, 9)] == [
        "ann",
        "bob",
        "ann",
        "bob",
        "ann",
        "",
        "",
        "bob",
    ]


def test_no_complaint_goalert_1252_hourly_rotations_leave_the_even_hours() -> None:
    """Every two hours: at even hours before, on and after the night of the change."""
    schedule = plain(Rotation((("ann",), ("bob",), ("lee",)), date(2026, 3, 1), time(0), hours=2))
    for night in (utc(2026, 3, 28, 12), utc(2026, 10, 24, 12)):
        hours = {s.start.astimezone(BERLIN).hour for s in shifts(schedule, night, night + timedelta(days=1))[1:]}
        assert {hour % 2 for hour in hours - {3}} == {0}  # 02:00 does not come in March: at 03:00


# --- turns


def test_no_complaint_goalert_55_and_oneuptime_2413_a_weekend_steals_nobodys_turn() -> None:
    """Seven people, weekdays only: everybody has a day in seven weekdays, and Monday's is not Friday's."""
    people = tuple((f"p{n}",) for n in range(7))
    rotation = Rotation(people, date(2026, 1, 5), time(9), WEEKDAYS)
    schedule = plain(Layer("days", rotation, Week.of(daily(WEEKDAYS, time(9), time(19)))))
    found = [name for name in story(schedule, local(BERLIN, 2026, 1, 5, 9), 9) if name]
    assert found == ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]


def test_no_complaint_goalert_1138_the_week_can_be_split() -> None:
    """Mondays and Fridays are hand-offs."""
    schedule = plain(weekly("ann", "bob", "lee", days=(0, 4)))
    assert story(schedule, local(BERLIN, 2026, 1, 5, 9), 14) == ["ann", "bob", "lee", "ann"]


def test_no_complaint_goalert_3049_an_empty_slot_lets_the_layer_below_through() -> None:
    """Every other week only; where nothing is below, it is a gap and says why."""
    buffered = weekly("ann", "")
    start = local(BERLIN, 2026, 1, 5, 9)
    assert story(plain(weekly("bob"), Layer("top", buffered)), start, 14) == ["ann", "bob"]
    assert [s.empty for s in shifts(plain(buffered), start, start + timedelta(days=14))] == [None, Emptiness.EMPTY_TURN]


def test_no_complaint_goalert_2196_people_join_and_leave_on_a_day() -> None:
    """The old rotation's last day is the new one's first; there is no hole between them."""
    old, new = weekly("ann", "bob"), weekly("lee", "ann", starts=date(2026, 1, 19))
    schedule = plain(Layer("old", old, until=date(2026, 1, 19)), Layer("new", new))
    assert story(schedule, local(BERLIN, 2026, 1, 5, 9), 28) == ["ann", "bob", "lee", "ann"]


def test_no_complaint_goalert_993_the_first_turn_is_the_one_the_start_falls_in() -> None:
    """Begun on a Wednesday, handed over on Mondays: Ann has the rest of this week. Before that, nobody."""
    schedule = plain(weekly("ann", "bob", starts=date(2026, 1, 7)))
    assert story(schedule, local(BERLIN, 2026, 1, 5, 9), 9) == ["", "ann", "bob"]


def test_every_other_week_is_two_weeks_long() -> None:
    """A fortnight each."""
    assert story(plain(weekly("ann", "bob", every=2)), local(BERLIN, 2026, 1, 5, 9), 42) == ["ann", "bob", "ann"]


def test_several_people_share_a_shift() -> None:
    """Both are called."""
    assert who(plain(weekly("ann bob", "lee")), local(BERLIN, 2026, 1, 6, 9)) == "ann bob"


def test_twelve_hours_change_at_the_same_two_times_all_year() -> None:
    """Eight and eight, in January and in July."""
    schedule = plain(Rotation((("ann",), ("bob",)), date(2026, 1, 1), time(8), hours=12))
    for month in (1, 7):
        assert who(schedule, local(BERLIN, 2026, month, 9, 8)) == "ann"
        assert who(schedule, local(BERLIN, 2026, month, 9, 20)) == "bob"


# --- restrictions and layers


def test_a_restriction_is_a_hole_through_which_lower_layers_show() -> None:
    """Weekend and week split between two layers; the upper has its hours, the lower the rest."""
    days = Layer("days", weekly("zoe"), Week.of(daily(WEEKDAYS, time(9), time(17))))
    schedule = plain(Layer("base", weekly("ann")), days)
    assert [who(schedule, local(BERLIN, 2026, 1, 9, hour)) for hour in (8, 9, 16, 17)] == ["ann", "zoe", "zoe", "ann"]
    assert who(schedule, local(BERLIN, 2026, 1, 10, 12)) == "ann"


def test_windows_go_past_midnight_and_past_sunday() -> None:
    """Nights, and from Friday evening to Monday morning; one up to Monday 00:00 ends there."""
    night = plain(Layer("night", weekly("ann"), Week.of(daily((6,), time(22), time(6)))))
    assert [who(night, local(BERLIN, 2026, 1, *at)) for at in ((11, 22), (12, 5), (12, 6))] == ["ann", "ann", ""]
    weekend = plain(Layer("weekend", weekly("ann"), Week.of([Window(4, time(18), 0, time(8))])))
    assert [who(weekend, local(BERLIN, 2026, 1, *at)) for at in ((9, 17), (9, 18), (12, 7), (12, 8))] == ["", "ann", "ann", ""]
    sunday = plain(Layer("sunday", weekly("ann"), Week.of(daily(WEEKEND, time(0), time(0)))))
    assert [who(sunday, local(BERLIN, 2026, 1, *at)) for at in ((10, 0), (11, 23), (12, 0), (16, 23), (17, 0))] == [
        "ann", "ann", "", "", "ann"
    ]  # fmt: skip


def test_windows_over_the_whole_week_are_no_restriction() -> None:
    """Written as one, or as seven days."""
    assert Week.of(daily(EVERY_DAY, time(0), time(0))) == Week.of([Window(0, time(0), 0, time(0))]) == Week.of([]) == Week()


def test_layers_follow_the_sun_each_by_its_own_clock() -> None:
    """Where Europe and America change their clocks on different days there is an hour to hide: the base layer has it."""
    hours = Week.of(daily(EVERY_DAY, time(9), time(17)))
    schedule = plain(
        weekly("ann"), Layer("us", weekly("bob"), hours, zone=NEW_YORK), Layer("in", weekly("kim"), hours, zone=ABROAD)
    )
    assert who(schedule, local(NEW_YORK, 2026, 3, 20, 9)) == who(schedule, local(NEW_YORK, 2026, 6, 20, 9)) == "bob"
    assert who(schedule, local(ABROAD, 2026, 3, 20, 9)) == "kim"
    assert who(schedule, local(BERLIN, 2026, 3, 20, 23)) == "ann"


# --- overrides, swaps, holidays

MONDAY = local(BERLIN, 2026, 1, 5, 9)
THREE = plain(weekly("ann", "bob", "lee"))


def week(n: int) -> tuple[datetime, datetime]:
    return MONDAY + timedelta(weeks=n), MONDAY + timedelta(weeks=n + 1)


def test_a_shift_is_given_and_taken() -> None:
    """Bob has Ann's week, then his own."""
    given = give("payments", on_call(THREE, MONDAY), "ann", "bob", 1)
    assert story(THREE, MONDAY, 21, given) == ["bob", "bob", "lee"]
    assert on_call(THREE, MONDAY, [given]).assignments[0].origin is Origin.OVERRIDE


def test_two_people_swap_their_weeks() -> None:
    """Ann's for Lee's."""
    hers, his = on_call(THREE, week(0)[0]), on_call(THREE, week(2)[0])
    assert story(THREE, MONDAY, 21, *swap("payments", ("ann", hers), ("lee", his), (1, 2))) == ["lee", "bob", "ann"]


def test_an_override_for_one_person_reaches_only_their_place() -> None:
    """Of two on call one is relieved; in the week after, where Ann is not on call, nothing changes."""
    pairs = plain(weekly("ann bob", "bob lee"))
    assert story(pairs, MONDAY, 14, Override(1, "payments", MONDAY, week(1)[1], "kim", "ann")) == ["kim bob", "bob lee"]


def test_an_override_of_everybody_holds_whoever_would_be_on_call() -> None:
    """Over hand-offs, and where no layer has anybody; it is one shift."""
    hours = plain(Layer("days", weekly("ann", "bob"), Week.of(daily(WEEKDAYS, time(9), time(17)))))
    whole = Override(1, "payments", *week(0), "kim")
    shift = on_call(hours, MONDAY + timedelta(days=5), [whole])
    assert (shift.people, shift.start, shift.end) == (("kim",), *week(0))


def test_an_empty_override_is_a_decision_that_no_lower_layer_undoes() -> None:
    """For everybody and for one person alike."""
    layered = plain(weekly("bob"), weekly("ann"))
    for whose in (None, "ann"):
        shift = on_call(layered, MONDAY, [Override(1, "payments", *week(0), None, whose)])
        assert (shift.people, shift.empty) == ((), Emptiness.OVERRIDE)


def test_the_later_override_holds_and_what_was_taken_may_be_given_on() -> None:
    """By id, in whatever order they are told."""
    chain = [Override(9, "payments", *week(0), "kim", "bob"), Override(2, "payments", *week(0), "bob", "ann")]
    assert story(THREE, MONDAY, 7, *chain) == ["kim"]
    assert story(THREE, MONDAY, 7, Override(5, "payments", *week(0), "bob"), Override(4, "payments", *week(0), "lee")) == ["bob"]


def test_an_override_of_another_schedule_changes_nothing() -> None:
    """It names its own."""
    assert who(THREE, MONDAY, Override(1, "search", *week(0), "kim")) == "ann"


def test_no_complaint_oncall_321_and_322_a_holiday_is_covered_by_the_next_in_the_rotation() -> None:
    """And by the one after, if that one is away too; the rest of the week is Ann's."""
    away = Absence("ann", MONDAY + timedelta(days=2), MONDAY + timedelta(days=4))
    assert story(THREE, MONDAY, 7, away) == ["ann", "bob", "ann"]
    assert story(THREE, MONDAY, 7, away, Absence("bob", *week(0))) == ["ann", "lee", "ann"]
    cover = on_call(THREE, MONDAY + timedelta(days=3), (), [away]).assignments[0]
    assert (cover.person, cover.origin, cover.instead_of) == ("bob", Origin.COVER, "ann")


def test_a_cover_is_nobody_who_is_in_the_slot_already_or_gave_it_away() -> None:
    """Bob has his own place beside Ann's; and Ann, who gave hers to Kim, is not called for Bob."""
    pairs = plain(weekly("ann bob", "bob ann", "lee"))
    assert who(pairs, MONDAY, Absence("ann", *week(0))) == "lee bob"
    assert who(pairs, MONDAY, Absence("bob", *week(0)), Override(1, "payments", *week(0), "kim", "ann")) == "kim lee"
    both = plain(weekly("ann bob", "ann"))
    assert who(both, MONDAY, Absence("bob", *week(0)), Override(1, "payments", *week(0), "kim", "ann")) == "kim"


def test_where_everybody_is_away_there_is_a_gap_or_the_layer_below() -> None:
    """The gap says why."""
    away = [Absence(p, *week(0)) for p in ("ann", "bob", "lee")]
    assert on_call(THREE, MONDAY, (), away).empty is Emptiness.ABSENT
    assert who(plain(weekly("kim"), weekly("ann", "bob", "lee")), MONDAY, *away) == "kim"


def test_an_override_goes_before_a_cover_and_a_cover_may_be_given_on() -> None:
    """Ann is away. She had found Kim; or the rotation found Bob, and Bob finds Kim."""
    away = Absence("ann", *week(0))
    assert who(THREE, MONDAY, away, Override(1, "payments", *week(0), "kim", "ann")) == "kim"
    assert who(THREE, MONDAY, away, Override(1, "payments", *week(0), "kim", "bob")) == "kim"


def test_an_override_for_somebody_who_is_away_does_not_hold_meanwhile() -> None:
    """Kim took the week and fell ill: it is Ann's again."""
    assert story(THREE, MONDAY, 7, Override(1, "payments", *week(0), "kim", "ann"), Absence("kim", week(0)[0], MONDAY + timedelta(days=3))) == ["ann", "kim"]  # fmt: skip


def test_no_complaint_goalert_583_who_comes_next_is_known_before() -> None:
    """The shift that ends and the one that begins; a rotation of one has none, and says so."""
    change = next_handoff(THREE, MONDAY)
    assert change
    assert (change[0].people, change[1].people, change[1].start) == (("ann",), ("bob",), week(1)[0])
    assert next_handoff(plain(weekly("ann")), MONDAY) is None


def test_a_schedule_without_layers_or_people_is_a_gap_for_ever() -> None:
    """It is answered, not an error, and it says why."""
    assert on_call(plain(), MONDAY).empty is Emptiness.NO_LAYER
    assert on_call(plain(weekly()), MONDAY).empty is Emptiness.EMPTY_TURN
