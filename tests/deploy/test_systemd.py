"""deploy/systemd: units that systemd itself accepts, the Procfile's commands, always back, and closed in."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.deploy.tools import DEPLOY, procfile, ran, tool
from tests.processes import ROOT

UNITS = DEPLOY / "systemd"
SHARED = UNITS / "escalation-.service.d" / "site.conf"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
RUNNING = sorted(name for name in SERVICES if name != "escalation-migrate.service")
WATCH = "escalation-watch.service"  # for another machine: no part of the site
SOCKET, RECEIVER = "escalation-receiver.socket", "escalation-receiver@.service"
MOST_EXPOSED = 20  # of 100, by systemd's own count


def lines(name: str, key: str) -> list[str]:
    """Every value of that key in a unit."""
    return re.findall(rf"^{key}=(.*)$", (UNITS / name).read_text(), re.MULTILINE)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they are installed, on a machine where `/opt/escalation` is this checkout."""
    copy = tmp_path / "units"
    shutil.copytree(UNITS, copy)
    for path in copy.rglob("*.*"):
        if path.is_file():
            here = path.read_text().replace("/opt/escalation/.venv/bin/python", sys.executable)
            path.write_text(here.replace("/opt/escalation", str(ROOT)))
    return copy


def instances(folder: Path) -> list[str]:
    return [str(folder / name.replace("@.", "@1.")) for name in SERVICES]


def test_systemd_accepts_them(installed: Path) -> None:
    """No unknown key, no program that is not there, nothing said at all."""
    # A colon at the end: systemd's own units beside ours.
    said = ran(
        tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(installed / "escalation.target"),
        *instances(installed), env={"SYSTEMD_UNIT_PATH": f"{installed}:"},
    )  # fmt: skip
    assert [line for line in said.splitlines() if "escalation" in line] == []


def test_systemd_would_find_a_mistake(installed: Path) -> None:
    """The check above can fail."""
    unit = installed / "escalation-pages.service"
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=allways"))
    argv = (tool("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", str(unit))
    said = ran("sh", "-c", '"$@" 2>&1 || true', "sh", *argv, env={"SYSTEMD_UNIT_PATH": f"{installed}:"})
    assert "allways" in said


@pytest.mark.parametrize("name", SERVICES)
def test_they_are_closed_in(installed: Path, name: str) -> None:
    """By systemd's own count of what a unit could do."""
    path = installed / name.replace("@.", "@1.")
    ran(
        tool("systemd-analyze"), "security", "--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(path),
        env={"SYSTEMD_UNIT_PATH": f"{installed}:"},
    )  # fmt: skip


def test_every_process_of_the_procfile_has_its_unit() -> None:
    """The same command lines, by the environment's own Python."""
    wanted = {f"escalation-{name.replace('_', '-')}": command for name, command in procfile().items()}
    said = {re.sub(r"@?\.service$", "", name): shlex.split(*lines(name, "ExecStart")) for name in RUNNING if name != WATCH}
    ours = {
        name: [word.replace("%%", "%") for word in command[2:]] if command[1] == "-m" else command
        for name, command in said.items()
    }
    assert ours == {name: command[2:] if command[1] == "-m" else command for name, command in wanted.items()}
    assert all(command[:2] == ["/opt/escalation/.venv/bin/python", "-m"] for command in said.values())


@pytest.mark.parametrize("name", RUNNING)
def test_whatever_ends_comes_back(name: str) -> None:
    """Always, for ever: a worker that a broker ended, a process that was refused because the database was not ready."""
    assert lines(name, "Restart") == ["always"]
    assert "StartLimitIntervalSec=0" in SHARED.read_text()
    grace = re.search(r"TimeoutStopSec=(\d+)", SHARED.read_text())
    assert grace
    assert int(grace[1]) > 15


def test_the_target_starts_all_of_them_and_two_timekeepers() -> None:
    """One name to enable, restart and stop; every unit ends with it."""
    wanted = " ".join(lines("escalation.target", "Wants")).split()
    assert [name for name in wanted if "timekeeper" in name] == [
        "escalation-timekeeper@1.service",
        "escalation-timekeeper@2.service",
    ]
    assert {re.sub(r"@\d", "@", name) for name in wanted} == {*SERVICES, SOCKET} - {WATCH}
    assert "PartOf=escalation.target" in SHARED.read_text()


def test_the_receivers_address_stays_open_while_a_receiver_is_started_again() -> None:
    """systemd holds it, at the address of the command line; every instance is given the same one and says when it is ready."""
    (command,) = lines(RECEIVER, "ExecStart")
    assert f"--bind {lines(SOCKET, 'ListenStream')[0]}" in command
    assert lines(RECEIVER, "Sockets") == lines(RECEIVER, "Requires") == [SOCKET]
    assert lines(SOCKET, "Service") == ["escalation-receiver@1.service"]
    assert lines(RECEIVER, "Type") == lines("escalation-timekeeper@.service", "Type") == ["notify"]


def test_flower_never_runs_without_a_password() -> None:
    """Without one it would show everybody on the machine who is called."""
    (guard,) = lines("escalation-flower.service", "ExecStartPre")
    assert "FLOWER_BASIC_AUTH" in guard
    command = shlex.split(guard)
    assert command[:2] == ["/bin/sh", "-c"]
    ran(*command, env={"FLOWER_BASIC_AUTH": "ops:x"})
    with pytest.raises(AssertionError, match="FLOWER_BASIC_AUTH is not set"):
        ran(*command, env={"FLOWER_BASIC_AUTH": ""})


def test_the_watcher_stands_alone() -> None:
    """Enabled by itself, after nothing of the site's; its words are one variable of the environment's file, which the example names."""
    assert lines(WATCH, "WantedBy") == ["multi-user.target"]
    assert not [*lines(WATCH, "After"), *lines(WATCH, "Wants"), *lines(WATCH, "Requires")]
    (command,) = lines(WATCH, "ExecStart")
    assert command == "/opt/escalation/.venv/bin/python -m escalation watch $WATCH_OPTIONS"
    assert "#WATCH_OPTIONS=--site " in (DEPLOY / "env.example").read_text()
