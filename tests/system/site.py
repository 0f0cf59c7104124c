"""A whole site on loopback: real broker, receiver, workers, timekeeper and Flower as the Procfile starts them, a database in a folder,
and the sandbox in this process in place of Plivo. Not what is tried on it."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from time import monotonic
from types import TracebackType

import httpx

from escalation.build import System, build
from escalation.cli.root import run
from escalation.domain.incident import Incident, Status
from escalation.local.broker import Broker, free_port, prepare
from escalation.local.stage import answers_at
from escalation.sandbox.server import Server
from escalation.settings import Settings
from tests.processes import ROOT, environment
from tests.system.handsets import Handset
from tests.system.programs import STARTS, Program, procfile, until

ANN, BOB, CLEO, DAN = (f"+1555010000{n}" for n in range(1, 5))
FROM = "+15550109999"
KEYS = {name: f"key-of-{name}-for-the-system-tests" for name in ("shop", "bank", "mail")}
CONFIGURATION = f"""\
allow_test_numbers: true
people:
  ann: {{name: Ann Example, timezone: Europe/Berlin, phone: "{ANN}", email: ann.secret@example.org}}
  bob: {{name: Bob Example, timezone: Europe/Berlin, phone: "{BOB}", email: bob.secret@example.org}}
  cleo: {{name: Cleo Example, timezone: Europe/Berlin, phone: "{CLEO}", email: cleo.secret@example.org}}
  dan: {{name: Dan Example, timezone: Europe/Berlin, phone: "{DAN}", email: dan.secret@example.org}}
services:
  shop: {{policy: ann then bob, keys: ["{KEYS["shop"]}"]}}
  bank: {{policy: cleo, keys: ["{KEYS["bank"]}"]}}
  mail: {{policy: dan, keys: ["{KEYS["mail"]}"]}}
policies:
  ann then bob:
    ring: 5s
    by: [voice, sms]
    steps: [{{page: ann, timeout: 6s}}, {{page: bob, timeout: 90s}}]
    last_resort: &loud {{page: ["email:ops.secret@example.org"]}}
  cleo:
    ring: 60s
    by: [voice, {{voice: 1s}}]
    steps: [{{page: cleo, timeout: 90s}}]
    last_resort: *loud
  dan:
    ring: 60s
    by: [voice]
    steps: [{{page: dan, timeout: 90s}}]
    last_resort: *loud
"""


class Site:
    """Open it with `with`. Programs are started by name: broker, receiver, pages, chores, timekeeper, flower."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.password = secrets.token_urlsafe(12)
        at, flower = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.url, self.flower_url = f"http://{at}", f"http://{flower}"
        self.sandbox = Server(callback_host=at, smtp_port=0)
        self.sandbox.world.account.numbers = (FROM,)
        self.broker: Broker = prepare(folder)
        self.environ = environment(**self._settings(), **more)
        self.settings = Settings.from_env(self.environ)
        self._programs = self._all(procfile(("127.0.0.1:8000", at), ("--port=5555", f"--port={flower.rpartition(':')[2]}")))
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.ann, self.bob, self.cleo, self.dan = (Handset(self.sandbox.world, n, self.story) for n in (ANN, BOB, CLEO, DAN))

    def __enter__(self) -> Site:
        self.sandbox.start()
        configuration = self.folder / "escalation.yaml"
        configuration.write_text(CONFIGURATION)
        with redirect_stdout(said := StringIO()), redirect_stderr(said):
            codes = [run(command, self.environ) for command in (["migrate"], ["config", "apply", str(configuration)])]
        assert codes == [0, 0], said.getvalue()
        self.system: System = build(self.settings)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for program in self._programs.values():
            program.kill()  # nothing here is worth a goodbye
        self.system.store.dispose()
        self.http.close()
        self.sandbox.stop()
        if client := self.sandbox.world.client:
            client.close()

    def start(self, *names: str) -> None:
        """Starts programs beside each other and returns when all are ready. The broker first: nobody has to wait for it then."""
        for program in (chosen := [self[name] for name in names]):
            program.begin()
            if program.name == "broker":
                program.wait()
        for program in chosen:
            program.wait()

    def __getitem__(self, name: str) -> Program:
        return self._programs[name]

    # --- what comes from outside

    def alert(self, service: str, name: str, summary: str = "something broke") -> tuple[int, float]:
        """One alert through Alertmanager's door: the incident's number, and how long the answer took."""
        labels = {"alertname": name, "severity": "critical"}
        alert = {
            "status": "firing", "labels": labels, "annotations": {"summary": summary}, "startsAt": "2031-03-04T05:06:07Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example.org/graph", "fingerprint": name,
        }  # fmt: skip
        body = {"version": "4", "groupKey": name, "status": "firing", "receiver": "us", "alerts": [alert]}
        began = monotonic()
        answer = self.http.post(f"{self.url}/intake/alertmanager/{KEYS[service]}", json=body)
        took = monotonic() - began
        assert answer.status_code == 202, answer.text
        return int(answer.json()["alerts"][0]["incident"].removeprefix("INC-")), took

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """The `escalation` command in a process of its own, as typed on this site's machine."""
        argv = [sys.executable, "-m", "escalation", *arguments]
        return subprocess.run(
            argv, env=self.environ | environ, cwd=ROOT, capture_output=True, text=True, timeout=STARTS, check=False
        )

    # --- how it stands

    def incident(self, number: int) -> Incident:
        found = self.system.queries.incident(number)
        assert found
        return found.incident

    def is_acknowledged(self, number: int, by: str) -> None:
        until(lambda: self.incident(number).status is Status.ACKNOWLEDGED, 20, self.story)
        assert self.incident(number).acknowledged_by == by

    def story(self) -> str:
        """For a test that fails: every incident's timeline and the last lines of every program."""
        rows = self.system.queries.incidents(open_only=False)
        told = [
            f"INC-{row.id} {t.entry.at:%H:%M:%S.%f} {t.entry.text}" for row in rows for t in self.system.queries.timeline(row.id)
        ]
        logs = [f"--- {p.name}\n{p.said()[-1500:]}" for p in self._programs.values()]
        return "\n".join([*told, *logs])

    def logs(self) -> Mapping[str, str]:
        return {name: program.said() for name, program in self._programs.items()}

    # --- parts

    def _settings(self) -> dict[str, str]:
        account = self.sandbox.world.account
        return {
            "ESCALATION_DATA_DIR": str(self.folder),
            "ESCALATION_BROKER_URL": self.broker.url,
            "ESCALATION_PUBLIC_URL": self.url,
            "ESCALATION_SECRET_KEY": secrets.token_hex(32),
            "ESCALATION_CONSOLE_PASSWORD": self.password,
            "ESCALATION_MAIL_FROM": "escalation@example.org",
            "PLIVO_AUTH_ID": account.auth_id,
            "PLIVO_AUTH_TOKEN": account.auth_token,
            "PLIVO_FROM_NUMBER": FROM,
            "PLIVO_API_URL": self.sandbox.url,
            "PLIVO_CALLS_PER_SECOND": "0",
            "PLIVO_TEXTS_PER_SECOND": "0",
            "SMTP_URL": f"smtp://127.0.0.1:{self.sandbox.smtp_port}",
            "FLOWER_BASIC_AUTH": f"ops:{self.password}",
            # More talkative than the Procfile: what is logged then must be as discreet.
            "GUNICORN_CMD_ARGS": "--access-logfile -",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def _all(self, lines: Mapping[str, tuple[str, ...]]) -> dict[str, Program]:
        answers, shows = answers_at(f"{self.url}/healthz"), answers_at(f"{self.flower_url}/healthcheck")
        talkative = ("--loglevel", "INFO")
        return {
            "broker": self._program("broker", self.broker.argv, lambda _: self.broker.answers()),
            "flower": self._program("flower", lines["flower"], lambda _: shows()),
            "pages": self._program("pages", (*lines["pages"], *talkative), lambda said: " ready." in said),
            "chores": self._program("chores", (*lines["chores"], *talkative), lambda said: " ready." in said),
            "timekeeper": self._program("timekeeper", lines["timekeeper"], lambda _: self._beats()),
            "receiver": self._program("receiver", lines["receiver"], lambda _: answers()),
        }

    def _program(self, name: str, argv: tuple[str, ...], is_ready: Callable[[str], bool]) -> Program:
        (self.folder / "log").mkdir(exist_ok=True)
        return Program(name, argv, self.environ, self.folder / "log" / f"{name}.log", is_ready)

    def _beats(self) -> bool:
        return "timekeeper" in self.system.queries.heartbeats()
