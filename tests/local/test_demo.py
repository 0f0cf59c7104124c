"""The whole product on one machine: real broker, workers, timekeeper, receiver and Flower, the sandbox in place of the carriers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import environment


@pytest.mark.slow
def test_the_scripted_night_happens(tmp_path: Path) -> None:
    """`escalation demo --auto` ends with 0 only if every expected event did happen, in less than a minute on an idle machine."""
    command = [sys.executable, "-m", "escalation", "demo", "--auto", "--json"]
    done = subprocess.run(
        command, env=environment(TMPDIR=str(tmp_path)), capture_output=True, text=True, timeout=180, check=False
    )
    told = json.loads(done.stdout)
    assert [e for e in told["expected"] if not e["happened"]] == [], done.stderr
    assert (done.returncode, told["ok"]) == (0, True)
    assert list(tmp_path.iterdir()) == []
