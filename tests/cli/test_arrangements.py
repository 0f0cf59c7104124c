"""`escalation override` and `escalation absence`: arranged, listed, taken back, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import DEMO, Machine

NOW = datetime.now(UTC)
SCHEDULE = f"""\
schedules:
  primary:
    timezone: Europe/Berlin
    layers: [{{name: week, people: [ann, bob], starts: {NOW.date() - timedelta(days=2)}, days: [{f"{NOW - timedelta(days=2):%a}".lower()}]}}]
"""


def on(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


@pytest.fixture
def site(machine: Machine, tmp_path: Path) -> Machine:
    """Ann has the week, Bob the next."""
    file = tmp_path / "scheduled.yaml"
    file.write_text(DEMO.read_text() + SCHEDULE)
    assert machine("config", "apply", str(file)) == 0, machine.err + machine.out
    return machine


def who(site: Machine, days: float = 0) -> list[str]:
    found = site.json("oncall", "--at", on(days))["schedules"][0]["people"]
    return [one["person"] for one in found]


def test_a_shift_is_taken_to_its_end(site: Machine) -> None:
    """Without a time: the shift that is on, from now on."""
    assert site("override", "add", "primary", "lead", "--by", "Lea") == 0, site.err
    assert site.out.startswith("override 1  primary  Lea Lead  ")
    assert (who(site, 1), who(site, 6)) == (["lead"], ["bob"])


def test_a_shift_is_given_for_a_time_and_taken_back(site: Machine) -> None:
    """Complaint 13, no audit of who changed what: only her place and only then; and both who did it and who undid it are kept."""
    times = ("--from", on(1), "--to", on(2), "--instead-of", "ann")
    made = site.json("override", "add", "primary", "bob", *times, "--by", "Ann Example")
    assert [(one["id"], one["person"], one["instead_of"], one["made_by"]) for one in made] == [(1, "bob", "ann", "Ann Example")]
    assert [who(site, days) for days in (0.5, 1.5, 2.5)] == [["ann"], ["bob"], ["ann"]]
    assert site("override", "remove", "1", "--by", "Bob") == 0, site.err
    assert who(site, 1.5) == ["ann"]
    assert site.json("override", "list") == []
    [kept] = site.json("override", "list", "--all")
    assert (kept["made_by"], kept["removed_by"]) == ("Ann Example", "Bob")
    assert site("override", "list", "--all") == 0
    assert "taken back by Bob" in site.out
    assert site("override", "remove", "1") == 1, "it was taken back before"


def test_a_slot_is_emptied_and_filled_again(site: Machine) -> None:
    """A day on which the office is closed: nobody for that time, and whoever it is said to afterwards."""
    assert site("override", "empty", "primary", "--from", on(1), "--to", on(2), "--by", "Lea") == 0, site.err
    assert site.out.startswith("override 1  primary  nobody  ")
    assert [who(site, days) for days in (0.5, 1.5, 2.5)] == [["ann"], [], ["ann"]]
    assert site.json("override", "list")[0]["person"] is None
    assert site("override", "add", "primary", "bob", "--from", on(1.25), "--to", on(1.75)) == 0
    assert [who(site, days) for days in (1.1, 1.5, 1.9)] == [[], ["bob"], []]
    assert site("override", "empty", "primary", "--instead-of", "nobdy", "--to", on(1)) == 2
    assert "there is no person nobdy" in site.err


def test_two_people_swap_their_next_shifts(site: Machine) -> None:
    """Ann's running week is Bob's, and Bob's next one hers; the weeks after are as they were."""
    assert site("override", "swap", "primary", "ann", "bob") == 0, site.err
    assert [who(site, days) for days in (1, 7, 14, 21)] == [["bob"], ["ann"], ["ann"], ["bob"]]
    assert site("override", "swap", "primary", "ann", "lead") == 1


def test_a_holiday_is_covered_by_the_next_in_the_rotation(site: Machine) -> None:
    """In every schedule, and it is no override."""
    assert site("absence", "add", "ann", "--from", on(0.5), "--to", on(2), "--by", "Ann") == 0, site.err
    assert site.out.startswith("absence 1  Ann Example is away  ")
    assert [who(site, days) for days in (0.25, 1, 3)] == [["ann"], ["bob"], ["ann"]]
    assert site("oncall", "--at", on(1)) == 0
    assert "Bob Example (covers for Ann Example)" in site.out
    assert site("override", "remove", "1") == 1
    assert site("absence", "remove", "1") == 0, site.err
    assert who(site, 1) == ["ann"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("override", "add", "primary", "bob", "--from", on(-3), "--to", on(-2)), "it is in the past"),
        (("override", "add", "primary", "bob", "--from", on(-3), "--to", on(2)), "it begins in the past"),
        (("override", "add", "primary", "bob", "--from", on(2), "--to", on(1)), "it ends before it begins"),
        (("override", "add", "primary", "bob", "--from", on(1), "--to", on(92)), "it lasts 91 days: 90 at most"),
        (("override", "add", "primary", "nobdy", "--to", on(1)), "there is no person nobdy"),
        (("override", "add", "primary", "bob", "--to", on(1), "--instead-of", "bob"), "bob cannot be on call instead of bob"),
        (("absence", "add", "nobdy", "--to", on(92)), "it lasts 92 days: 90 at most; there is no person nobdy"),
    ],
)
def test_what_cannot_be_is_refused_with_every_reason(site: Machine, arguments: tuple[str, ...], reason: str) -> None:
    """And nothing is stored."""
    assert site(*arguments) == 2
    assert reason in site.err
    assert site.json("override", "list", "--all") == site.json("absence", "list", "--all") == []


def test_an_override_of_no_schedule_is_refused(site: Machine) -> None:
    """With the ones there are."""
    assert site("override", "add", "primray", "bob") == 1
    assert "there are: primary" in site.err
