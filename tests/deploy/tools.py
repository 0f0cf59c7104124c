"""Programs of the machine that check what is deployed. A machine without one skips; in CI, where nobody reads skips, it fails."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.processes import ROOT

DEPLOY = ROOT / "deploy"
PACKAGES = {"systemd-analyze": "systemd", "docker-compose": "docker-compose"}


def tool(name: str) -> str:
    """Its path."""
    if found := shutil.which(name):
        return found
    missing = f"no {name} here: Debian's package {PACKAGES[name]}"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def ran(*argv: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """What it said; the test fails when it failed."""
    done = subprocess.run(
        argv, env={**os.environ, **(env or {})}, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def procfile() -> dict[str, list[str]]:
    """Command lines by name."""
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines() if not line.startswith("#"))
    return {name: shlex.split(command) for name, _, command in lines}
