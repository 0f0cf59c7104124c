"""The processes of a site as an operator starts them (the Procfile's own lines), each in a session of its own, to be killed, frozen and
started again by a test. Nothing starts them again by itself: what is dead stays dead. Not what runs in them (`site`)."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep

from escalation.local.supervisor import LEASH
from tests.processes import ROOT

LOOK = 0.02
STARTS = 60.0  # seconds; two cores may have several test processes on them
ENDS = 15.0


def until(condition: Callable[[], object], seconds: float, or_else: Callable[[], str]) -> float:
    """Waits until the condition holds and returns for how long, in seconds; fails the test with `or_else` when it does not in time."""
    began = monotonic()
    while not condition():
        assert monotonic() - began < seconds, f"not within {seconds:.0f} s: {or_else()}"
        sleep(LOOK)
    return monotonic() - began


def procfile(*replaced: tuple[str, str]) -> dict[str, tuple[str, ...]]:
    """Command lines by name, with other ports in place of the usual ones."""
    text = (ROOT / "Procfile").read_text()
    for usual, ours in replaced:
        assert usual in text
        text = text.replace(usual, ours)
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith("#"))
    return {name: tuple(shlex.split(command)) for name, _, command in lines}


class Program:
    """One command line; it may run several times in a row, all into the same log. `is_ready` is asked after each start."""

    def __init__(
        self, name: str, argv: tuple[str, ...], environ: Mapping[str, str], log: Path, is_ready: Callable[[str], bool]
    ) -> None:
        self.name = name
        self._argv = argv
        self._environ = {**environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"}
        self._log = log
        self._is_ready = is_ready
        self._skip = 0
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Starts it, and does not wait until it is ready."""
        assert not self.is_alive(), f"{self.name} runs already"
        self._skip = len(self.said())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*LEASH, *self._argv], env=self._environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        until(lambda: self.is_alive() and self._is_ready(self.said()[self._skip :]), STARTS, lambda: self.said()[-2000:])

    def run(self) -> None:
        """Starts it and returns when it is ready."""
        self.begin()
        self.wait()

    def said(self) -> str:
        """Everything it ever wrote."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to all of it, a server's own workers too: no goodbye, nothing written down."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(ENDS)

    def end(self, number: int) -> int:
        """With a goodbye, by the signal that asks for one; returns the exit code."""
        self.ask_to_end(number)
        return self.has_ended()

    def ask_to_end(self, number: int = signal.SIGTERM) -> None:
        self._signal(number)

    def has_ended(self) -> int:
        """Waits for it, and returns the exit code."""
        assert self._process is not None
        return self._process.wait(ENDS)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)
