"""`escalation maintenance`: made, listed, ended, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Machine

NOW = datetime.now(UTC)


def on(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def test_a_window_is_made_shown_and_ended(machine: Machine) -> None:
    """What it holds back says so in the list and on its own; who made it and who ended it is kept."""
    assert machine("maintenance", "add", "new disks", "--service", "payments", "--for", "1h", "--by", "Ann") == 0, machine.err
    assert machine.out.startswith("maintenance 1  payments  ")
    assert "new disks  by Ann" in machine.out
    assert machine("trigger", "db-1 is down", "--dedup-key", "db-1", "--service", "payments") == 0, machine.err
    assert machine("list") == 0
    assert "snoozed (held back until" in machine.out
    assert machine("show", "1") == 0
    assert "maintenance 1 (new disks)" in machine.out
    assert machine.json("list")[0]["held_back_by"] == "maintenance 1 (new disks)"
    assert machine("maintenance", "end", "1", "--by", "Bob") == 0, machine.err
    assert machine.json("list")[0]["status"] == "triggered"
    assert machine.json("maintenance", "list") == []
    [kept] = machine.json("maintenance", "list", "--all")
    assert (kept["made_by"], kept["ended_by"], kept["reason"]) == ("Ann", "Bob", "new disks")
    assert machine("maintenance", "end", "1") == 1


def test_one_of_a_label_and_a_severity(machine: Machine) -> None:
    """For later."""
    times = ("--from", on(1), "--to", on(2))
    [made] = machine.json("maintenance", "add", "x", "--label", "host=db-1", "--at-most", "warning", "--stop-ringing", *times)
    assert (made["labels"], made["at_most"], made["stop_ringing"]) == ({"host": "db-1"}, "warning", True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--service", "payments", "--for", "8d"), "it lasts 8.0 days: 7 at most"),
        (("--service", "payments", "--from", on(-2), "--to", on(-1)), "it is in the past"),
        (("--service", "payments", "--from", on(-1), "--to", on(1)), "it begins in the past"),
        (("--service", "nothing", "--for", "1h"), "there is no service nothing"),
        (("--for", "1h"), "it needs a service or a label"),
        (("--service", "payments"), "say --to or --for"),
        (("--service", "payments", "--for", "soon"), "not a duration"),
        (("--label", "host", "--for", "1h"), "'host' is not NAME=VALUE"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(machine: Machine, arguments: tuple[str, ...], reason: str) -> None:
    """And nothing is stored."""
    assert machine("maintenance", "add", "new disks", *arguments) == 2
    assert reason in machine.err
    assert machine.json("maintenance", "list", "--all") == []
