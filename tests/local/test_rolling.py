"""`escalation restart`: what it says when there is nothing to restart, or nobody answers, and that a stand-in works while its principal is
away. The whole of it, under load: `tests/system/test_rolling_upgrade.py`."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from escalation.local.home import Home
from escalation.local.rolling import ASKED, DONE, LOCK, CannotRestart, Rolling, ask
from escalation.local.supervisor import Child, NotReady, Supervisor
from tests.processes import environment, until


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Path]:
    """As an `up` holds it."""
    with (tmp_path / LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield tmp_path / LOCK


def test_without_an_up_there_is_nothing_to_restart(tmp_path: Path) -> None:
    """Also when one ran here once: a process of another program may have its number."""
    with pytest.raises(CannotRestart, match="no `escalation up` runs with"):
        ask(tmp_path)
    (tmp_path / LOCK).write_text(str(os.getpid()))
    with pytest.raises(CannotRestart, match="no `escalation up` runs with"):
        ask(tmp_path)


def test_one_that_is_still_starting_is_not_disturbed(tmp_path: Path, lock: Path) -> None:
    """Before it says whom to ask, the signal would end it."""
    assert lock.exists()
    with pytest.raises(CannotRestart, match="still starting"):
        ask(tmp_path)


def test_two_do_not_restart_at_once(tmp_path: Path, lock: Path) -> None:
    """The second would take the first one's answer for its own."""
    lock.write_text(str(os.getpid()))
    with (tmp_path / "up.restart.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CannotRestart, match="another `escalation restart`"):
            ask(tmp_path)


@pytest.mark.parametrize("fault", ["", "web is not ready"])
def test_the_answer_to_ones_own_question_is_waited_for(tmp_path: Path, lock: Path, fault: str) -> None:
    """That of an earlier one stays in the folder and is not it."""
    lock.write_text(str(os.getpid()))
    (tmp_path / DONE).write_text(json.dumps({"token": "earlier", "fault": "of earlier"}))

    def answer(_signal: int, _frame: object) -> None:
        (tmp_path / DONE).write_text(json.dumps({"token": (tmp_path / ASKED).read_text(), "fault": fault}))

    before = signal.signal(signal.SIGUSR1, answer)
    try:
        if fault:
            with pytest.raises(CannotRestart, match=fault):
                ask(tmp_path)
        else:
            ask(tmp_path)
    finally:
        signal.signal(signal.SIGUSR1, before)


class Kept:
    """In place of a supervisor: says what it was told to do."""

    def __init__(self, *broken: str) -> None:
        self.did: list[str] = []
        self._broken = broken
        self._kept = {"web", "worker"}

    def keeps(self, name: str) -> bool:
        return name in self._kept

    def start(self, child: Child, timeout: float) -> None:
        self._kept.add(child.name)
        self._do(f"start {child.name}")

    def restart(self, name: str, timeout: float) -> None:
        self._do(f"restart {name}")

    def end(self, name: str) -> None:
        self._kept.remove(name)
        self._do(f"end {name}")

    def _do(self, what: str) -> None:
        self.did.append(what)
        if what in self._broken:
            raise NotReady(f"{what}: is not ready")


def served(tmp_path: Path, kept: Kept, times: int = 1) -> list[str]:
    """What `up` says when it is asked so many times; its own `migrate` is a program that does nothing."""
    said: list[str] = []
    home = SimpleNamespace(folder=tmp_path, environ=lambda: environment(ESCALATION_DATA_DIR=str(tmp_path)))
    before = signal.getsignal(signal.SIGUSR1)
    try:
        stand_in = {"web": Child("web-2", (sys.executable,))}
        rolling = Rolling(cast("Home", home), cast("Supervisor", kept), stand_in, said.append)
        rolling.order = ["web", "worker"]
        for _ in range(times):
            rolling.renew()
    finally:
        signal.signal(signal.SIGUSR1, before)
    return said


def test_a_stand_in_works_while_its_principal_is_away(tmp_path: Path) -> None:
    """Started before, ended after; who has none is restarted as it is."""
    kept = Kept()
    said = served(tmp_path, kept)
    assert kept.did == ["start web-2", "restart web", "end web-2", "restart worker"]
    assert said[-1] == "All were restarted, one after the other."


def test_a_stand_in_that_does_not_come_up_ends_nobody(tmp_path: Path) -> None:
    """The new program does not work: the old one goes on."""
    kept = Kept("start web-2")
    said = served(tmp_path, kept)
    assert kept.did == ["start web-2", "end web-2"]
    assert said[-1].startswith("Not all was restarted: start web-2: is not ready")
    assert json.loads((tmp_path / DONE).read_text())["fault"]


def test_a_stand_in_stays_while_its_principal_does_not_come_back(tmp_path: Path) -> None:
    """Somebody has to answer; asked again, the same one stands in, and there are not two."""
    kept = Kept("restart web")
    served(tmp_path, kept, times=2)
    assert kept.did == ["start web-2", "restart web", "restart web"]
    assert kept.keeps("web-2")


def test_a_signal_is_what_it_waits_for(tmp_path: Path) -> None:
    """From then on the lock file says whom to ask."""
    kept, before = Kept(), signal.getsignal(signal.SIGUSR1)
    home = SimpleNamespace(folder=tmp_path, environ=lambda: environment(ESCALATION_DATA_DIR=str(tmp_path)))
    try:
        rolling = Rolling(cast("Home", home), cast("Supervisor", kept), {}, lambda _: None)
        threading.Thread(target=rolling.serve, daemon=True).start()
        assert until(lambda: (tmp_path / LOCK).exists() and (tmp_path / LOCK).read_text() == str(os.getpid()))
        os.kill(os.getpid(), signal.SIGUSR1)
        assert until(lambda: (tmp_path / DONE).exists())
    finally:
        signal.signal(signal.SIGUSR1, before)
