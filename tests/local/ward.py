"""A well site and a world around it, to break one thing of and examine. Not a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from escalation.audit import CLEAN
from escalation.build import build
from escalation.config.apply import apply
from escalation.domain.verification import Way, mark, standings
from escalation.local.checks import pulse
from escalation.local.checks.finding import Level
from escalation.local.doctor import Diagnosis, as_json, as_lines, examine
from escalation.sandbox.server import Server
from escalation.settings import Settings
from escalation.store import schema
from escalation.store.sql import SqlStore

PUBLIC, FROM = "https://pager.test", "+15550109999"
SECRETS = {
    "ESCALATION_SECRET_KEY": "secret-key-0123456789-0123456789-0123456789",
    "ESCALATION_CONSOLE_PASSWORD": "secret-console",
    "SLACK_BOT_TOKEN": "xoxb-secret-bot",
    "SLACK_SIGNING_SECRET": "secret-signing",
}
CONFIGURATION = """\
allow_test_numbers: true
people:
  ann: {name: Ann Example, timezone: UTC, phone: "+15550100001", email: ann@example.org}
  bob: {name: Bob Example, timezone: UTC, phone: "+15550100002"}
services:
  payments: {policy: default, keys: ["payments-key-for-the-doctors-tests"]}
policies:
  default:
    steps: [{page: ann}, {page: bob}]
    last_resort: {page: ["email:ops@example.org"]}
"""


class World(httpx.BaseTransport):
    """The receiver at its public name answers as told; everything else is reached as it is."""

    def __init__(self, receiver: Callable[[httpx.Request], httpx.Response]) -> None:
        self.receiver = receiver
        self._real = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "pager.test":
            return self.receiver(request)
        return self._real.handle_request(request)


def refuses(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def well(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"status": "ok"})


@dataclass
class Ward:
    """A well site; tests break one thing and examine it."""

    folder: Path
    sandbox: Server
    environ: dict[str, str]
    receiver: Callable[[httpx.Request], httpx.Response] = well
    shown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.system = build(Settings.from_env(self.environ))

    def examine(self, *only: str, **environ: str) -> Diagnosis:
        diagnosis = examine(self.environ | environ, only, transport=World(self.receiver))
        self.shown += [*as_lines(diagnosis), as_json(diagnosis)]
        return diagnosis

    def found(self, *only: str, **environ: str) -> dict[str, Level]:
        """By name: the worst of it."""
        worst = [Level.UNKNOWN, Level.OK, Level.WARNING, Level.FAULT]
        found: dict[str, Level] = {}
        for finding in self.examine(*only, **environ).findings:
            found[finding.what] = max(found.get(finding.what, Level.UNKNOWN), finding.level, key=worst.index)
        return found

    def beat(self, *processes: str) -> None:
        with self.system.store.transaction() as tx:
            for process in processes:
                tx.beat(process)

    def store_of(self, age: timedelta) -> SqlStore:
        """The same database as it was written some time ago."""

        class Then:
            def now(self) -> datetime:
                return datetime.now(UTC) - age

        return build(Settings.from_env(self.environ), clock=Then()).store

    def apply(self, text: str) -> None:
        (self.folder / "escalation.yaml").write_text(text)
        apply(self.system.store, text)


def admit(folder: Path, sandbox: Server) -> Ward:
    """A site whose every part is well."""
    account = sandbox.world.account
    account.numbers = (FROM,)
    sandbox.world.slack.token = SECRETS["SLACK_BOT_TOKEN"]
    environ = {
        "ESCALATION_DATA_DIR": str(folder),
        "ESCALATION_CONFIG": str(folder / "escalation.yaml"),
        "ESCALATION_BROKER_URL": "memory://secret-broker",
        "ESCALATION_PUBLIC_URL": PUBLIC,
        "PLIVO_AUTH_ID": account.auth_id,
        "PLIVO_AUTH_TOKEN": account.auth_token,
        "PLIVO_FROM_NUMBER": FROM,
        "PLIVO_API_URL": sandbox.url,
        "SLACK_API_URL": f"{sandbox.url}/api/",
        "SMTP_URL": f"smtp://127.0.0.1:{sandbox.smtp_port}",
        **SECRETS,
    }
    schema.migrate(Settings.from_env(environ).sql_url)
    made = Ward(folder, sandbox, environ)
    made.apply(CONFIGURATION)
    with made.system.store.transaction() as tx:
        for one in standings(SECRETS["ESCALATION_SECRET_KEY"], tx.site().roster, ()):
            kept = mark(SECRETS["ESCALATION_SECRET_KEY"], one.number.address)
            tx.use_code(tx.keep_code(one.person, kept, Way.SMS, "", "zoe").id, "zoe")
    made.beat(*pulse.NEEDED, "queue intake", CLEAN)
    return made


def secrets_of(ward: Ward) -> tuple[str, ...]:
    """What must never be shown."""
    return (*SECRETS.values(), ward.sandbox.world.account.auth_token, "secret-broker", FROM[1:], "5550100001", "ann@example.org")
