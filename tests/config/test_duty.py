"""Who is on call instead after a change, and whom a change leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.config.duty import Change, changes
from escalation.config.load import load
from escalation.domain.overrides import Absence
from escalation.domain.roster import Roster
from tests.config.texts import GOOD

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # nine in Berlin
WEEK = timedelta(days=7)


def roster(layers: str, name: str = "primary") -> Roster:
    text = f"{GOOD}schedules:\n  {name}:\n    timezone: Europe/Berlin\n    layers: [{layers}]\n"
    return load(text).site.roster


def week(people: str, more: str = "") -> str:
    return f"{{name: week, people: [{people}], starts: 2026-01-05, days: [mon]{more}}}"


def found(old: str, new: str) -> list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """The day each begins, before and after."""
    return [((c.start - MONDAY).days, c.before, c.after) for c in changes(roster(old), roster(new), MONDAY)]


def test_only_the_weeks_that_change_hands_are_told() -> None:
    assert found(week("ann, bob"), week("bob, ann"))[:2] == [(0, ("ann",), ("bob",)), (7, ("bob",), ("ann",))]
    assert found(week("ann, bob"), week("ann, bob, ann, bob")) == []


def test_weeks_of_nobody_are_holes_only_where_somebody_was() -> None:
    told = changes(roster(week("ann, bob")), roster(week("ann, ~")), MONDAY)
    assert [((c.start - MONDAY) / WEEK, c.is_hole) for c in told] == [(1, True), (3, True)]
    assert found(week("ann, ~"), week("~, ~")) == [(0, ("ann",), ()), (14, ("ann",), ()), (28, ("ann",), ())]
    assert changes(roster(week("~")), roster(week("~", ", every: 2")), MONDAY) == []


def test_a_holiday_counts_before_and_after() -> None:
    """Who is away is covered by the next of the rotation; a rotation without a next one leaves a hole."""
    away = (Absence("ann", MONDAY, MONDAY + WEEK),)
    old = Roster(**{**_values(roster(week("ann, bob"))), "absences": away})
    (hole, *_) = changes(old, roster(week("ann")), MONDAY)
    assert (hole.before, hole.after, hole.end - hole.start) == (("bob",), (), WEEK)


def test_a_schedule_that_is_new_or_gone_changes_nobodys_duty() -> None:
    assert changes(roster(week("ann")), roster(week("~"), name="other"), MONDAY) == []


def test_the_hours_of_a_change_are_told_on_the_schedules_own_clocks() -> None:
    old = roster(week("ann"))
    zone = old.schedules["primary"].zone
    change = Change("primary", MONDAY, MONDAY + WEEK, ("ann",), ())
    assert change.told(zone) == "schedule primary: Mon 2026-01-05 09:00 to Mon 2026-01-12 09:00: ann -> nobody"


TURNS = st.lists(st.sampled_from(["ann", "bob", "~", "[ann, bob]"]), min_size=1, max_size=4).map(", ".join)


@given(TURNS, TURNS)
def test_at_every_hour_the_change_says_who_was_and_will_be(old: str, new: str) -> None:
    """Asked hour by hour of the rosters themselves."""
    before, after = roster(week(old)), roster(week(new))
    told = changes(before, after, MONDAY)
    for hour in range(0, 30 * 24, 5):
        at = MONDAY + timedelta(hours=hour)
        was, will = (set(r.shift("primary", at).people) for r in (before, after))  # type: ignore[union-attr]
        here = [c for c in told if c.start <= at < c.end]
        assert [(set(c.before), set(c.after)) for c in here] == ([] if was == will else [(was, will)])


def _values(roster: Roster) -> dict[str, object]:
    return {name: getattr(roster, name) for name in ("people", "teams", "schedules")}
