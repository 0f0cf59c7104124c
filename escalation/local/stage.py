"""One machine with everything on it for the demo: a folder, free loopback ports, made-up secrets, and the processes of a real site
(broker, receiver, workers, timekeeper, Flower) beside the sandbox in place of the carriers. Not what is played on it (`night`)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.local.broker import Broker, free_port, prepare
from escalation.local.processes import BROKER, Processes, answers_at, python, surroundings
from escalation.local.supervisor import Supervisor
from escalation.nudge import CeleryNudge
from escalation.sandbox.account import AUTH_ID, AUTH_TOKEN
from escalation.settings import NAMES, Settings
from escalation.store import schema

NUMBER = "+15550109999"

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
        site = Processes(self._environ)
        pretend = site.child("sandbox", self._sandbox(), answers_at(f"{self.urls.sandbox}/_sandbox/"), BROKER)
        self.supervisor.start(site.broker(self._broker), pretend)
        self.supervisor.start(
            site.receiver(host(self.urls.receiver), processes=1),
            site.worker("pages", threads=16),
            site.worker("chores", threads=2),
            site.timekeeper(),
            site.flower(int(port(self.urls.flower)), f"demo:{self.password}"),
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

    def _sandbox(self) -> tuple[str, ...]:
        script = self.folder / "sandbox.yaml"
        script.write_text(SCRIPT.format(number=NUMBER, public=self.urls.receiver, **self._slack))
        allowed = ("--callback-host", host(self.urls.receiver), "--smtp-port", str(self._smtp_port))
        return python("escalation.sandbox", "--port", port(self.urls.sandbox), "--script", str(script), *allowed)


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of ours or Celery's, so that a demo on a production machine calls nobody."""
    ours = {variable for name in NAMES.values() for variable in (name, f"{name}_FILE")}
    kept = {k: v for k, v in environ.items() if k not in ours and not k.startswith(("ESCALATION_", "FLOWER_", "CELERY_"))}
    return surroundings(kept) | {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def host(url: str) -> str:
    return url.removeprefix("http://")


def port(url: str) -> str:
    return url.rpartition(":")[2]
