"""The servers that a test run starts: one for all its processes, and none left when it is over, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from escalation.local.broker import client_url
from tests.processes import environment, until
from tests.servers import rabbitmq
from tests.servers.run import NoServer, shared

# A run that starts a server in one of its processes, asks for it in two, says where it is, and waits.
RUN = """
import multiprocessing, sys
from tests.servers.run import Run, shared
from tests.processes import until
run = Run()
context = multiprocessing.get_context("spawn")
with context.Pool(2) as pool:
    urls = {(folder / "url").read_text() for folder in pool.map(shared, ["redis.x", "redis.x"])}
print(run.folder, *urls, flush=True)
sys.stdin.read()
run.close()
"""


def answers(url: str) -> bool:
    with redis.Redis.from_url(client_url(url)) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["orderly", "killed"])
def test_a_run_has_one_server_of_a_kind_and_leaves_none(ending: str) -> None:
    """Two processes that ask at once get the same; when the run has ended, or was killed, the server ends."""
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with run:
        assert run.stdout
        folder, url = run.stdout.readline().split()
        assert answers(url)
        if ending == "killed":
            os.kill(run.pid, signal.SIGKILL)
        run.communicate("")
    assert until(lambda: not answers(url))
    assert until(lambda: not Path(folder).exists())


def test_programs_that_are_not_there_are_named_with_their_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, for whoever reads why a test was skipped."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoServer, match="apt-get install rabbitmq-server"):
        rabbitmq.found(places=())


def test_a_server_that_does_not_start_is_a_missing_one() -> None:
    """With the reason; and nobody else of the run tries again."""
    for _ in range(2):
        with pytest.raises(NoServer, match="no such server"):
            shared("nonsense")
