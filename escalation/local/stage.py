"""One machine with everything on it for the demo: a folder, free loopback ports, made-up secrets, and the processes of a real site
(broker, receiver, workers, timekeeper, Flower) beside the sandbox in place of the carriers. Not what is played on it (`night`)."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.local.broker import Broker, free_port, prepare
from escalation.local.supervisor import Child, Supervisor
from escalation.nudge import CeleryNudge
from escalation.sandbox.account import AUTH_ID, AUTH_TOKEN
from escalation.settings import NAMES, Settings
from escalation.store import schema

ROOT = Path(__file__).parent.parent.parent
NUMBER = "+15550109999"
BROKER, MIDDLE, DOOR = 0, 1, 2  # the receiver goes first, the broker last

SCRIPT = """\
account: {{numbers: ["{number}"]}}
message_url: {public}/plivo/texts/inbound
slack: {{token: {token}, signing_secret: {secret}, actions_url: "{public}/slack/actions", users: {{ann@example.org: U012ANN}}}}
phones:
  "+15550100001": {{name: Ann, habit: manual}}
  "+15550100002": {{name: Bob, habit: manual}}
  "+15550100003": {{name: Lea, habit: manual}}
"""


@dataclass(frozen=True, slots=True)
class Urls:
    receiver: str
    sandbox: str
    flower: str


class Stage:
    """`environ` is what the children inherit, our own settings taken out; `configuration` is the text of a configuration file."""

    def __init__(self, folder: Path, environ: Mapping[str, str], configuration: str) -> None:
        self.folder = folder
        self.password = secrets.token_urlsafe(9)
        self.urls = Urls(*(f"http://127.0.0.1:{free_port()}" for _ in range(3)))
        self._smtp_port = free_port()
        self._slack = {"token": f"xoxb-{secrets.token_hex(12)}", "secret": secrets.token_hex(16)}
        self._broker: Broker = prepare(folder)
        own = self._settings()
        self.settings = Settings.from_env(own)
        self._environ = inherited(environ) | own
        self._configuration = configuration
        self.supervisor = Supervisor(folder / "log")

    def open(self) -> System:
        """Database, then all processes, each ready; raises `NotReady`, `StoreUnavailable`."""
        schema.migrate(self.settings.sql_url)
        system = build(self.settings, nudge=CeleryNudge(self.settings.broker_url))
        apply(system.store, self._configuration)
        self.supervisor.start(
            self._child("broker", self._broker.argv, self._broker.answers, BROKER),
            self._child("sandbox", self._sandbox(), answers_at(f"{self.urls.sandbox}/_sandbox/"), BROKER),
        )
        self.supervisor.start(
            self._child("receiver", self._receiver(), answers_at(f"{self.urls.receiver}/healthz"), DOOR),
            self._worker("pages", "16"),
            self._worker("chores", "2"),
            self._child("timekeeper", python("workers.timekeeper"), lambda: "timekeeper" in system.queries.heartbeats(), MIDDLE),
            self._flower(),
        )
        return system

    def close(self) -> None:
        self.supervisor.stop()

    def _settings(self) -> dict[str, str]:
        return {
            "ESCALATION_DATA_DIR": str(self.folder),
            "ESCALATION_BROKER_URL": self._broker.url,
            "ESCALATION_PUBLIC_URL": self.urls.receiver,
            "ESCALATION_SECRET_KEY": secrets.token_hex(32),
            "ESCALATION_CONSOLE_PASSWORD": self.password,
            "ESCALATION_MAIL_FROM": "escalation@example.org",
            "PLIVO_AUTH_ID": AUTH_ID,
            "PLIVO_AUTH_TOKEN": AUTH_TOKEN,
            "PLIVO_FROM_NUMBER": NUMBER,
            "PLIVO_API_URL": self.urls.sandbox,
            "SLACK_API_URL": f"{self.urls.sandbox}/api/",
            "SLACK_BOT_TOKEN": self._slack["token"],
            "SLACK_SIGNING_SECRET": self._slack["secret"],
            "SMTP_URL": f"smtp://127.0.0.1:{self._smtp_port}",
        }

    def _child(self, name: str, argv: tuple[str, ...], ready: Callable[[], bool], rank: int, **more: str) -> Child:
        return Child(name, argv, self._environ | more, ready, rank)

    def _sandbox(self) -> tuple[str, ...]:
        script = self.folder / "sandbox.yaml"
        script.write_text(SCRIPT.format(number=NUMBER, public=self.urls.receiver, **self._slack))
        allowed = ("--callback-host", host(self.urls.receiver), "--smtp-port", str(self._smtp_port))
        return python("escalation.sandbox", "--port", port(self.urls.sandbox), "--script", str(script), *allowed)

    def _receiver(self) -> tuple[str, ...]:
        how = ("--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket")
        return python("gunicorn", "webhooks.app:app", "--bind", host(self.urls.receiver), *how)

    def _worker(self, queue: str, threads: str) -> Child:
        name = f"worker-{queue}"
        how = ("--pool", "threads", "--concurrency", threads, "--without-gossip", "--without-mingle", "--loglevel", "INFO")
        argv = python("celery", "-A", "workers.app", "worker", "--queues", queue, "--hostname", f"{queue}@%h", *how)
        return self._child(name, argv, lambda: " ready." in self._log(name), MIDDLE)

    def _flower(self) -> Child:
        how = ("--address=127.0.0.1", f"--port={port(self.urls.flower)}", "--read-only")
        argv = python("celery", "-A", "workers.app", "flower", *how)
        # The password by the environment: arguments are seen by everybody on the machine.
        ready = answers_at(f"{self.urls.flower}/healthcheck")
        return self._child("flower", argv, ready, MIDDLE, FLOWER_BASIC_AUTH=f"demo:{self.password}")

    def _log(self, name: str) -> str:
        try:
            return (self.folder / "log" / f"{name}.log").read_text()
        except OSError:
            return ""


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of ours or Celery's, so that a demo on a production machine calls nobody."""
    ours = {variable for name in NAMES.values() for variable in (name, f"{name}_FILE")}
    kept = {k: v for k, v in environ.items() if k not in ours and not k.startswith(("ESCALATION_", "FLOWER_", "CELERY_"))}
    path = ":".join(filter(None, (str(ROOT), environ.get("PYTHONPATH", ""))))
    return kept | {
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def host(url: str) -> str:
    return url.removeprefix("http://")


def port(url: str) -> str:
    return url.rpartition(":")[2]


def answers_at(url: str) -> Callable[[], bool]:
    """Readiness by HTTP."""

    def answers() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return answers
