"""What holds for every schedule, on every night of the year: against an oracle that walks, and against itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.domain.localtime import instant, reading
from escalation.domain.rotation import WEEKDAYS, Rotation
from escalation.domain.schedule import Schedule, Shift, next_handoff, on_call, shifts
from tests.domain import schedules as some
from tests.domain.schedule_oracle import QUARTER, Windows, walk

SPAN = timedelta(days=30)


def begin(schedule: Schedule) -> datetime:
    first = min(layer.rotation.starts for layer in schedule.layers)
    return datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=2)


@given(st.data(), some.schedules())
@settings(max_examples=40)
def test_everybody_is_on_call_when_the_oracle_says_so(data: st.DataObject, drawn: tuple[Schedule, Windows]) -> None:
    """Hand-offs, restrictions, zones, first and last days, overrides and absences, quarter by quarter around a change of clocks."""
    schedule, windows = drawn
    arranged, away = data.draw(some.overrides(schedule)), data.draw(some.absences(schedule))
    start = begin(schedule)
    found = iter(shifts(schedule, start, start + SPAN, arranged, away))
    now = next(found)
    for at, people in walk(schedule, windows, start + SPAN, arranged, away):
        if at < start:
            continue
        while at >= now.end:
            now = next(found)
        assert list(now.people) == people, f"{at} {now}"


@given(st.data(), some.schedules())
@settings(max_examples=30)
def test_shifts_are_a_partition_and_on_call_is_in_them(data: st.DataObject, drawn: tuple[Schedule, Windows]) -> None:
    """No instant is without a decision, none has two; whoever asks about any instant gets the shift that the list has there."""
    schedule, _ = drawn
    arranged, away = data.draw(some.overrides(schedule)), data.draw(some.absences(schedule))
    start, end = begin(schedule), begin(schedule) + SPAN
    found = shifts(schedule, start, end, arranged, away)
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(a.end == b.start and not a.goes_on_in(b) for a, b in pairwise(found))
    for shift in found:
        assert shift.start < shift.end
        assert bool(shift.people) is (shift.empty is None)
        for at in (shift.start, shift.end - timedelta(microseconds=1)):
            assert clipped(on_call(schedule, at, arranged, away), start, end) == shift


@given(st.data(), some.schedules())
@settings(max_examples=30)
def test_the_order_and_repetition_of_overrides_do_not_matter(data: st.DataObject, drawn: tuple[Schedule, Windows]) -> None:
    """Their ids do."""
    schedule, _ = drawn
    arranged, away = data.draw(some.overrides(schedule)), data.draw(some.absences(schedule))
    start = begin(schedule)
    mixed = data.draw(st.permutations([*arranged, *arranged[:2]]))
    again = shifts(schedule, start, start + SPAN, mixed, reversed([*away, *away]))
    assert again == shifts(schedule, start, start + SPAN, arranged, away)


@given(st.data(), some.schedules())
@settings(max_examples=30)
def test_who_is_away_is_never_on_call(data: st.DataObject, drawn: tuple[Schedule, Windows]) -> None:
    """Not by their turn, not as somebody's cover, not by an override; and nobody is in a slot twice."""
    schedule, _ = drawn
    arranged, away = data.draw(some.overrides(schedule)), data.draw(some.absences(schedule))
    for shift in shifts(schedule, begin(schedule), begin(schedule) + SPAN, arranged, away):
        assert len(set(shift.people)) == len(shift.people)
        assert not [a for a in away if a.person in shift.people and max(a.start, shift.start) < min(a.end, shift.end)]


@given(some.schedules(), st.integers(0, 2880))
def test_the_next_handoff_is_the_first_change_of_people(drawn: tuple[Schedule, Windows], quarters: int) -> None:
    """Up to it the same people are on call, from it on others."""
    schedule, _ = drawn
    at = begin(schedule) + quarters * QUARTER
    now = set(on_call(schedule, at).people)
    change = next_handoff(schedule, at, within=SPAN)
    until = change[1].start if change else at + SPAN
    assert all(set(s.people) == now for s in shifts(schedule, at, until))
    assert change is None or set(on_call(schedule, until).people) == set(change[1].people) != now


@pytest.mark.parametrize("zone", some.ZONES, ids=str)
@pytest.mark.parametrize(
    "rotation",
    [some.weekly("ann", "bob", "lee", handoff=time(2, 30)), Rotation((("ann",), ("bob",)), date(2020, 1, 6), time(0), (0, 3)),
     Rotation((("ann",), ("bob",), ("lee",)), date(2020, 1, 1), time(1, 15), WEEKDAYS, every=2),
     Rotation((("ann",), ("bob",)), date(2020, 1, 1), time(2, 45), hours=36)],
    ids=["weekly", "split week", "every other weekday", "36 hours"],
)  # fmt: skip
def test_daylight_saving_moves_no_handoff(rotation: Rotation, zone: ZoneInfo) -> None:
    """Complaint 8, hand-off mistakes: from 2020 to 2035 each hand-off is at its local time, at the first of two where it comes twice; where it does not come, at the
    very end of the gap."""
    schedule = some.plain(rotation, zone=zone)
    wanted = {rotation.handoff} if not rotation.hours else {time(2, 45), time(14, 45)}
    found = shifts(schedule, instant(zone, rotation.first), some.utc(2035, 12, 31))
    assert len(found) > 400
    for shift in found[1:]:
        local = shift.start.astimezone(zone)
        assert local.fold == 0
        if local.time() not in wanted:
            assert is_the_end_of_a_gap(shift.start, zone), f"{local} {shift}"


def is_the_end_of_a_gap(at: datetime, zone: ZoneInfo) -> bool:
    before, after = ((at - timedelta(seconds=n)).astimezone(zone).replace(tzinfo=None) for n in (1, 0))
    return after - before > timedelta(seconds=1)


@pytest.mark.parametrize("zone", some.ZONES, ids=str)
def test_no_handoff_is_lost_in_sixteen_years(zone: ZoneInfo) -> None:
    """Counted day by day on a calendar: the turn is the number of Mondays and Thursdays gone by."""
    rotation = Rotation((("ann",), ("bob",), ("lee",)), date(2020, 1, 6), time(9), (0, 3))
    schedule, turn = some.plain(rotation, zone=zone), -1
    for n in range(16 * 365):
        day = rotation.starts + timedelta(days=n)
        if day.weekday() not in {0, 3}:
            continue
        turn += 1
        assert on_call(schedule, datetime.combine(day, time(12), zone).astimezone(UTC)).turn == turn


@given(some.TURNS, some.DAYS, some.TIME, st.sampled_from(some.ZONES), st.integers(1, 20))
@settings(max_examples=30)
def test_every_turn_has_its_fair_share(turns: tuple[tuple[str, ...], ...], days: tuple[int, ...], at: time, zone: ZoneInfo, rounds: int) -> None:  # fmt: skip
    """Over whole rounds each turn comes as often as any other, whatever the weekdays."""
    rotation = Rotation(turns, date(2026, 1, 1), at, days)
    end = instant(zone, rotation.begins(len(turns) * rounds))
    found = shifts(some.plain(rotation, zone=zone), instant(zone, rotation.first), end)
    mine = [shift.turn % len(turns) for shift in found if shift.turn is not None]
    assert [mine.count(n) for n in range(len(turns))] == [rounds] * len(turns)


@pytest.mark.parametrize("zone", some.ZONES, ids=str)
def test_the_wall_clock_never_runs_back(zone: ZoneInfo) -> None:
    """On each day on which clocks are changed: its reading never falls, and an instant is the first at which it reads so or later."""
    for night in some.changes(zone, 2020):
        start = some.utc(night.year, night.month, night.day) - QUARTER
        for at in (start + n * QUARTER for n in range(100)):
            assert reading(zone, at) <= reading(zone, at + QUARTER)
            assert instant(zone, reading(zone, at)) <= at < instant(zone, reading(zone, at) + 1)


def clipped(shift: Shift, start: datetime, end: datetime) -> Shift:
    """As the list shows it that begins and ends there."""
    return replace(shift, start=max(shift.start, start), end=min(shift.end, end))
