"""`escalation config`: check prints every fault, apply is all or nothing."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import DEMO, Machine


def test_check_prints_every_fault_with_its_line_and_one_line_of_error(bare: Machine, tmp_path: Path) -> None:
    """The faults are the product of the command; the error says how many there are."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text(DEMO.read_text().replace("policy: default", "policy: nowhere").replace("page: bob", "page: nobody"))
    assert bare("config", "check", str(faulty)) == 2
    lines = bare.out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"{faulty}: line ") for line in lines)
    assert bare.err == f"escalation: {faulty}: 2 faults, nothing was applied\n"


def test_check_of_a_good_file_says_so(bare: Machine) -> None:
    """And needs no database."""
    assert bare("config", "check", str(DEMO)) == 0
    assert bare.out.endswith("no faults\n")


def test_apply_prints_what_changed_and_then_that_nothing_did(bare: Machine) -> None:
    """Numbers masked: the output ends up in a log of deployments."""
    bare("migrate")
    assert bare("config", "apply", str(DEMO)) == 0
    assert "person ann: added" in bare.out
    assert "version 1 is current" in bare.out
    assert "+15550100001" not in bare.out
    assert bare("config", "apply", str(DEMO)) == 0
    assert bare.out.endswith("version 1 is current, nothing changed\n")


def test_a_faulty_file_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    """What was applied before goes on paging."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("people: [")
    assert machine("config", "apply", str(faulty)) == 2
    assert machine("config", "show") == 0
    assert machine.out == DEMO.read_text()


def test_a_file_that_is_not_there_is_bad_input(machine: Machine) -> None:
    """Not a traceback."""
    assert machine("config", "check", "/nowhere/escalation.yaml") == 2
    assert len(machine.err.splitlines()) == 1


def test_a_key_is_new_each_time_and_long_enough_for_anybody(bare: Machine) -> None:
    """PagerDuty-shaped clients insist on 32 characters."""
    made = {(bare("config", "key"), bare.out.strip())[1] for _ in range(3)}
    assert len(made) == 3
    assert {len(key) for key in made} == {32}


SCHEDULE = """\
schedules:
  primary: {{timezone: Europe/Berlin, layers: [{{name: week, people: [{people}], starts: 2026-01-05, days: [mon]}}]}}
"""


def scheduled(tmp_path: Path, people: str) -> str:
    (file := tmp_path / "new.yaml").write_text(DEMO.read_text() + SCHEDULE.format(people=people))
    return str(file)


def test_diff_says_who_would_be_on_call_instead_and_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    assert machine("config", "apply", scheduled(tmp_path, "ann")) == 0, machine.err
    assert machine("config", "diff", scheduled(tmp_path, "bob")) == 0, machine.err
    first, second = machine.out.splitlines()
    assert first.startswith("schedule primary: layer week [ann ")
    assert second.startswith("schedule primary: ")
    assert second.endswith(": ann -> bob")
    assert machine("config", "diff", scheduled(tmp_path, "ann")) == 0
    assert machine.out == "nothing would change\n"


def test_a_change_that_leaves_a_hole_is_refused_unless_it_is_forced(machine: Machine, tmp_path: Path) -> None:
    """Complaint 10: nobody on call, and nobody had been told that a change would do that."""
    assert machine("config", "apply", scheduled(tmp_path, "ann")) == 0, machine.err
    holed = scheduled(tmp_path, "~")
    assert machine("config", "diff", holed) == 1
    assert machine.out.splitlines()[-1].endswith(": ann -> nobody  HOLE")
    assert "it would leave 1 hole in the next 30 days" in machine.err
    assert machine("config", "apply", holed) == 1
    assert machine.err.startswith("escalation: nothing was applied, it would leave a hole: schedule primary: ")
    assert machine("config", "diff", scheduled(tmp_path, "ann")) == 0, machine.out
    assert machine("config", "apply", scheduled(tmp_path, "~"), "--force") == 0, machine.err
    assert machine("config", "apply", scheduled(tmp_path, "~"), "--force") == 0
    assert "nothing changed" in machine.out


def test_a_file_with_faults_is_not_compared(machine: Machine, tmp_path: Path) -> None:
    (file := tmp_path / "bad.yaml").write_text("people: {}\n")
    assert machine("config", "diff", str(file)) == 2
    assert machine.out.startswith(f"{file}: line ")
