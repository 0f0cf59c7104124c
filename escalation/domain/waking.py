"""When a snooze ends: what a person says by their own clock (`07:30`, the next morning) as an instant. Safe on the two nights on which the
clock is changed (`localtime`). Not durations (`config.duration`), and nothing here asks what time it is."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.localtime import instant, on_the_wall
from escalation.domain.roster import Responder, Roster
from escalation.errors import BadInput

MORNING = time(8)
LONGEST = timedelta(days=31)
ONE_DAY = timedelta(days=1)
HOW = "write it like 07:30, tomorrow, next-morning, tomorrow 07:30 or 2026-11-30 07:30"
_SAID = re.compile(r"(?:(?P<day>tomorrow|\d{4}-\d{2}-\d{2})(?: |$))?(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d))?", re.ASCII)


def wakes_at(said: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant, in UTC, that somebody in that zone means; a time alone is the next time their clock shows it. Raises `BadInput`
    with the reason."""
    today = now.astimezone(zone).date()
    if said in ("next-morning", "next morning"):
        return bounded(_next(MORNING, zone, now), now)
    found = _SAID.fullmatch(said)
    if not said or not found:
        raise BadInput([f"{said[:40]!r} is not a time: {HOW}"])
    at = time(int(found["hour"]), int(found["minute"])) if found["hour"] else MORNING
    match found["day"]:
        case None:
            until = _next(at, zone, now)
        case "tomorrow":
            until = instant(zone, on_the_wall(today + ONE_DAY, at))
        case day:
            until = instant(zone, on_the_wall(_date(day), at))
    return bounded(until, now)


def bounded(until: datetime, now: datetime) -> datetime:
    """Raises `BadInput` for what is over, and for what nobody would remember."""
    if until <= now:
        raise BadInput([f"{until:%Y-%m-%d %H:%M} UTC is over"])
    if until - now > LONGEST:
        raise BadInput([f"a snooze lasts {LONGEST.days} days at most"])
    return until


def morning(zone: str, now: datetime) -> datetime:
    """The next 08:00 there, in UTC."""
    return _next(MORNING, known(zone) or ZoneInfo("UTC"), now)


def person(roster: Roster, name: str) -> Responder | None:
    """Whoever is called that, by handle or by name, where there is one only."""
    called = name.casefold()
    found = [p for h, p in roster.people.items() if called in (h.casefold(), p.name.casefold())]
    return found[0] if len(found) == 1 else None


def known(zone: str) -> ZoneInfo | None:
    """None for one that this machine does not know."""
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return None


def _next(at: time, zone: ZoneInfo, now: datetime) -> datetime:
    """A time that comes twice is the first of the two: between them, it is tomorrow's."""
    today = now.astimezone(zone).date()
    until = instant(zone, on_the_wall(today, at))
    return until if until > now else instant(zone, on_the_wall(today + ONE_DAY, at))


def _date(day: str) -> date:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise BadInput([f"{day} is no day"]) from None
    if not 2000 <= found.year < 9000:  # beyond that a calendar ends
        raise BadInput([f"a snooze lasts {LONGEST.days} days at most"])
    return found
