"""Who else is asked, from the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Machine
from tests.cli.test_incidents import opened


def paging(machine: Machine, incident: str) -> str:
    return " ".join(str(entry["text"]) for entry in machine.json("show", incident)["timeline"])  # type: ignore[attr-defined]


def test_a_step_is_chosen_by_its_number(machine: Machine) -> None:
    """Counted from 1; one that there is not is refused, and nothing moves."""
    incident = opened(machine)
    machine("escalate", incident, "--step", "2", "--by", "zoe")
    assert machine.json("show", incident)["step"] == 2
    assert machine("escalate", incident, "--step", "49") == 1
    assert "its policy has" in machine.err
    assert machine.json("show", incident)["step"] == 2


def test_an_incident_is_reassigned_to_a_person_by_handle_or_name(machine: Machine) -> None:
    """Paged now; the timeline names who did it."""
    incident = opened(machine)
    machine("reassign", incident, "--to", "bob", "--by", "zoe")
    assert "Reassigned to Bob" in paging(machine, incident)


def test_an_incident_is_reassigned_to_a_policy(machine: Machine) -> None:
    """Begun from the top."""
    incident = opened(machine)
    machine("reassign", incident, "--policy", "default", "--by", "zoe")
    assert "Reassigned to the policy default by zoe, by command line." in paging(machine, incident)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["reassign", "INC-1"], 2),
        (["reassign", "INC-1", "--to", "bob", "--policy", "default"], 2),
        (["reassign", "INC-1", "--to", "eve"], 2),
        (["reassign", "INC-1", "--policy", "nothing"], 2),
        (["reassign", "INC-9", "--policy", "default"], 1),
        (["hand-over", "INC-1", "--to", "eve"], 2),
        (["hand-over", "INC-9", "--to", "bob"], 1),
        (["add-responder", "INC-1", "eve"], 2),
        (["add-responder", "INC-9", "bob"], 1),
    ],
)
def test_what_cannot_be_is_refused_with_one_line(machine: Machine, arguments: list[str], code: int) -> None:
    """And nothing is done."""
    opened(machine)
    before = machine.json("show", "INC-1")
    assert machine(*arguments) == code
    assert machine.err.count("\n") == 1
    assert machine.json("show", "INC-1") == before


def test_somebody_is_added_while_nobody_has_it(machine: Machine) -> None:
    """Twice is once; after the acknowledgement it is refused."""
    incident = opened(machine)
    machine("add-responder", incident, "bob", "--by", "zoe")
    assert "Bob" in paging(machine, incident)
    assert machine("add-responder", incident, "bob") == 1
    assert machine.err.strip().endswith("who is being paged already.")
    machine("ack", incident, "--by", "bob")
    assert machine("add-responder", incident, "ann") == 1


def test_what_somebody_has_is_handed_over(machine: Machine) -> None:
    """Only then; the timeline names both."""
    incident = opened(machine)
    assert machine("hand-over", incident, "--to", "bob", "--by", "zoe") == 1
    assert "ignored" in machine.err
    machine("ack", incident, "--by", "zoe")
    assert machine("hand-over", incident, "--to", "bob", "--by", "zoe") == 0
    assert "Handed over to Bob Example by zoe, by command line." in paging(machine, incident)
    assert machine.json("show", incident)["status"] == "triggered"
