"""The command as a whole: exit codes as documented, help without settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from escalation.cli.root import CODES, COMMANDS, run
from tests.cli.conftest import Machine
from tests.processes import environment

DOCS = Path(__file__).parent.parent.parent / "docs" / "cli.md"


def test_the_documented_exit_codes_are_those_of_the_code() -> None:
    """Scripts are written by the document."""
    documented = dict(re.findall(r"^\| (\d) \| (.+) \|$", DOCS.read_text(), re.MULTILINE))
    assert documented == {str(code): meaning for code, meaning in CODES.items()}


def test_every_command_is_documented() -> None:
    """And nothing that is not there."""
    documented = set(re.findall(r"^\| `([a-z-]+)", DOCS.read_text(), re.MULTILINE))
    assert documented == set(COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], ["trigger", "--help"], ["config", "-h"]])
def test_help_needs_no_settings(bare: Machine, arguments: list[str]) -> None:
    """Even with settings that are wrong."""
    assert bare(*arguments, ESCALATION_PUBLIC_URL="nonsense") == 0
    assert bare.out.startswith("Usage: escalation")


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code of bad usage."""
    assert run([], {}) == 2
    assert "Usage: escalation" in capsys.readouterr().out


@pytest.mark.slow
def test_it_runs_as_a_module_and_says_one_line_even_then(tmp_path: Path) -> None:
    """Nothing of a library's log comes beside the error."""
    command = [sys.executable, "-m", "escalation", "list"]
    done = subprocess.run(
        command, env=environment(ESCALATION_DATA_DIR=str(tmp_path / "new")), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "escalation: the database was never prepared: escalation migrate\n"


@pytest.mark.slow
def test_a_trigger_does_not_wait_for_the_imports_of_other_commands(tmp_path: Path) -> None:
    """The sandbox's web server, the demo and the watcher are a quarter of a second that a monitor's script would pay each time."""
    code = (
        "import sys; from escalation.cli.root import run; run(['trigger', '--help'], {});"
        "print([name for name in sys.modules if name.startswith(('escalation.sandbox', 'escalation.local.demo', 'flask', 'alembic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
