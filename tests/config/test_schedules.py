"""Schedules in the file: what they mean, and each of their faults with its line."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.policy import Site
from escalation.domain.roster import Target, TargetKind
from escalation.domain.rotation import EVERY_DAY, WEEKDAYS, Rotation
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.week import Week, Window, daily
from tests.config.texts import GOOD, changed, faults

SCHEDULES = """\
schedules:
  primary:
    timezone: Europe/Berlin
    layers:
      - name: week
        people: [ann, bob]
        starts: 2026-01-05
        handoff: "09:00"
        days: [mon]
      - name: nights
        people: [bob, [ann, bob], ~]
        starts: 2026-01-05
        hours: 12
        timezone: America/New_York
        until: 2027-01-01
        only: [{days: [tue, mon], from: "20:00", to: 6:30}, {from: fri 18:00, to: mon 08:00}]
"""
TEXT = changed("services:\n", SCHEDULES + "services:\n").replace("page: ann\n", "page: schedule:primary\n")


def said(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_a_schedule_becomes_layers_of_rotations() -> None:
    """Dates and times of day may stand without quotes; days come in order; `~` is nobody."""
    assert load(TEXT).site.roster.schedules == {
        "primary": Schedule(
            "primary",
            ZoneInfo("Europe/Berlin"),
            (
                Layer("week", Rotation((("ann",), ("bob",)), date(2026, 1, 5), time(9), (0,))),
                Layer(
                    "nights",
                    Rotation((("bob",), ("ann", "bob"), ()), date(2026, 1, 5), time(9), EVERY_DAY, hours=12),
                    Week.of([*daily((0, 1), time(20), time(6, 30)), Window(4, time(18), 0, time(8))]),
                    date(2027, 1, 1),
                    ZoneInfo("America/New_York"),
                ),
            ),
        )
    }


def test_a_step_points_at_a_schedule() -> None:
    """As it does at a team."""
    assert load(TEXT).site.policies["default"].steps[0].targets == (Target(TargetKind.SCHEDULE, "primary"),)


def test_hours_without_days_are_those_of_every_day() -> None:
    """And days without hours are whole days."""
    both = [
        ('only: [{days: [tue, mon], from: "20:00", to: 6:30}, {from: fri 18:00, to: mon 08:00}]', only)
        for only in ('only: {from: "08:00", to: "20:00"}', "only: {days: [mon, tue, wed, thu, fri]}")
    ]
    weeks = [load(said(*one)).site.roster.schedules["primary"].layers[1].week for one in both]
    assert weeks == [Week.of(daily(EVERY_DAY, time(8), time(20))), Week.of(daily(WEEKDAYS, time(0), time(0)))]


def test_a_schedule_is_stored_and_read_back_as_it_was() -> None:
    """What is applied is what is on call."""
    stored = TypeAdapter(Site)
    site = load(TEXT).site
    assert stored.validate_json(stored.dump_json(site)) == site


ONE = [
    ("people: [ann, bob]\n", "people: [ann, bbo]\n", "line 12: schedules.primary.layers.1.people.2: no such person `bbo`, did you mean"),
    ("people: [ann, bob]\n", "people: []\n", "line 12: schedules.primary.layers.1.people: is empty"),
    ("[ann, bob], ~]", "[ann, ann], ~]", "line 17: schedules.primary.layers.2.people.2: `ann` is in this turn twice"),
    ("[ann, bob], ~]", "[], ~]", "line 17: schedules.primary.layers.2.people.2: is empty: write ~"),
    ("timezone: Europe/Berlin\n    layers", "timezone: Europe/Berlni\n    layers", "line 9: schedules.primary.timezone: no such time zone, did"),
    ("    timezone: Europe/Berlin\n    layers", "    layers", "line 8: schedules.primary: `timezone` is missing"),
    ("timezone: America/New_York", "timezone: America/Nowhere", "schedules.primary.layers.2.timezone: no such time zone"),
    ("name: nights", "name: week", "line 16: schedules.primary.layers.2.name: the same name as in line 11"),
    ("handoff:", "every: 0\n        handoff:", "line 14: schedules.primary.layers.1.every: a plain number from 1 to 100"),
    ("hours: 12", "hours: 0", "line 19: schedules.primary.layers.2.hours: a plain number from 1"),
    ("hours: 12", "hours: -1", "line 19: schedules.primary.layers.2.hours: a plain number from 1"),
    ("hours: 12", "hours: 12\n        days: [mon]", "line 16: schedules.primary.layers.2: turns last `hours` or change on `days`"),
    ("days: [mon]", "days: []", "line 15: schedules.primary.layers.1.days: is empty"),
    ("days: [mon]", "days: [monday]", "line 15: schedules.primary.layers.1.days: no such day, did you mean `mon`?"),
    ("days: [mon]", "weekdays: [mon]", "line 15: schedules.primary.layers.1.weekdays: unknown key `weekdays`, did you mean `days`?"),
    ('handoff: "09:00"', 'handoff: "25:00"', "line 14: schedules.primary.layers.1.handoff: a time of day from"),
    ('handoff: "09:00"', "handoff: 9", "line 14: schedules.primary.layers.1.handoff: a time of day from"),
    ("until: 2027-01-01", "until: 2026-01-05", "line 16: schedules.primary.layers.2: `until` is no later than `starts`"),
    ("until: 2027-01-01", "until: 2027-02-30", "line 21: schedules.primary.layers.2.until: a day such as"),
    ("until: 2027-01-01", "until: 1999-01-01", "line 21: schedules.primary.layers.2.until: a day such as"),
    ("to: 6:30", "till: 6:30", "line 22: schedules.primary.layers.2.only.1: unknown key `till` (there are: days, from, to)"),
    ("{from: fri 18:00, to: mon 08:00}", "{from: fri 18:00}", "line 22: schedules.primary.layers.2.only.2: `from` and `to` are both"),
    ("{from: fri 18:00, to: mon 08:00}", "fri", "line 22: schedules.primary.layers.2.only.2: hours such as"),
    ("{from: fri 18:00, to: mon 08:00}", "{from: fri 18:00, to: mon 8}", "only.2: a time of day from"),
    ("  primary:\n    timezone", "  primary: {}\n  primary:\n    timezone", "line 9: schedules.primary: said twice, first in line 8"),
    ("page: schedule:primary", "page: schedule:primray", "steps.1.page: no such schedule `primray`, did you mean `schedule:primary`?"),
    ("page: schedule:primary", "page: primary", "steps.1.page: no such person `primary`, did you mean `schedule:primary`?"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), ONE)
def test_each_fault_of_a_schedule_is_named_with_its_line_and_place(old: str, new: str, fault: str) -> None:
    """Nothing that cannot be is applied."""
    found = faults(said(old, new))
    assert any(fault in line for line in found), found


def test_all_faults_of_a_schedule_come_at_once() -> None:
    """Of two layers and the step that names it."""
    text = TEXT.replace("hours: 12", "hours: 0").replace("days: [mon]", "days: [nope]").replace("schedule:primary", "schedule:x")
    assert [line.split(":")[0] for line in faults(text)] == ["line 15", "line 19", "line 29"]


def test_an_empty_turn_and_a_schedule_that_pages_nobody_are_warned_about() -> None:
    """They are allowed: a gap may be meant."""
    warned = load(TEXT.replace("schedule:primary", "ann")).warnings
    assert "line 8: schedules.primary: is paged by no policy" in warned
    assert "line 17: schedules.primary.layers.2.people: nobody is on call in 1 of 3 turns" in warned


def test_whoever_is_in_a_schedule_is_paged_by_its_policy() -> None:
    """Nobody is warned that they are not."""
    text = TEXT.replace("page: [bob, team:payments]", 'page: "slack:#ops"')
    assert not [line for line in load(text).warnings if "people." in line and "paged by no policy" in line]


def test_what_changed_in_a_schedule_is_said_by_layer() -> None:
    """The order of the people counts, and so does every word about the time."""
    old = load(TEXT).site
    assert diff(load(GOOD).site, old)[0] == (
        "schedule primary: added (timezone Europe/Berlin, layers week, nights, layer week [ann, bob from 2026-01-05 09:00, mon], "
        "layer nights [bob, ann+bob, nobody from 2026-01-05 09:00, every 12 hours, until 2027-01-01, in America/New_York, "
        "only fri 18:00 to mon 08:00, mon 20:00 to tue 06:30, tue 20:00 to wed 06:30])"
    )
    new = load(said("people: [ann, bob]\n", "people: [bob, ann]\n")).site
    assert diff(old, new) == [
        "schedule primary: layer week [ann, bob from 2026-01-05 09:00, mon] -> [bob, ann from 2026-01-05 09:00, mon]"
    ]
