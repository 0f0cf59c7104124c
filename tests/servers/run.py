"""Servers that one test run shares: the first test that asks starts one, every test process finds it, and it ends with the run, also
when the run is killed. A folder of the run holds a pipe that the run keeps open; each server has a guardian (`guardian`) that ends
it when nobody holds the pipe any more. Not the servers themselves."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.processes import environment

RUN = "SERVERS_OF_THIS_TEST_RUN"  # the run's folder, for the test processes
STARTING = 90  # seconds; RabbitMQ takes five on an idle machine


class NoServer(Exception):
    """Raised when a server cannot be had here; says in one line how to get it."""


class Run:
    """Made by the process that was started first, before the others."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="escalation-test-"))
        self.folder.chmod(0o711)  # PostgreSQL's unprivileged user has to come through
        os.mkfifo(self.folder / "alive")
        self._alive = os.open(self.folder / "alive", os.O_RDWR)
        os.environ[RUN] = str(self.folder)

    def close(self) -> None:
        """Lets go of the pipe and waits for the guardians, who hold their locks until their server has ended."""
        del os.environ[RUN]
        os.close(self._alive)
        for lock in self.folder.glob("*.guard"):
            with suppress(FileNotFoundError), held(lock):  # the last guardian takes the folder with it
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def shared(kind: str) -> Path:
    """The folder of the run's server of a kind (`redis.gw0`: of a test process's own), its `url` file written; started if nobody
    asked before. Raises `NoServer`."""
    folder = Path(os.environ[RUN])
    with held(folder / f"{kind}.starting"):
        own = folder / kind
        if not own.exists():
            own.mkdir(mode=0o711)
            _start(kind, own)
        if (own / "fault").exists():
            raise NoServer((own / "fault").read_text())
    return own


def _start(kind: str, folder: Path) -> None:
    argv = [sys.executable, "-m", "tests.servers.guardian", kind, str(folder)]
    with (folder / "guardian.log").open("w") as lines:
        done = subprocess.run(argv, env=environment(), stdout=lines, stderr=lines, timeout=STARTING, check=False)
    if done.returncode and not (folder / "fault").exists():
        (folder / "fault").write_text(f"{kind} did not start: {(folder / 'guardian.log').read_text()[-500:]}")


@contextmanager
def alone(what: str) -> Iterator[None]:
    """No other test process of this run is using this at the same time."""
    with held(Path(os.environ[RUN]) / f"{what}.used"):
        yield


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """One process at a time."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
