"""`python -m workers.timekeeper` as a process: it waits for its database, beats, and ends when told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from escalation.build import build
from escalation.settings import Settings
from escalation.store import schema
from tests.processes import environment, until

COMMAND = [sys.executable, "-m", "workers.timekeeper"]


@pytest.mark.slow
def test_it_waits_for_its_database_beats_and_ends_within_two_seconds_of_sigterm(tmp_path: Path) -> None:
    """Started while the database is away it neither ends nor needs a restart; and no broker is needed at all."""
    settings = Settings(data_dir=tmp_path)
    (in_the_way := tmp_path / "escalation.sqlite").mkdir()
    log = tmp_path / "log"
    with (
        log.open("w") as lines,
        subprocess.Popen(COMMAND, env=environment(ESCALATION_DATA_DIR=str(tmp_path)), stderr=lines) as process,
    ):
        assert until(lambda: "StoreUnavailable" in log.read_text())
        in_the_way.rmdir()
        schema.migrate(settings.sql_url)
        system = build(settings)
        assert until(lambda: "timekeeper" in system.queries.heartbeats())
        assert process.poll() is None
        began = monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert monotonic() - began < 2
        system.store.dispose()
