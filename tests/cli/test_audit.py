"""`escalation audit`: what it prints, and what its exit code says."""

from __future__ import annotations

import json

from sqlalchemy import create_engine, text

from tests.cli.conftest import Machine


def sql(machine: Machine, statement: str) -> None:
    engine = create_engine(f"sqlite:///{machine.folder}/escalation.sqlite")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_it_is_clean_when_every_incident_will_be_woken(machine: Machine) -> None:
    """One word, exit code 0."""
    machine("trigger", "db-1 is down", "--service", "payments")
    assert machine("audit") == 0
    assert machine.out == "clean\n"
    assert machine.json("audit") == {"clean": True, "findings": [], "late": []}


def test_it_names_what_is_missing_and_fails(machine: Machine) -> None:
    """By the incident's id; nothing is changed by looking."""
    machine("trigger", "db-1 is down", "--service", "payments")
    sql(machine, "DELETE FROM timers")
    for _ in range(2):
        assert machine("audit") == 1
        assert machine.out == "INC-1  nothing would have moved this incident on\n1 finding\n"
    assert machine("audit", "-o", "json") == 1
    assert json.loads(machine.out)["findings"] == [
        {"incident": "INC-1", "said": "nothing would have moved this incident on", "repaired": False}
    ]


def test_it_sets_right_what_it_is_told_to_set_right(machine: Machine) -> None:
    """It still fails then: something was wrong; the next one is clean."""
    machine("trigger", "db-1 is down", "--service", "payments")
    sql(machine, "DELETE FROM timers")
    assert machine("audit", "--repair") == 1
    assert ": set right" in machine.out
    assert machine("audit") == 0
    machine("show", "INC-1")
    assert "Audit: nothing would have moved this incident on. Set right." in machine.out


def test_it_says_what_is_overdue(machine: Machine) -> None:
    """The timer is there, and nobody fires it."""
    machine("trigger", "db-1 is down", "--service", "payments")
    sql(machine, "UPDATE timers SET due_at = '2020-01-01T00:00:00.000000+00:00'")
    assert machine("audit") == 1
    assert machine.out.startswith("timers: the oldest is ")


def test_a_damaged_incident_is_named_and_shown_as_such(machine: Machine) -> None:
    """The list leaves it out, `show` says why."""
    machine("trigger", "db-1 is down", "--service", "payments")
    sql(machine, "UPDATE incidents SET policy = '{'")
    assert machine("audit") == 1
    assert "INC-1  cannot be read by this release" in machine.out
    assert machine("list") == 0
    assert machine("show", "INC-1") == 1
    assert machine.err.startswith("escalation: INC-1 cannot be read by this release")
