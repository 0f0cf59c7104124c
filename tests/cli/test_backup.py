"""`backup`, `restore`, `resume`: what they print, what they refuse."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from escalation.cli.root import run
from tests.cli.conftest import Machine


@pytest.fixture
def file(machine: Machine, tmp_path: Path) -> Path:
    """Of a site with an incident that is overdue by the time anybody looks."""
    assert machine("trigger", "db-1 is down", "--dedup-key", "db-1") == 0
    assert machine("backup", str(tmp_path / "site.backup")) == 0, machine.err
    return tmp_path / "site.backup"


def test_a_restored_site_is_held_and_says_so_until_it_is_let_go_on(machine: Machine, file: Path, tmp_path: Path) -> None:
    """In the list, by `resume --look`, and not any more after `resume`."""
    there = {"ESCALATION_DATA_DIR": str(tmp_path / "new")}
    assert machine("restore", str(file), **there) == 0, machine.err
    assert "1 open; what was under way then is not sent again" in machine.out
    assert machine("list", **there) == 0
    assert machine.err.startswith("escalation: held since ")
    assert machine.out.startswith("INC-1 ")
    for arguments, ends in ((["resume", "--look"], "nobody is paged\n"), (["resume"], "what is overdue goes on now.\n")):
        assert machine(*arguments, **there) == 0, machine.err
        assert machine.out.startswith("INC-1  critical  triggered, step 1 of 4")
        assert machine.out.endswith(ends)
    assert machine("list", **there) == 0
    assert machine.err == ""
    assert machine("resume", **there) == 1
    assert machine.err == "escalation: the site is not held\n"


def test_a_site_that_is_there_is_replaced_only_by_force(machine: Machine, file: Path) -> None:
    """One line, and what to do."""
    machine("trigger", "db-2 is down")
    assert machine("restore", str(file)) == 1
    assert machine.err == "escalation: the database is not empty: --force replaces everything in it\n"
    assert machine("restore", str(file), "--force") == 0, machine.err
    assert len(machine.json("list")) == 1


def test_a_backup_may_go_where_pipes_go(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Out of a container whose disk cannot be written."""
    environ = {"ESCALATION_DATA_DIR": str(tmp_path)}
    assert run(["migrate"], environ) == run(["backup", "-"], environ) == 0
    shown = capfdbinary.readouterr().out.partition(b"\n")[2]  # after what `migrate` says
    assert gzip.decompress(shown).startswith(b'{"format":"escalation backup 1"')


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["backup", "/nowhere/x"], 2, "/nowhere/x cannot be written"),
        (["restore", "/nowhere/x"], 2, "/nowhere/x cannot be read"),
        (["backup"], 2, "FILE"),
        (["resume"], 1, "the site is not held"),
    ],
)
def test_what_cannot_be_done_is_one_line(machine: Machine, arguments: list[str], code: int, said: str) -> None:
    """With the documented exit code."""
    assert machine(*arguments) == code
    assert said in machine.err
    assert len(machine.err.splitlines()) == 1


def test_a_database_that_is_away_cannot_be_backed_up(machine: Machine, tmp_path: Path) -> None:
    """3, as ever, and no file is left that looks like one."""
    assert machine("backup", str(tmp_path / "b"), ESCALATION_DATABASE_URL=f"sqlite:///{machine.folder}") == 3
    assert not (tmp_path / "b").exists()
