"""The supervisor, with real children: order, restart, lines, and that it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from escalation.local.supervisor import LONGEST_LOG, Child, NotReady, Supervisor
from tests.processes import environment, until

# Says it is ready in a file, notes SIGTERM in another, and goes on until it is ended.
DUTIFUL = """
import pathlib, signal, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def stop(*_):
    with (folder / "ended").open("a") as file: file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("hello from", name, flush=True)
(folder / f"{name}.ready").touch()
while True: time.sleep(1)
"""
STUBBORN = """
import pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
(pathlib.Path(sys.argv[1]) / "helper").write_text(str(helper.pid))
time.sleep(60)
"""


def child(folder: Path, name: str, code: str = DUTIFUL, rank: int = 1) -> Child:
    argv = (sys.executable, "-c", code, str(folder), name)
    return Child(name, argv, environment(), (folder / f"{name}.ready").exists, rank)


def is_gone(pid: int) -> bool:
    """Also when nobody has reaped it: in a container there may be no init that does."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_child_is_started_when_it_is_ready_and_its_lines_are_kept(tmp_path: Path) -> None:
    """`start` returns only then; the lines are in the file and, if wanted, on the terminal."""
    heard: list[tuple[str, str]] = []
    with Supervisor(tmp_path / "log", lambda name, line: heard.append((name, line))) as supervisor:
        supervisor.start(child(tmp_path, "web"))
        assert (tmp_path / "web.ready").exists()
        assert supervisor.pid("web")
    assert until(lambda: heard == [("web", "hello from web")])
    assert (tmp_path / "log" / "web.log").read_text() == "hello from web\n"


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    """A worker that a broken broker ended must not stay ended."""
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(child(tmp_path, "worker"))
        first = supervisor.pid("worker")
        assert first
        os.kill(first, signal.SIGKILL)
        assert until(lambda: supervisor.pid("worker") not in (None, first))


def test_they_are_ended_in_the_opposite_order(tmp_path: Path) -> None:
    """Workers before their broker: they hand back what they hold."""
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(child(tmp_path, "broker", rank=0))
        supervisor.start(child(tmp_path, "worker", rank=1))
        supervisor.start(child(tmp_path, "receiver", rank=2))
    assert (tmp_path / "ended").read_text().split() == ["receiver", "worker", "broker"]


def test_a_child_that_will_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """Stopping takes the grace and no longer."""
    supervisor = Supervisor(tmp_path / "log", grace=0.5)
    with supervisor:
        supervisor.start(
            Child("stubborn", (sys.executable, "-c", STUBBORN, str(tmp_path)), environment(), (tmp_path / "helper").exists)
        )
        pid = supervisor.pid("stubborn")
        assert pid
        began = monotonic()
    assert monotonic() - began < 5
    assert is_gone(pid)
    assert until(lambda: is_gone(int((tmp_path / "helper").read_text())))


def test_a_child_that_is_never_ready_is_named_with_its_log(tmp_path: Path) -> None:
    """One line that says where to look."""
    with Supervisor(tmp_path / "log") as supervisor:
        never = Child("web", (sys.executable, "-c", "print('port taken')"), environment(), lambda: False)
        with pytest.raises(NotReady, match=r"web is not ready after 0 s, see .*web\.log"):
            supervisor.start(never, timeout=0.3)


def test_all_that_are_not_ready_are_named(tmp_path: Path) -> None:
    """And only those."""
    with Supervisor(tmp_path / "log") as supervisor:
        never = [Child(name, (sys.executable, "-c", DUTIFUL, str(tmp_path), name), environment(), lambda: False) for name in "ab"]
        with pytest.raises(NotReady) as caught:
            supervisor.start(child(tmp_path, "web"), *never, timeout=3)
    assert "a is not ready" in str(caught.value)
    assert "b is not ready" in str(caught.value)
    assert "web" not in str(caught.value)


def test_a_log_grows_no_further_than_its_limit(tmp_path: Path) -> None:
    """The one before is kept; a site runs for months."""
    log = tmp_path / "log" / "web.log"
    log.parent.mkdir()
    with log.open("w") as file:
        file.truncate(LONGEST_LOG + 1)
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(child(tmp_path, "web"))
        assert until(lambda: log.with_name("web.log.1").exists() and log.exists() and log.read_text() == "hello from web\n")


def test_a_program_that_does_not_exist_is_not_ready_either(tmp_path: Path) -> None:
    """And does not end the supervisor."""
    with Supervisor(tmp_path / "log") as supervisor:
        with pytest.raises(NotReady):
            supervisor.start(Child("ghost", ("/nowhere/ghost",), environment()), timeout=0.3)
        supervisor.start(child(tmp_path, "web"))
        assert supervisor.pid("web")


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux'")
def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    """`kill -9` of the demo frees its ports."""
    code = f"""
import sys, pathlib, threading
from escalation.local.supervisor import *
from tests.local.test_supervisor import child
folder = pathlib.Path({str(tmp_path)!r})
s = Supervisor(folder / "log")
s.start(child(folder, "web"))
(folder / "pid").write_text(str(s.pid("web")))
threading.Event().wait(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], env=environment()) as parent:
        assert until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        parent.kill()
        pid = int((tmp_path / "pid").read_text())
        assert until(lambda: is_gone(pid))


def test_a_child_is_restarted_and_ready_by_its_own_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is ended as at the end, started at once, and not told as a death; the others stay."""
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(child(tmp_path, "web"), child(tmp_path, "other"))
        first, other = supervisor.pid("web"), supervisor.pid("other")
        supervisor.restart("web", timeout=20)
        assert (tmp_path / "ended").read_text().split() == ["web"]
        assert supervisor.pid("web") not in (None, first)
        assert supervisor.pid("other") == other
    assert "ended with" not in caplog.text


def test_one_that_does_not_come_back_is_named(tmp_path: Path) -> None:
    """Whoever asked must not go on to the next."""
    words = iter([False, True, True])  # asked at its start until True, once before its end, and then no more
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(Child("web", child(tmp_path, "web").argv, environment(), lambda: next(words, False)), timeout=20)
        with pytest.raises(NotReady, match="web is not ready"):
            supervisor.restart("web", timeout=0.5)


def test_a_stubborn_child_is_killed_when_it_is_restarted(tmp_path: Path) -> None:
    """Its helpers too: they would hold what the next one needs."""
    with Supervisor(tmp_path / "log", grace=0.2) as supervisor:
        argv = (sys.executable, "-c", STUBBORN, str(tmp_path))
        supervisor.start(Child("stubborn", argv, environment(), (tmp_path / "helper").exists))
        assert until(lambda: (tmp_path / "helper").read_text())
        first, helper = supervisor.pid("stubborn"), int((tmp_path / "helper").read_text())
        supervisor.restart("stubborn", timeout=20)
        assert supervisor.pid("stubborn") not in (None, first)
        assert until(lambda: is_gone(helper))


def test_a_child_is_ended_for_good(tmp_path: Path) -> None:
    """A stand-in that is not needed any more does not come back."""
    with Supervisor(tmp_path / "log") as supervisor:
        supervisor.start(child(tmp_path, "web"), child(tmp_path, "stand-in"))
        supervisor.end("stand-in")
        assert (supervisor.keeps("web"), supervisor.keeps("stand-in")) == (True, False)
        assert (tmp_path / "ended").read_text().split() == ["stand-in"]
