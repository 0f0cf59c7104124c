"""`notices` and `readiness` of a person: when and how they are told that a shift of theirs begins, and called for a test before it. Same manner as `words`."""

from __future__ import annotations

from datetime import timedelta

from escalation.config import duration, words
from escalation.config.document import Odd
from escalation.config.faults import Refused, guess, quoted
from escalation.domain.roster import Channel, ShiftNotices

CHANNELS = {channel.value: channel for channel in (Channel.SLACK, Channel.EMAIL, Channel.SMS)}
_KEYS = ("by", "at")
MOST = 10


def notices(value: object) -> ShiftNotices:
    """`{by: sms, at: [24h, 1h, 0m]}`, either of them alone, or `no`."""
    if value is False:
        return ShiftNotices(None, ())
    if not isinstance(value, dict) or not value:
        raise Refused("written like `{by: slack, at: [24h, 1h]}`, or `no`")
    unknown = next((key for key in value if key not in _KEYS), None)
    if unknown is not None:
        raise Refused(f"unknown key {quoted(unknown)}{guess(unknown, _KEYS, public=True)} (there are: {', '.join(_KEYS)})")
    by = _channel(value["by"]) if "by" in value else None
    return ShiftNotices(by, _leads(value["at"]) if "at" in value else ShiftNotices().at)


def readiness(value: object) -> timedelta | None:
    """`1d` before a shift, or `no`."""
    return None if value is False else words.span(value)


def _channel(value: object) -> Channel:
    if not isinstance(value, str) or value not in CHANNELS:
        raise Refused(f"`by` is one of {', '.join(CHANNELS)}")
    return CHANNELS[value]


def _leads(value: object) -> tuple[timedelta, ...]:
    said = value if isinstance(value, list) else [value]
    if not 1 <= len(said) <= MOST:
        raise Refused(f"`at` has 1 to {MOST} times; for none say `notices: no`")
    return tuple(sorted({_lead(one) for one in said}, reverse=True))


def _lead(value: object) -> timedelta:
    if isinstance(value, (int, Odd)):
        raise Refused("a number needs its unit: write it like 24h, 30m or 0m")
    found = duration.parsed(words.text(value))
    if found > words.MAX_DURATION:
        raise Refused(f"at most {duration.spelled(words.MAX_DURATION)} before the shift")
    return found
