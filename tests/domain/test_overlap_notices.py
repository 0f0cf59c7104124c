"""Which overlaps are told to whom, and what makes one another."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from escalation.domain.overlap_notices import Doubled, ahead, announcements
from escalation.domain.overrides import Override
from escalation.domain.roster import Channel, Roster, Target, TargetKind
from escalation.domain.rotation import EVERY_DAY, WEEKDAYS
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.week import Week, daily
from tests.builders import site
from tests.domain.schedules import NEW_YORK, plain, utc, weekly

NOW = utc(2026, 1, 5, 8)  # a Monday, nine in Berlin
DAY = timedelta(days=1)
OFFICE = Week.of(daily(WEEKDAYS, time(9), time(17)))
OPS, LEADS = Target(TargetKind.SLACK, "#ops"), Target(TargetKind.EMAIL, "leads@example.org")


def roster(*schedules: Schedule, **notify: Target) -> Roster:
    named = {name: (target,) for name, target in notify.items()}
    return replace(site().roster, schedules={s.name: s for s in schedules}, notify=named)


def two(one: str, other: str, **notify: Target) -> Roster:
    return roster(plain(weekly(one, starts=NOW.date())), plain(weekly(other, starts=NOW.date()), name="search"), **notify)


def test_a_person_who_is_on_call_twice_is_told_to_both_schedules_people() -> None:
    """All week, and longer: no end is made up."""
    here = two("ann", "ann", payments=OPS, search=LEADS)
    found = ahead(here, NOW)
    said = announcements(here, found, NOW)
    assert [(one.to, one.channel) for one in said] == [
        ("slack:#ops", Channel.SLACK), ("email:leads@example.org", Channel.EMAIL)
    ]  # fmt: skip
    assert (
        "Ann is on call in payments and search at once: now and for the rest of the next 7 days (Europe/Berlin)" in said[0].text
    )


def test_it_is_the_same_one_while_time_passes_though_its_ends_move() -> None:
    """Else it were told anew every five minutes."""
    here = two("ann", "ann", payments=OPS)
    assert [one.identity for one in ahead(here, NOW)] == [one.identity for one in ahead(here, NOW + 3 * DAY)] != []


def test_each_override_that_makes_one_is_another() -> None:
    """Ann took a day in search, and takes one more: the second is news, the first is not."""
    here = two("ann", "bob", payments=OPS)
    first = Override(1, "search", NOW + DAY, NOW + 2 * DAY, "ann")
    second = Override(2, "search", NOW + 3 * DAY, NOW + 4 * DAY, "ann")
    [one] = ahead(replace(here, overrides=(first,)), NOW)
    assert "Tue 2026-01-06 09:00 to Wed 2026-01-07 09:00 (Europe/Berlin)" in one.words
    both = ahead(replace(here, overrides=(first, second)), NOW)
    assert [each.identity for each in both if each.identity != one.identity] == [both[1].identity]
    assert ahead(here, NOW) == []


def test_layers_that_want_the_same_hours_are_told_once_for_the_week() -> None:
    """The first day's hours, and how many more there are."""
    schedule = plain(
        Layer("base", weekly("lee", days=EVERY_DAY)),
        Layer("eu", weekly("ann"), OFFICE),
        Layer("us", weekly("bob"), OFFICE, zone=NEW_YORK),
    )
    [one] = ahead(roster(schedule, payments=OPS), NOW)
    assert one.words == (
        "eu and us want the same hours in payments, us has them: Mon 2026-01-05 15:00 to Mon 2026-01-05 17:00 (Europe/Berlin),"
        " and 4 times more in the next 7 days"
    )


def test_whoever_named_nobody_is_told_nothing() -> None:
    """And nothing is worked out for it."""
    assert ahead(two("ann", "ann"), NOW) == []
    assert ahead(roster(*two("ann", "ann").schedules.values(), other=OPS), NOW) == []


def test_many_are_one_message_with_the_first_ones() -> None:
    """Ten lines, and how many more."""
    here = two("ann", "bob", payments=OPS)
    [said] = announcements(here, [Doubled(str(n), ("payments",), f"line {n}") for n in range(25)], NOW)
    assert said.text.count("line ") == 10
    assert "and 15 more like these" in said.text
    assert "escalation override add" in said.text
