"""Single words of the file -> what they mean: text, names, yes or no, durations, phone numbers, addresses. Each takes what YAML
made of the word and raises `Refused` with a plain reason that never repeats a number or a secret. Not what points at other
parts of the file (`references`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import ValidationInfo

from escalation.config import duration, keys, phone
from escalation.config.document import Odd
from escalation.config.faults import Refused, guess

MAX_DURATION = timedelta(days=7)
MAX_TEXT = 2_000
MAX_SPOKEN = 80
MAX_ROUNDS = 100
MAX_RING = timedelta(seconds=120)  # Plivo gives up a ringing phone then, whatever we ask for
MIN_RING = timedelta(seconds=5)
_PRICE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_NAME = re.compile(r"[^\W_][\w .-]{0,59}")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Known:
    """The names the file has, faulty entries too: what others may refer to."""

    people: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    allow_test_numbers: bool = False


def described(value: object) -> str:
    match value:
        case bool():
            return "true or false (as it does yes, no, on, off)"
        case int():
            return "a number"
        case Odd():
            return value.what
        case None:
            return "nothing"
        case list():
            return "a list"
        case dict():
            return "a block of `key: value`"
        case _:
            return "text"


def text(value: object) -> str:
    """Text of one line."""
    if not isinstance(value, str):
        if isinstance(value, (bool, int, Odd)):
            raise Refused(f"YAML reads this as {described(value)}: put it in quotes")
        raise Refused(f"text expected, not {described(value)}")
    if not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
        raise Refused("one line of text expected, without control characters")
    return value.strip()


def handle(value: object) -> str:
    """A person's name for machines: it stands in task names, so ASCII."""
    if text(value) != value or not _HANDLE.fullmatch(value):
        raise Refused("a person's short name is made of a-z, 0-9, `_`, `.` and `-`, 40 at most")
    return text(value)


def name(value: object) -> str:
    """Name of a team, schedule, layer, service or policy."""
    if text(value) != value or not _NAME.fullmatch(value):
        raise Refused("a name begins with a letter or digit, then also spaces, `_`, `.` and `-`; 60 at most")
    return text(value)


def full_name(value: object) -> str:
    if len(text(value)) > MAX_SPOKEN:
        raise Refused("too long to be spoken: at most 80 characters")
    return text(value)


def boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"true or false expected, not {described(value)}")
    return value


def rounds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ROUNDS:
        raise Refused("a plain number from 1 to 100 expected: how often all steps are gone through")
    return value


def price(value: object) -> Decimal:
    """`0.013`, in whatever currency the carrier's bill is in."""
    said = value.text if isinstance(value, Odd) else str(value)
    if isinstance(value, bool) or not _PRICE.fullmatch(said):
        raise Refused("a price such as 0.013 expected")
    return Decimal(said)


def amount(value: object) -> Decimal:
    """`20.00`, more than nothing, in the same currency."""
    said = value.text if isinstance(value, Odd) else str(value)
    if isinstance(value, bool) or not _AMOUNT.fullmatch(said) or not Decimal(said):
        raise Refused("an amount such as 20.00 expected, more than nothing")
    return Decimal(said)


def timezone(value: object) -> str:
    zone = text(value)
    if zone not in _zones():
        raise Refused(f"no such time zone{guess(zone, _zones(), public=True) or ' (write it like Europe/Berlin)'}")
    return zone


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def span(value: object) -> timedelta:
    """More than nothing, at most a week."""
    if isinstance(value, (int, Odd)) and not isinstance(value, bool):
        raise Refused("a number needs its unit: write it like 90s, 5m or 1h30m")
    found = duration.parsed(text(value))
    if not timedelta(0) < found <= MAX_DURATION:
        raise Refused(f"must be more than 0s and at most {duration.spelled(MAX_DURATION)}")
    return found


def ring(value: object) -> timedelta:
    found = span(value)
    if not MIN_RING <= found <= MAX_RING:
        raise Refused(f"a phone rings for {duration.spelled(MIN_RING)} to {duration.spelled(MAX_RING)}")
    return found


def expiry(value: object) -> timedelta | None:
    return None if value == "never" else span(value)


def own_expiry(value: object) -> timedelta:
    """Zero for never: nothing said is the policy's."""
    return expiry(value) or timedelta(0)


def number(value: object, info: ValidationInfo) -> str:
    if isinstance(value, (int, Odd)) and not isinstance(value, bool):
        raise Refused('YAML reads a bare number as an amount: put it in quotes, "+49 30 …"')
    return phone.e164(text(value), allow_test=known(info).allow_test_numbers)


def text_number(value: object, info: ValidationInfo) -> str:
    """The number for texts; empty for `no`."""
    if value is True or value is None:
        raise Refused("a number in quotes expected, or `no` for no texts")
    return "" if value is False else number(value, info)


def email(value: object) -> str:
    if not _EMAIL.fullmatch(text(value)) or ".." in text(value):
        raise Refused("not an e-mail address")
    return text(value)


def slack_user(value: object) -> str:
    if not _SLACK_USER.fullmatch(text(value)):
        raise Refused("a Slack member id such as U012ABC expected (in Slack: profile, ⋮, Copy member ID)")
    return text(value)


def key(value: object) -> str:
    return keys.checked(text(value))


def url(value: object) -> str:
    address = text(value)
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not address.isascii() or " " in address:
        raise Refused("not a URL: write it like https://example.org/path")
    return address


def known(info: ValidationInfo) -> Known:
    return info.context if isinstance(info.context, Known) else Known()
