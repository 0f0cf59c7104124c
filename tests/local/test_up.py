"""`escalation up`: real processes on one machine, kept, and ended in order; and what it says before it starts them."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from escalation.build import build
from escalation.errors import BadInput, BadSettings, SchemaMismatch
from escalation.local import processes, up
from escalation.local.broker import free_port
from escalation.local.home import Home
from escalation.settings import Settings
from escalation.store import schema
from tests.processes import ROOT, children_of, environment, until

DEMO = ROOT / "escalation" / "local" / "demo.yaml"
NATIVE = {
    "version": 1,
    "key": "demo-payments-key-for-localhost1",
    "action": "trigger",
    "dedup_key": "db-1",
    "summary": "db-1 is down",
}


class Running:
    """An `up` of our own, with what it said."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.port, self.flower = free_port(), free_port()
        self.environ = environment(ESCALATION_DATA_DIR=str(folder), **environ)
        self.system = build(Settings.from_env(self.environ))
        self._said = folder.parent / "said"
        self.argv = [
            sys.executable,
            "-m",
            "escalation",
            "up",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--flower-port",
            str(self.flower),
        ]
        with self._said.open("w") as out:
            self.process = subprocess.Popen(
                self.argv, env=self.environ, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "escalation", *arguments]
        return subprocess.run(argv, env=self.environ, capture_output=True, text=True, timeout=60, check=False)

    def get(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        except httpx.HTTPError:
            return None

    def children(self) -> dict[int, str]:
        return children_of(self.process.pid)

    def child(self, part: str) -> int | None:
        return next((pid for pid, line in self.children().items() if part in line), None)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def running(folder: Path, **environ: str) -> Iterator[Running]:
    site = Running(folder, **environ)
    try:
        yield site
    finally:
        if site.process.poll() is None:
            site.process.kill()  # its children are told by the kernel
            site.process.wait()
        site.system.store.dispose()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_site_is_up_kept_and_ended(tmp_path: Path) -> None:
    """All processes get ready, a dead one comes back, Flower asks for the kept password, and SIGTERM ends all with 0."""
    with running(tmp_path / "site") as site:
        assert until(lambda: "All are ready" in site.said, 90), site.said
        assert len(site.children()) == 8, site.children()
        assert site.command("config", "apply", str(DEMO)).returncode == 0
        assert site.get("/readyz").status_code == 200, site.get("/readyz").text
        keeper = site.child("workers.timekeeper")
        assert keeper
        os.kill(keeper, signal.SIGKILL)
        assert until(lambda: keeper not in site.children() and len(site.children()) == 8)
        _flower_is_safe(site)
        _doctor_finds_the_processes_well(site)
        pids = [*site.children()]
        assert site.end() == 0
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
        assert site.said.rstrip().endswith("All have ended.")


def _flower_is_safe(site: Running) -> None:
    url = f"http://127.0.0.1:{site.flower}"
    password = (site.folder / "flower.password").read_text().strip()
    assert httpx.get(f"{url}/api/workers").status_code == 401
    assert httpx.get(f"{url}/workers", auth=("ops", password)).status_code == 200
    started = httpx.post(f"{url}/api/task/async-apply/page_by_voice", json={"args": [1]}, auth=("ops", password))
    assert started.status_code == 403
    assert password not in site.said + "".join(site.children().values())


def _doctor_finds_the_processes_well(site: Running) -> None:
    told = site.command(
        "doctor",
        "--only",
        "timekeeper",
        "--only",
        "workers",
        "--only",
        "queue-intake",
        "--only",
        "broker",
        "--only",
        "database",
        "-o",
        "json",
    )
    assert told.returncode == 0, told.stdout
    assert {f["what"] for f in json.loads(told.stdout)["findings"]} >= {
        "timekeeper",
        "worker pages",
        "worker chores",
        "queue intake",
        "broker",
    }


@pytest.mark.slow
def test_without_its_broker_a_site_takes_alerts_and_says_so(tmp_path: Path) -> None:
    """The receiver starts and answers; `/readyz` and the doctor tell that workers and broker are missing."""
    folder = tmp_path / "site"
    nowhere = f"redis://:hidden@127.0.0.1:{free_port()}/0"
    schema.migrate(f"sqlite:///{folder / 'escalation.sqlite'}")
    with running(folder, ESCALATION_BROKER_URL=nowhere) as site:
        assert site.command("config", "apply", str(DEMO)).returncode == 0
        assert until(lambda: site.get("/healthz") and "timekeeper" in site.system.queries.heartbeats(), 90), site.said
        taken = httpx.post(f"http://127.0.0.1:{site.port}/intake/native", json=NATIVE, timeout=10)
        assert taken.status_code == 202, taken.text
        ready = site.get("/readyz")
        assert ready.status_code == 503
        assert {"worker pages", "worker chores"} <= {fault["what"] for fault in ready.json()["faults"]}
        told = site.command("doctor")
        assert told.returncode == 1
        assert "cannot be reached (ConnectionError)" in told.stdout
        assert "hidden" not in told.stdout + told.stderr + site.said


def test_the_procfile_says_the_same_as_up() -> None:
    """Whoever runs the Procfile runs the same site: command lines and numbers are compared."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    said = {name: _argv(command) for name, _, command in (line.partition(": ") for line in lines if not line.startswith("#"))}
    wanted = up.Wanted()
    assert said == {
        "receiver": processes.receiver(wanted.bind)[2:],
        **{queue: processes.worker(queue, threads)[2:] for queue, threads in up.THREADS.items()},
        "timekeeper": ("workers.timekeeper",),
        "queue_intake": ("workers.queue_intake",),
        "flower": processes.flower(wanted.flower_port)[2:],
    }


def _argv(command: str) -> tuple[str, ...]:
    argv = tuple(shlex.split(command))
    return argv[2:] if argv[:2] == ("python", "-m") else argv


def home(folder: Path, **environ: str) -> Home:
    settings = Settings.from_env({"ESCALATION_DATA_DIR": str(folder)} | environ)
    schema.migrate(settings.sql_url)
    return Home(environ, settings, build(settings))


def test_a_secret_key_is_made_once_and_kept_for_the_owner(tmp_path: Path) -> None:
    """The same for every process and after every start; readable for nobody else; an empty variable does not win over it."""
    at = home(tmp_path, ESCALATION_SECRET_KEY="")
    env = at.environ()
    first = Settings.from_env(env).secret_key
    assert len(first) >= 32
    assert Settings.from_env(at.environ()).secret_key == first
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert first not in env.values()
    assert any("ESCALATION_SECRET_KEY is not set" in line for line in at.where("127.0.0.1:8000", 0))


def test_a_secret_key_that_is_set_is_used(tmp_path: Path) -> None:
    """And nothing is made beside it."""
    at = home(tmp_path, ESCALATION_SECRET_KEY="k" * 40)
    assert Settings.from_env(at.environ()).secret_key == "k" * 40
    assert not (tmp_path / "secret.key").exists()


def test_flower_gets_the_password_that_is_kept_or_set(tmp_path: Path) -> None:
    """0600, the same at every start; whoever sets FLOWER_BASIC_AUTH has chosen. Its other variables do not reach it."""
    made = home(tmp_path).flower_login()
    assert made.startswith("ops:")
    assert home(tmp_path).flower_login() == made
    assert stat.S_IMODE((tmp_path / "flower.password").stat().st_mode) == 0o600
    chosen = home(tmp_path, FLOWER_BASIC_AUTH="me:mine", FLOWER_READ_ONLY="false", FLOWER_ADDRESS="0.0.0.0")
    assert chosen.flower_login() == "me:mine"
    assert not [name for name in chosen.environ() if name.startswith("FLOWER_")]


def test_what_is_missing_is_said_first(tmp_path: Path) -> None:
    """No configuration, no Plivo account, no public URL, no password, a mistyped name; no secret in any line."""
    at = home(tmp_path, ESCALATION_PUBLC_URL="https://pager.example.org", ESCALATION_BROKER_URL="redis://:hidden@127.0.0.1:1/0")
    lines = "\n".join((*at.missing(), *at.where("0.0.0.0:8000", 5555)))
    for word in (
        "config apply",
        "PLIVO_AUTH_ID",
        "ESCALATION_PUBLIC_URL",
        "ESCALATION_CONSOLE_PASSWORD",
        "did you mean",
        "without TLS",
    ):
        assert word in lines
    assert "hidden" not in lines


def test_one_data_folder_has_one_up(tmp_path: Path) -> None:
    """Two would share an embedded broker's files; the second says so and starts nothing."""
    with (tmp_path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(up.CannotStart, match="another `escalation up`"):
            up.run({"ESCALATION_DATA_DIR": str(tmp_path)}, up.Wanted(f"127.0.0.1:{free_port()}", 0), print)
    assert not (tmp_path / "escalation.sqlite").exists()


def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    """An old program must not write into it; what to run is said."""
    at = home(tmp_path)
    with at.system.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    at.system.store.dispose()
    with pytest.raises(SchemaMismatch, match="newer"):
        up.run({"ESCALATION_DATA_DIR": str(tmp_path)}, up.Wanted(f"127.0.0.1:{free_port()}", 0), print)


def test_an_account_that_cannot_call_back_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Plivo asks our public address what to say: each process would refuse to run without it, again and again."""
    plivo = {"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN": "t", "PLIVO_FROM_NUMBER": "+15550109999"}
    with pytest.raises(BadSettings, match="ESCALATION_PUBLIC_URL"):
        up.run({"ESCALATION_DATA_DIR": str(tmp_path / "site"), **plivo}, up.Wanted(), print)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("option", ["--bind", "--flower-port"])
def test_a_port_that_is_taken_is_named_at_once(tmp_path: Path, option: str) -> None:
    """Before anything was started, with the option that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bind, flower = (f"127.0.0.1:{port}", 0) if option == "--bind" else (f"127.0.0.1:{free_port()}", port)
        with pytest.raises(up.CannotStart, match=f"127.0.0.1:{port} .*{option}"):
            up.run({"ESCALATION_DATA_DIR": str(tmp_path)}, up.Wanted(bind, flower), print)


@pytest.mark.parametrize(
    ("text", "bind"),
    [("8000", "127.0.0.1:8000"), (":8000", "127.0.0.1:8000"), ("0.0.0.0:80", "0.0.0.0:80"), ("[::1]:8000", "[::1]:8000")],
)
def test_the_receiver_listens_on_loopback_unless_told(text: str, bind: str) -> None:
    """A port alone opens nothing to other machines."""
    assert up.bind_address(text) == bind


@pytest.mark.parametrize("text", ["", "x", "0", "127.0.0.1:", "127.0.0.1:99999", "a b:1", "-x:1:2", "http://x:1"])
def test_an_address_that_is_none_is_bad_input(text: str) -> None:
    """One line, before anything was started."""
    with pytest.raises(BadInput):
        up.bind_address(text)
