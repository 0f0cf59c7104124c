"""Every process that stays refuses, at its start and in a line that helps, a database it cannot work with; Flower asks for none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from escalation.settings import Settings
from escalation.store import schema
from tests.processes import environment
from tests.store.test_schema import earlier, release

PROCESSES = {
    "receiver": (sys.executable, "-m", "gunicorn", "webhooks.app:app", "--bind", "127.0.0.1:0", "--no-control-socket"),
    "worker": (sys.executable, "-m", "workers.worker", "--queues", "pages", "--pool", "threads"),
    "timekeeper": (sys.executable, "-m", "workers.timekeeper"),
    "queue intake": (sys.executable, "-m", "workers.queue_intake"),
}


def ended(process: str, folder: Path) -> tuple[int, str]:
    """Its exit code and everything it said."""
    environ = environment(ESCALATION_DATA_DIR=str(folder))
    done = subprocess.run(PROCESSES[process], env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_a_database_of_another_release_is_refused(process: str, tmp_path: Path) -> None:
    """An older one with the command that helps, one beyond this release with what it is."""
    (old := tmp_path / "old").mkdir()
    schema.migrate(Settings(data_dir=old).sql_url, earlier(tmp_path))
    code, said = ended(process, old)
    assert code
    assert "the database has an older schema than this release needs: escalation migrate" in said


@pytest.mark.slow
def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """What this release would ask for may be gone."""
    (new := tmp_path / "new").mkdir()
    schema.migrate(Settings(data_dir=new).sql_url, release(tmp_path, "contract"))
    code, said = ended("timekeeper", new)
    assert (code, said) == (
        1,
        "the database was migrated for a newer release, which this one cannot work with: run the newer one here too\n",
    )
