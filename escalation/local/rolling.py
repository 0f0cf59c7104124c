"""Everything of a running `escalation up` anew, one process after the other, while the others work: after an upgrade, after a change of
settings' files. `up` serves, the command asks; they meet in the data folder. Not how one process is renewed (`supervisor`).

The schema first, by the program as it is on the disk now, and only if the processes of before go on working with it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic, sleep

from escalation.errors import EscalationError
from escalation.local.home import Home
from escalation.local.kept import write_private
from escalation.local.processes import python
from escalation.local.supervisor import Child, NotReady, Supervisor

LOCK, ASKED, DONE = "up.lock", "up.asked", "up.done"
READY_WITHIN = 60.0  # seconds, each
MIGRATES_WITHIN = 3600.0  # a new index over a long history
LONGEST = 7200.0
LOOK = 0.2
SIGNAL = signal.SIGUSR1


class CannotRestart(EscalationError):
    """Raised when nothing can be restarted, or something did not come back; says which and what to do."""


class Rolling:
    """The side of `up`. `order`: the names of the children, as they are to be renewed. Whoever has a stand-in is replaced by it meanwhile:
    a receiver is drained while another answers at the same address, a worker finishes while another takes what comes."""

    def __init__(self, home: Home, supervisor: Supervisor, stand_ins: Mapping[str, Child], say: Callable[[str], None]) -> None:
        self._home = home
        self._supervisor = supervisor
        self._stand_ins = stand_ins
        self._say = say
        self._asked = threading.Event()
        self.order: list[str] = []
        signal.signal(SIGNAL, lambda _signal, _frame: self._asked.set())

    def serve(self) -> None:
        """Until the main thread is interrupted. From now on the lock file says whom to ask."""
        write_private(self._home.folder / LOCK, str(os.getpid()))
        while self._asked.wait():
            self._asked.clear()
            self.renew()

    def renew(self) -> None:
        """Once; what came of it is said, and written down for the command that asked."""
        token = _read(self._home.folder / ASKED)
        fault = self._renew()
        self._say(f"Not all was restarted: {fault}" if fault else "All were restarted, one after the other.")
        write_private(self._home.folder / DONE, json.dumps({"token": token, "fault": fault}))

    def _renew(self) -> str:
        """What went wrong; then the rest is left as it is: the old ones work."""
        if fault := self._migrate():
            return fault
        for name in self.order:
            self._say(f"Restarting {name} …")
            try:
                with self._replaced(name):
                    self._supervisor.restart(name, READY_WITHIN)
            except NotReady as error:
                return f"{error}; those after it were left alone"
        return ""

    @contextlib.contextmanager
    def _replaced(self, name: str) -> Iterator[None]:
        """A stand-in that does not come up is no reason to end who works. One whose principal does not come back stays."""
        stand_in = self._stand_ins.get(name)
        if stand_in and not self._supervisor.keeps(stand_in.name):
            try:
                self._supervisor.start(stand_in, timeout=READY_WITHIN)
            except NotReady:
                self._supervisor.end(stand_in.name)
                raise
        yield
        if stand_in:
            self._supervisor.end(stand_in.name)

    def _migrate(self) -> str:
        argv = python("escalation", "migrate", "--rolling")
        try:
            done = subprocess.run(
                argv, env=self._home.environ(), capture_output=True, text=True, timeout=MIGRATES_WITHIN, check=False
            )
        except subprocess.TimeoutExpired:
            return "the database could not be brought up to date within an hour"
        return (done.stderr.strip().splitlines() or ["escalation migrate failed"])[-1] if done.returncode else ""


def ask(folder: Path) -> None:
    """The side of the command: returns when all were restarted. Raises `CannotRestart`."""
    with _only_one(folder):
        token = secrets.token_hex(8)
        write_private(folder / ASKED, token)
        os.kill(pid := _who_runs(folder), SIGNAL)
        end = monotonic() + LONGEST
        while (answer := _answer(folder)).get("token") != token:
            if monotonic() > end or not _lives(pid):
                raise CannotRestart("`escalation up` gave no answer: look at its terminal or its journal")
            sleep(LOOK)
    if answer["fault"]:
        raise CannotRestart(str(answer["fault"]))


def _who_runs(folder: Path) -> int:
    """The process id of the `up` of that folder. Raises `CannotRestart`."""
    with contextlib.suppress(OSError), (folder / LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if not (said := lock.read()):
                raise CannotRestart("`escalation up` is still starting") from None
            return int(said)
    raise CannotRestart(f"no `escalation up` runs with {folder}")


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    _who_runs(folder)
    with (folder / "up.restart.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRestart("another `escalation restart` is under way") from None
        yield


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _answer(folder: Path) -> Mapping[str, str]:
    try:
        return dict(json.loads(_read(folder / DONE)))
    except ValueError:  # not there, or half written
        return {}


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
