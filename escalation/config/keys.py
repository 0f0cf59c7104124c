"""Intake keys: making one, checking one, reading them from a file of their own (a mounted secret). Never shows a key."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from escalation.config.faults import Refused

MIN_LENGTH = 16
PAGERDUTY_LENGTH = 32
_MAX_FILE = 65_536
_WRITTEN = re.compile(r"[A-Za-z0-9_-]+")


def new_key() -> str:
    """A fresh key of 32 characters, what PagerDuty-shaped clients insist on."""
    return secrets.token_hex(PAGERDUTY_LENGTH // 2)


def checked(key: str) -> str:
    """The key; raises `Refused` with a plain reason."""
    if len(key) < MIN_LENGTH:
        raise Refused(f"an intake key has at least {MIN_LENGTH} characters (`escalation config key` makes one)")
    if len(key) > 128 or not _WRITTEN.fullmatch(key):
        raise Refused("an intake key is made of a-z, A-Z, 0-9, _ and - only, 128 at most: it stands in URLs")
    return key


def from_file(path: Path) -> tuple[str, ...]:
    """Keys from a file, one a line, `#` for comments; raises `Refused` with a plain reason."""
    try:
        if not path.is_file():  # neither a folder nor a pipe that would keep us waiting
            raise Refused("no such file")
        with path.open("rb") as file:
            text = file.read(_MAX_FILE + 1).decode()
    except UnicodeDecodeError:
        raise Refused("not a text file") from None
    except OSError as error:
        raise Refused(f"cannot be read ({type(error).__name__})") from None
    return _listed(text)


def is_placeholder(key: str) -> bool:
    """Whether it is a key out of an example, which everybody knows."""
    return key.lower().startswith(("replace", "change", "example"))


def _listed(text: str) -> tuple[str, ...]:
    if len(text) > _MAX_FILE:
        raise Refused("too long for a file of keys")
    keys = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise Refused("there is no key in that file")
    return tuple(checked(key) for key in keys)
