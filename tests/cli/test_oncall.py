"""`escalation oncall` and `escalation schedule show`: who is on call, for people and for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import DEMO, Machine

SCHEDULES = """\
schedules:
  primary:
    timezone: Europe/Berlin
    layers: [{name: week, people: [ann, bob], starts: 2026-01-05, days: [mon]}]
  office:
    timezone: America/New_York
    layers: [{name: hours, people: [lead], starts: 2026-01-05, only: {days: [mon], from: "09:00", to: "17:00"}}]
"""


@pytest.fixture
def site(machine: Machine, tmp_path: Path) -> Machine:
    file = tmp_path / "scheduled.yaml"
    file.write_text(DEMO.read_text() + SCHEDULES)
    assert machine("config", "apply", str(file)) == 0, machine.err + machine.out
    return machine


def test_oncall_says_who_until_when_and_who_is_next(site: Machine) -> None:
    """A line a schedule, in the schedule's own time; a hole says why it is one."""
    assert site("oncall", "--at", "2026-01-06T00:00") == 0, site.err
    assert site.out.splitlines() == [
        "primary  Ann Example  until Mon 2026-01-12 09:00 Europe/Berlin, then Bob Example",
        "office  nobody: no layer covers it  until Mon 2026-01-12 09:00 America/New_York, then Lea Lead",
    ]


def test_an_instant_belongs_to_who_comes(site: Machine) -> None:
    """Nine in Berlin is eight in UTC, and an offset of one's own counts."""
    for at, who in [
        ("2026-01-12T07:59:59", "Ann Example"),
        ("2026-01-12T08:00", "Bob Example"),
        ("2026-01-12T09:00+01:00", "Bob Example"),
    ]:
        assert site("oncall", "--at", at) == 0
        assert site.out.startswith(f"primary  {who}  until"), at


def test_oncall_for_programs(site: Machine) -> None:
    """With offsets, and null for what there is not."""
    said = site.json("oncall", "--at", "2026-01-06")
    assert said["at"] == "2026-01-06T00:00:00+00:00"
    assert said["schedules"][0] == {
        "schedule": "primary",
        "timezone": "Europe/Berlin",
        "from": "2026-01-05T09:00:00+01:00",
        "to": "2026-01-12T09:00:00+01:00",
        "people": [{"person": "ann", "name": "Ann Example", "why": "rotation", "instead_of": None, "override": None}],
        "layer": "week",
        "empty": None,
        "next": {
            "at": "2026-01-12T09:00:00+01:00",
            "people": [{"person": "bob", "name": "Bob Example", "why": "rotation", "instead_of": None, "override": None}],
        },
    }
    assert said["schedules"][1]["empty"] == "no layer covers it"


def test_oncall_of_a_team_is_that_of_its_schedules(site: Machine) -> None:
    """A team that is not there is said."""
    assert site("oncall", "--team", "payments") == 0
    assert "primary" in site.out
    assert site("oncall", "--team", "nowhere") == 1


def test_show_prints_every_shift_in_the_schedule_s_time(site: Machine) -> None:
    """Gaps too; the first and the last are cut at the times that were asked about."""
    assert site("schedule", "show", "primary", "--from", "2026-01-07", "--to", "2026-01-20") == 0, site.err
    assert site.out.splitlines() == [
        "primary, times of Europe/Berlin",
        "Wed 2026-01-07 00:00  Mon 2026-01-12 09:00  Ann Example  [week]",
        "Mon 2026-01-12 09:00  Mon 2026-01-19 09:00  Bob Example  [week]",
        "Mon 2026-01-19 09:00  Tue 2026-01-20 00:00  Ann Example  [week]",
    ]
    shown = site.json("schedule", "show", "office", "--from", "2026-01-05T09:00", "--to", "2026-01-06")["shifts"]
    assert [(s["from"], s["to"], s["empty"]) for s in shown] == [
        ("2026-01-05T09:00:00-05:00", "2026-01-05T17:00:00-05:00", None),
        ("2026-01-05T17:00:00-05:00", "2026-01-06T00:00:00-05:00", "no layer covers it"),
    ]


def test_show_says_what_is_wrong_with_the_question(site: Machine) -> None:
    """No such schedule, no such time, a time that runs back, one that is too long."""
    assert site("schedule", "show", "primray") == 1
    assert "there are: primary, office" in site.err
    assert site("schedule", "show", "primary", "--from", "yesterday") == 2
    assert site("schedule", "show", "primary", "--from", "2026-01-07", "--to", "2026-01-06") == 2
    assert site("schedule", "show", "primary", "--from", "2026-01-07", "--to", "2028-01-06") == 2


def test_without_schedules_there_is_nobody_to_show(machine: Machine) -> None:
    """And that is no error."""
    assert machine("oncall") == 0
    assert machine.out == "There is no schedule.\n"
