"""Keeps the processes of one machine: starts them in order, waits until each is ready, writes their lines to files, starts
again what dies or what shall be started anew, and ends them in the opposite order. Ends only its own children; when it dies itself, they are told to end.
Not a service manager: that is systemd's or Kubernetes' work (`deploy/`)."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import FrameType

from escalation.errors import EscalationError

log = logging.getLogger(__name__)

TICK = 0.05  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # before a dead child is started again
CALM = 30.0  # a child that lived so long starts with the first pause again
GRACE = 12.0  # between SIGTERM and SIGKILL: a send in flight has 10
LONGEST_LOG = 10_000_000  # bytes; then it becomes `….log.1`, and the one before that is gone

# A killed supervisor must leave nothing behind: Linux tells a child when its parent dies if the child asked for it, before its
# own program begins (the request survives exec). Not a preexec_fn, which may hang in a process that has threads.
LEASH = (
    (
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execvp(sys.argv[1], sys.argv[1:])",
    )
    if sys.platform == "linux"
    else ()
)


class NotReady(EscalationError):
    """Raised when children were not ready in time; says which and where their lines are."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process. `ready` is asked until it says True. Higher `rank` is ended earlier: whoever uses another ranks above it.
    `inherits`: open files that it is given, under the same numbers."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready: Callable[[], bool] = lambda: True
    rank: int = 1
    inherits: tuple[int, ...] = ()


class Supervisor:
    """`log_dir` gets one file per child; `echo` is called with (name, line) for each of its lines, from other threads."""

    def __init__(self, log_dir: Path, echo: Callable[[str, str], None] | None = None, grace: float = GRACE) -> None:
        self._log_dir = log_dir
        self._echo = echo
        self._grace = grace
        self._kept: list[_Kept] = []
        self._new: queue.SimpleQueue[_Kept] = queue.SimpleQueue()
        self._stopping = threading.Event()
        # One thread starts all children and lives until the last has ended: Linux' parent-death signal comes when the
        # *thread* that forked ends, not the process.
        self._keeper = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def start(self, *children: Child, timeout: float = 30.0) -> None:
        """Starts children at once and waits until all are ready; raises `NotReady` after `timeout` seconds. They are kept either way."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        if self._keeper.ident is None:
            self._keeper.start()
        started = [_Kept(child, self._log_dir / f"{child.name}.log", self._echo) for child in children]
        for kept in started:
            self._new.put(kept)
        self._wait(started, timeout)

    def keeps(self, name: str) -> bool:
        return any(kept.child.name == name for kept in self._kept)

    def restart(self, name: str, timeout: float = 30.0) -> None:
        """Ends one child as `stop` does and starts it again at once; returns when it is ready, raises `NotReady` after `timeout` seconds."""
        (kept,) = (kept for kept in self._kept if kept.child.name == name)
        kept.begin_anew(self._grace)
        self._wait([kept], timeout)

    def end(self, name: str) -> None:
        """Ends one child for good, as `stop` does."""
        (kept,) = (kept for kept in self._kept if kept.child.name == name)
        self._kept.remove(kept)
        _end([kept], self._grace)

    def _wait(self, started: list[_Kept], timeout: float) -> None:
        until = monotonic() + timeout
        while waiting := [kept for kept in started if not kept.is_ready()]:
            if monotonic() > until or self._stopping.wait(TICK):
                named = ", ".join(
                    f"{kept.child.name} is not ready after {timeout:.0f} s, see {kept.log_file}" for kept in waiting
                )
                raise NotReady(named)

    def pid(self, name: str) -> int | None:
        """Of the child as it runs now; None while it is down."""
        return next((k.pid() for k in self._kept if k.child.name == name), None)

    def stop(self) -> None:
        """Ends the children, highest rank first, with SIGTERM and after the grace SIGKILL. Can be called twice."""
        self._stopping.set()
        if self._keeper.ident is not None:
            self._keeper.join()

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _keep(self) -> None:
        while not self._stopping.wait(TICK):
            while not self._new.empty():
                self._kept.append(self._new.get())
            for kept in [*self._kept]:
                kept.tend()
        for rank in sorted({k.child.rank for k in self._kept}, reverse=True):
            _end([k for k in self._kept if k.child.rank == rank], self._grace)


class _Kept:
    """A child with the process it runs as now."""

    def __init__(self, child: Child, log_file: Path, echo: Callable[[str, str], None] | None) -> None:
        self.child = child
        self.log_file = log_file
        self._echo = echo
        self._process: subprocess.Popen[str] | None = None
        self._ready = False
        self._pause = FIRST_PAUSE
        self._started_at = 0.0
        self._not_before = 0.0
        self._leaving: subprocess.Popen[str] | None = None

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Once ready, it counts as ready as long as it lives: the others are waited for, not it again."""
        self._ready = self.alive() and self._process is not self._leaving and (self._ready or self.child.ready())
        return self._ready

    def begin_anew(self, grace: float) -> None:
        """Ends it; from here on it is ready when its successor says so. The keeper starts that one beside us, so the process is held fast."""
        self.child.ready()  # what it, or one before it, said last is no word of the next
        self._ready, self._not_before = False, 0.0
        if (process := self._process) and process.poll() is None:
            self._leaving = process
            process.send_signal(signal.SIGTERM)
            _wait(process, grace)

    def pid(self) -> int | None:
        return self._process.pid if self._process and self.alive() else None

    def tend(self) -> None:
        if self.alive():
            return
        if self._process is not None:
            self._died()
        elif monotonic() >= self._not_before:
            self._spawn()

    def _died(self) -> None:
        assert self._process is not None
        if self._process is self._leaving:
            self._process = None
            return
        log.warning("%s ended with %s, starting again in %.1f s", self.child.name, self._process.returncode, self._pause)
        if monotonic() - self._started_at > CALM:
            self._pause = FIRST_PAUSE
        self._not_before = monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._process = None

    def _spawn(self) -> None:
        self._started_at = monotonic()
        if shutil.which(self.child.argv[0]) is None:
            self._put_off("no such program")
            return
        try:
            # A session of its own: Ctrl-C in the terminal reaches us only, and we end the children in order.
            self._process = subprocess.Popen(
                [*LEASH, *self.child.argv],
                env=dict(self.child.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                pass_fds=self.child.inherits,
            )
        except OSError as error:
            self._put_off(type(error).__name__)
            return
        threading.Thread(target=self._pump, args=(self._process,), name=f"log-{self.child.name}", daemon=True).start()

    def _put_off(self, reason: str) -> None:
        self._line(f"cannot be started: {reason}")
        self._not_before = monotonic() + self._pause

    def _pump(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._line(line.rstrip("\n"))

    def _line(self, line: str) -> None:
        # A full disk or a closed terminal costs lines: a pipe that nobody reads any more would stop the child itself.
        with contextlib.suppress(OSError):
            if self.log_file.exists() and self.log_file.stat().st_size > LONGEST_LOG:
                self.log_file.replace(self.log_file.with_name(f"{self.log_file.name}.1"))
            with self.log_file.open("a") as file:
                file.write(line + "\n")
        if self._echo:
            with contextlib.suppress(OSError):
                self._echo(self.child.name, line)

    def signal(self, number: int) -> None:
        if self._process and self.alive():
            self._process.send_signal(number)

    def wait(self, seconds: float) -> None:
        if self._process:
            _wait(self._process, seconds)


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    """Then its whole session is killed: a server's own workers too. The group's number stays ours as long as its leader is not reaped."""
    try:
        process.wait(max(seconds, 0))
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end(some: list[_Kept], grace: float) -> None:
    """All of one rank at once, each at its own pace, none beyond the grace."""
    for kept in some:
        kept.signal(signal.SIGTERM)
    until = monotonic() + grace
    for kept in some:
        kept.wait(until - monotonic())


def end_like_ctrl_c() -> None:
    """For whoever waits in its main thread: children are ended in order by SIGTERM and a closed terminal too."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` means it
            signal.signal(number, interrupt)


def end_undisturbed() -> None:
    """A second Ctrl-C does not cut the ending short: what is being sent has its seconds."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
