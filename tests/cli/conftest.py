"""A machine with a database and the demo's configuration, and the command run in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalation.cli.root import run

DEMO = Path(__file__).parent.parent.parent / "escalation" / "local" / "demo.yaml"


@dataclass
class Machine:
    folder: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    @property
    def environ(self) -> dict[str, str]:
        # The broker of nobody: a publish goes nowhere, at once.
        return {"ESCALATION_DATA_DIR": str(self.folder), "ESCALATION_BROKER_URL": "memory://", "ESCALATION_SECRET_KEY": "s" * 32}

    def __call__(self, *arguments: str, **environ: str) -> int:
        """Runs a command; what it printed is in `out` and `err`."""
        self.capsys.readouterr()
        code = run(arguments, self.environ | environ)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str) -> dict:
        assert self(*arguments, "-o", "json") == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Machine:
    """Nothing was ever done here."""
    return Machine(tmp_path, capsys)


@pytest.fixture
def machine(bare: Machine) -> Machine:
    """Database and configuration are there."""
    assert bare("migrate") == 0, bare.err
    assert bare("config", "apply", str(DEMO)) == 0, bare.err
    return bare
