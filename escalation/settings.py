"""What the environment says, checked once, all faults together. Nothing else reads `os.environ`. Not the people, policies and
services: those are the YAML file (`config`)."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from escalation.errors import BadSettings

PREFIX = "ESCALATION_"
TESTS = "ESCALATION_TEST_"  # what the test suite is told by


def _secret() -> str:
    return field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per environment variable (`NAMES`), each also readable from a file as `…_FILE`. Empty means not configured."""

    data_dir: Path = Path("var")
    database_url: str = _secret()  # default: SQLite in the data folder
    broker_url: str = _secret()  # default: the embedded broker's socket in the data folder
    public_url: str = ""
    secret_key: str = _secret()
    config: Path = Path("escalation.yaml")
    console_password: str = _secret()
    trusted_proxies: int = 0  # how many of them write X-Forwarded-For in front of us; 0: it is not looked at
    ping_url: str = _secret()
    watch_phones: tuple[str, ...] = field(default=(), repr=False)  # these two are the watcher's, on another machine
    watch_mails: tuple[str, ...] = field(default=(), repr=False)
    self_test_number: str = _secret()  # E.164, answered by a machine; empty: no self-test
    self_test_every: timedelta = timedelta(days=1)
    self_test_url: str = ""  # where the receiver takes the test's alert; default: the public URL
    keep_days: int = 400  # closed incidents; 0: for ever
    mail_from: str = ""
    plivo_auth_id: str = ""
    plivo_auth_tokens: tuple[str, ...] = field(default=(), repr=False)
    plivo_from_number: str = ""
    plivo_api_url: str = "https://api.plivo.com"
    plivo_calls_per_second: int = 2  # what the account may begin; 0: as many as come
    plivo_texts_per_second: int = 5
    slack_webhook_url: str = _secret()
    slack_bot_token: str = _secret()
    slack_signing_secret: str = _secret()
    slack_api_url: str = "https://slack.com/api/"
    smtp_url: str = _secret()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Reads and checks all settings; raises `BadSettings` with every fault, never with a value that may be secret."""
        faults: list[str] = []
        said = {name: _read(environ, variable, faults) for name, variable in NAMES.items()}
        for name, most in NUMBERS.items():
            if said[name] and not _is_number(said[name] or "", most):
                faults.append(f"{NAMES[name]}: not a number from 0 to {most}")
                del said[name]
        if said["self_test_every"] and _span(said["self_test_every"]) is None:
            faults.append(f"{NAMES['self_test_every']}: not a time from 10m to 30d (write it like 12h or 1d)")
            del said["self_test_every"]
        values: dict[str, object] = {n: _converted(n, text) for n, text in said.items() if text is not None}
        settings = cls(**values)  # type: ignore[arg-type]
        faults += [f"{NAMES[n]}: not a URL with scheme and host" for n in URLS if not _is_url(getattr(settings, n))]
        if bool(settings.plivo_auth_id) != bool(settings.plivo_auth_tokens):
            faults.append("PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN: one is set without the other")
        if settings.plivo_auth_id and not settings.plivo_from_number:
            faults.append("PLIVO_FROM_NUMBER: missing, calls need a caller id")
        faults += [f"{NAMES['self_test_number']}: {fault}" for fault in _of_the_test(settings)]
        if faults:
            raise BadSettings(faults)
        return settings

    @property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'escalation.sqlite'}"

    @property
    def tests_itself(self) -> bool:
        """Whether there is a number for the self-test, and a secret that its intake key can be made of."""
        return bool(self.self_test_number and self.secret_key)


NAMES: dict[str, str] = {
    f.name: f.name.upper() if f.name.startswith(("plivo_", "slack_", "smtp_")) else PREFIX + f.name.upper()
    for f in fields(Settings)
} | {"plivo_auth_tokens": "PLIVO_AUTH_TOKEN"}
WITH_PLIVO = {
    "public_url": "ESCALATION_PUBLIC_URL: missing, Plivo asks there what to say, and tells there which key was pressed",
    "secret_key": "ESCALATION_SECRET_KEY: missing, without it texts have no link and no reply code",
}
MOST_PROXIES = 9
NUMBERS = {"trusted_proxies": MOST_PROXIES, "keep_days": 36500, "plivo_calls_per_second": 1000, "plivo_texts_per_second": 1000}
LISTS = ("plivo_auth_tokens", "watch_phones", "watch_mails")
URLS = ("public_url", "self_test_url", "ping_url", "plivo_api_url", "slack_webhook_url", "slack_api_url")
SPANS = (timedelta(minutes=10), timedelta(days=30))  # of the self-test: one takes some minutes when nobody answers
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def _read(environ: Mapping[str, str], variable: str, faults: list[str]) -> str | None:
    if variable in environ:
        return environ[variable].strip()
    if file := environ.get(variable + "_FILE"):
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{variable}_FILE: cannot be read ({type(error).__name__})")
    return None


def _converted(name: str, text: str) -> object:
    if name in ("data_dir", "config"):
        return Path(text)
    if name in NUMBERS:
        return int(text) if text else getattr(Settings(), name)
    if name == "self_test_every":
        return _span(text) or Settings().self_test_every
    if name in LISTS:
        return tuple(t.strip() for t in text.split(",") if t.strip())
    return text.rstrip("/") if name in ("public_url", "plivo_api_url") else text


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= most


def _span(text: str) -> timedelta | None:
    """`30m`, `12h`, `1d`; None for anything else, and for what is too short or too long."""
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text, re.ASCII)
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    return span if span and SPANS[0] <= span <= SPANS[1] else None


def _of_the_test(settings: Settings) -> list[str]:
    """What is wrong with the self-test's number; never the number."""
    number, ours = settings.self_test_number, re.sub(r"[^0-9]", "", settings.plivo_from_number)
    if not number:
        return []
    if not _NUMBER.fullmatch(number):
        return ["not a number with + and country code, digits only"]
    if not settings.plivo_auth_id:
        return ["there is no Plivo account that could call it"]
    return ["the number that we call from cannot call itself"] if number[1:] == ours else []


def _is_url(text: str) -> bool:
    if not text:
        return True
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def started(environ: Mapping[str, str]) -> Settings:
    """For processes that serve or send: the settings, what looks like one and is none named on standard error. Raises `BadSettings`
    too for what a single command, or `up`, which keeps a secret key of its own, can do without."""
    settings = Settings.from_env(environ)
    warn(environ)
    if faults := [fault for name, fault in WITH_PLIVO.items() if settings.plivo_auth_id and not getattr(settings, name)]:
        raise BadSettings(faults)
    return settings


def warn(environ: Mapping[str, str]) -> None:
    """Names on standard error what looks like a setting and is none."""
    for line in strange(environ):
        sys.stderr.write(f"escalation: {line}\n")


def strange(environ: Mapping[str, str]) -> list[str]:
    """Warnings for names that look like ours and are not: a mistyped one would pass silently. Not faults: Kubernetes sets
    `ESCALATION_SERVICE_HOST` and the like for a service of our name."""
    known = {v for n in NAMES.values() for v in (n, n + "_FILE")}
    strange = [name for name in environ if name.startswith(PREFIX) and name not in known and not name.startswith(TESTS)]
    return [f"{name}: no such setting{_guess(name, known)}" for name in sorted(strange)]


def _guess(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {close[0]}?" if close else ""
