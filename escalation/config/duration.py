"""Durations as people write them, `90s` `5m` `1h30m`, and back. Not dates, not clock times."""

from __future__ import annotations

import re
from datetime import timedelta

from escalation.config.faults import Refused

_WRITTEN = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def parsed(text: str) -> timedelta:
    """`1h30m` -> timedelta, largest unit first; raises `Refused` with a plain reason."""
    found = _WRITTEN.fullmatch(text.replace(" ", ""))
    if not found or not any(found.groups()):
        raise Refused("not a duration: write it like 90s, 5m or 1h30m")
    return timedelta(seconds=sum(int(n or 0) * unit for n, (_, unit) in zip(found.groups(), _UNITS, strict=True)))


def spelled(duration: timedelta) -> str:
    """The shortest way to write it, whole seconds; `0s` for nothing."""
    left, words = int(duration.total_seconds()), ""
    for letter, unit in _UNITS:
        count, left = divmod(left, unit)
        words += f"{count}{letter}" if count else ""
    return words or "0s"
