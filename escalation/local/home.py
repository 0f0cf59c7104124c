"""One machine as `up` finds it: what was set, what its data folder keeps, what is still missing, and how that is told to whoever starts
it. Starts nothing (`up`), checks nothing that has to be asked for (`doctor`)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from escalation.build import System
from escalation.local.kept import kept
from escalation.local.processes import here, surroundings
from escalation.settings import NAMES, Settings, strange

LACKING = {
    "plivo_auth_id": "Without a Plivo account no phone rings and no text goes out",
    "public_url": "Carriers cannot call back, and messages carry no links",
    "console_password": "/incidents is closed to everybody",
}


def secret_key_file(settings: Settings) -> Path:
    """Where `up` keeps the key when none is set."""
    return settings.data_dir.absolute() / "secret.key"


@dataclass(frozen=True, slots=True)
class Home:
    """`outer` is the environment of whoever started us."""

    outer: Mapping[str, str] = field(repr=False)
    settings: Settings
    system: System

    @property
    def folder(self) -> Path:
        return self.settings.data_dir.absolute()

    @property
    def flower_file(self) -> Path:
        return self.folder / "flower.password"

    def environ(self) -> dict[str, str]:
        """What the processes see. Flower's other variables could undo its safe flags."""
        env = {k: v for k, v in self.outer.items() if not k.startswith("FLOWER_")}
        env["ESCALATION_DATA_DIR"] = str(self.folder)
        if not self.settings.secret_key:
            kept(file := secret_key_file(self.settings), lambda: secrets.token_hex(32))
            env.pop(NAMES["secret_key"], None)  # set and empty, it would win over the file
            env[NAMES["secret_key"] + "_FILE"] = str(file)
        return surroundings(env)

    def flower_login(self) -> str:
        return self.outer.get("FLOWER_BASIC_AUTH") or f"ops:{kept(self.flower_file, lambda: secrets.token_urlsafe(18))}"

    def where(self, bind: str, flower_port: int) -> Iterator[str]:
        """Where things are, and what opens them."""
        receiver = f"http://{here(bind)}"
        yield f"Receiver   {receiver}/  (alerts: /v2/enqueue, /intake/…; health: /readyz)"
        if not _is_loopback(bind):
            yield f"Open       {bind} is reached from other machines, without TLS: put a proxy before it"
        yield f"Incidents  {receiver}/incidents  password: ESCALATION_CONSOLE_PASSWORD"
        if flower_port:
            login = "FLOWER_BASIC_AUTH" if self.outer.get("FLOWER_BASIC_AUTH") else f"user ops, password in {self.flower_file}"
            yield f"Flower     http://127.0.0.1:{flower_port}/  {login}"
        embedded = f"embedded, in {self.folder / 'broker'}"
        yield f"Broker     {'the one of ESCALATION_BROKER_URL' if self.settings.broker_url else embedded}"
        yield f"Logs       {self.folder / 'log'}"
        if not self.settings.secret_key:
            yield f"Secret key ESCALATION_SECRET_KEY is not set: one is kept in {secret_key_file(self.settings)}"

    def missing(self) -> Iterator[str]:
        """What a site needs and this one has not."""
        if not self.system.queries.config_versions(1):
            yield "Missing: a configuration. Nobody is called before `escalation config apply`"
        for name, harm in LACKING.items():
            if not getattr(self.settings, name):
                yield f"Missing: {NAMES[name]}. {harm}"
        yield from (f"Strange: {line}" for line in strange(self.outer))


def _is_loopback(bind: str) -> bool:
    return bind.startswith(("127.", "localhost:", "[::1]:"))
