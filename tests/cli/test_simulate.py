"""`escalation simulate`: a night beforehand, for people and for programs; nobody is paged by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import DEMO, Machine
from tests.cli.test_oncall import SCHEDULES

AT = ("--at", "2026-01-06T03:00")


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return tmp_path / "answers.yaml"


def test_the_night_nobody_answers_minute_by_minute_and_what_it_takes(machine: Machine) -> None:
    assert machine("simulate", *AT) == 0, machine.err
    lines = machine.out.splitlines()
    assert lines[0] == "critical, payments, from Tue 2026-01-06 03:00:00 UTC. Nobody is paged."
    assert lines[1] == "+00:00:00  03:00:00  Critical: payments is down"
    assert "  Step 1 of 4: paging Ann Example." in lines[2]
    assert lines[-3].startswith("EXHAUSTED after ")
    assert lines[-2].startswith("Sent: ")
    assert "connected minutes billed" in lines[-2]
    assert lines[-1].startswith("Told: ann, bob, lead, Slack #")
    assert machine.json("list") == []


def test_who_answers_is_said_in_a_file(machine: Machine, answers: Path) -> None:
    answers.write_text("bob: acknowledges\n")
    found = machine.json("simulate", *AT, "--severity", "warning", "--answers", str(answers))
    assert (found["status"], found["acknowledged_by"], found["severity"]) == ("acknowledged", "bob", "warning")
    assert ("bob", "voice", 17) in [(one["to"], one["channel"], one["connected_s"]) for one in found["sent"]]


def test_no_address_is_printed(machine: Machine) -> None:
    """The last resort's mailbox neither."""
    for form in ("simple", "json"):
        assert machine("simulate", *AT, "-o", form) == 0
        assert "@" not in machine.out.replace("•••@", "")
        assert "+1555" not in machine.out


def test_a_file_that_is_not_applied_is_tried_without_a_database(bare: Machine, tmp_path: Path) -> None:
    """Whoever is on call by it at that time is paged."""
    text = DEMO.read_text().replace("- page: ann\n", "- page: schedule:primary\n", 1)
    (file := tmp_path / "new.yaml").write_text(text + SCHEDULES)
    for at, who in [("2026-01-12T07:59", "Ann"), ("2026-01-12T08:00", "Bob")]:
        assert bare("simulate", "--config", str(file), "--at", at) == 0, bare.err + bare.out
        assert f"Step 1 of 4: paging {who} Example." in bare.out


def test_every_fault_of_the_answers_is_printed_at_once(machine: Machine, answers: Path) -> None:
    answers.write_text("an: nothing\nbob: sleeps\n")
    assert machine("simulate", "--answers", str(answers)) == 2
    assert len(machine.out.splitlines()) == 2
    assert machine.err == f"escalation: {answers}: 2 faults\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--service", "shop"], 1), (["--severity", "bad"], 2), (["--detail", "x"], 2), (["--answers", "/nowhere"], 2)],
)
def test_what_cannot_be_simulated_is_refused(machine: Machine, arguments: list[str], code: int) -> None:
    assert machine("simulate", *arguments) == code


def test_with_prices_it_says_what_the_night_would_cost(bare: Machine, tmp_path: Path, answers: Path) -> None:
    """A minute begun is a minute; a call that nobody picks up is free."""
    (file := tmp_path / "priced.yaml").write_text(DEMO.read_text() + "prices: {call: 0.5, text: 0.25}\n")
    answers.write_text("bob: acknowledges\n")
    arguments = ("--config", str(file), "--answers", str(answers), *AT)
    found = bare.json("simulate", *arguments)
    texts = sum(one["channel"] == "sms" for one in found["sent"])
    assert found["cost"] == 0.5 + 0.25 * texts
    assert bare("simulate", *arguments) == 0
    assert f" About {found['cost']:.2f}." in bare.out
    assert bare.json("simulate", "--config", str(DEMO), *AT)["cost"] is None
