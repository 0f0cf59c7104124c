"""What is found wrong with the time to come."""

from __future__ import annotations

from datetime import time, timedelta

from escalation.domain.coverage import clashes, collisions, gaps, overlaps, unseen
from escalation.domain.overrides import Absence, Emptiness, Override
from escalation.domain.rotation import EVERY_DAY, WEEKDAYS
from escalation.domain.schedule import Layer, Schedule, Shift, shifts
from escalation.domain.week import Week, daily
from tests.domain.schedules import BERLIN, NEW_YORK, plain, utc, weekly

START = utc(2026, 1, 5, 8)  # a Monday, nine in Berlin
OFFICE = Week.of(daily(WEEKDAYS, time(9), time(17)))


def days(n: int, schedule: Schedule, *away: Absence) -> list[Shift]:
    return shifts(schedule, START, START + timedelta(days=n), (), away)


def test_no_complaint_wikimedia_t313958_a_gap_is_known_days_ahead() -> None:
    """Each night, the weekend as one, whatever hand-offs lie in it; and each with its reason."""
    found = gaps(days(7, plain(Layer("office", weekly("ann", days=EVERY_DAY), OFFICE))))
    assert [(g.end - g.start) / timedelta(hours=1) for g in found] == [16, 16, 16, 16, 64]
    assert {g.why for g in found} == {Emptiness.NO_LAYER}


def test_empty_slots_and_holidays_are_told_apart() -> None:
    """One gap each, side by side."""
    found = gaps(days(14, plain(weekly("ann", "")), Absence("ann", START + timedelta(days=5), START + timedelta(days=30))))
    assert [g.why for g in found] == [Emptiness.ABSENT, Emptiness.EMPTY_TURN]
    assert found[0].end == found[1].start == START + timedelta(days=7)


def test_somebody_on_call_twice_at_once_is_found() -> None:
    """Ann has payments this week and search in office hours; Monday's is one overlap, not one for each hand-off."""
    payments, search = (
        plain(weekly("ann", "bob", days=EVERY_DAY, every=2)),
        plain(Layer("office", weekly("ann"), OFFICE), name="search"),
    )
    found = overlaps({"payments": days(3, payments), "search": days(3, search)})
    assert [(o.person, o.schedules, o.start) for o in found] == [
        ("ann", ("payments", "search"), START), ("ann", ("payments", "search"), START + timedelta(days=1))
    ]  # fmt: skip
    assert overlaps({"payments": days(3, payments)}) == []


def test_a_handoff_in_one_schedule_does_not_split_what_goes_on_in_both() -> None:
    """Two weekly turns of one person are one overlap with a fortnight of the other's."""
    one, other = plain(weekly("ann")), plain(weekly("ann", every=2), name="search")
    (found,) = overlaps({"payments": days(14, one), "search": days(14, other)})
    assert (found.start, found.end) == (START, START + timedelta(days=14))


def test_restricted_layers_collide_where_both_want_the_hour() -> None:
    """Nine to five in Berlin and in New York: two hours a day, and three while only one of them has summer time."""
    abroad = Layer("us", weekly("bob"), OFFICE, zone=NEW_YORK)
    schedule = plain(Layer("base", weekly("lee")), Layer("eu", weekly("ann"), OFFICE), abroad, zone=BERLIN)
    usual, march = utc(2026, 2, 2), utc(2026, 3, 9)
    for start, hours in ((usual, 2), (march, 3)):
        found = collisions(schedule, start, start + timedelta(days=1))
        assert [((c.lower, c.upper), (c.end - c.start) / timedelta(hours=1)) for c in found] == [(("eu", "us"), hours)]


def test_overrides_of_the_same_place_clash() -> None:
    """Different people for it at the same time; not another schedule's, not another place, not one after the other."""
    end = START + timedelta(days=1)
    first = Override(1, "payments", START, end, "bob", "ann")
    second = Override(2, "payments", START + timedelta(hours=1), end, "lee", "ann")
    others = [
        Override(3, "search", START, end, "kim", "ann"),
        Override(4, "payments", START, end, "kim", "zoe"),
        Override(5, "payments", end, end + timedelta(days=1), "kim", "ann"),
    ]
    assert clashes([second, *others, first, first]) == [(first, second)]


def test_no_complaint_oncall_2797_a_layer_that_is_never_seen_is_named() -> None:
    """Everything it has is hidden by the one above."""
    schedule = plain(Layer("hidden", weekly("ann"), OFFICE), Layer("top", weekly("bob")))
    assert unseen(schedule, days(90, schedule)) == ["hidden"]
