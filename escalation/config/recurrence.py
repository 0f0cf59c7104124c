"""When an event of a calendar is: its beginning, its length, its repetitions within a window. Of RRULE it takes what shifts need, every n-th
day or week on some weekdays, with COUNT or UNTIL; all else is refused rather than guessed at or walked through: what lies before the window
is counted, not visited, so no rule is slow. Everything is local time, as everywhere in schedules: a shift from nine to nine is one in
the weeks in which clocks are changed, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.config import words
from escalation.config.faults import Refused
from escalation.config.ical import Event, Property
from escalation.config.times import FIRST_YEAR, LAST_YEAR

LONGEST = timedelta(days=92)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST = 10_000  # of INTERVAL and COUNT
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
_LASTS = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)
_RULE = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST")


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time in a zone; `whole_day`: only the day was said."""

    zone: ZoneInfo
    wall: datetime
    whole_day: bool = False

    def on(self, zone: ZoneInfo) -> datetime:
        """The local time there."""
        return self.wall if zone == self.zone else self.wall.replace(tzinfo=self.zone).astimezone(zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Rule:
    """Each `period` from `base` on has these `offsets`; the first `before` of them lie before the event and do not count."""

    base: datetime
    period: timedelta
    offsets: tuple[timedelta, ...]
    before: int
    count: int
    until: datetime


def moment(prop: Property, zone: ZoneInfo) -> Moment:
    """`zone`: of times that name none. Raises `Refused`."""
    return _moment(prop, prop.value, zone)


def moments(prop: Property, zone: ZoneInfo) -> list[Moment]:
    return [_moment(prop, value, zone) for value in prop.value.split(",")]


def length(event: Event, start: Moment) -> timedelta:
    """By the clock on the wall. Raises `Refused`."""
    end, lasts = event.one("DTEND"), event.one("DURATION")
    if end is not None and lasts is not None:
        raise Refused("DTEND and DURATION: not both")
    if end is not None:
        found = moment(end, start.zone).on(start.zone) - start.wall
    elif lasts is not None:
        found = _duration(lasts)
    else:
        found = DAY if start.whole_day else timedelta(0)
    if not timedelta(0) < found <= LONGEST:
        raise Refused(f"it must last longer than nothing and at most {LONGEST.days} days")
    return found


def rule(event: Event, start: Moment) -> Rule | None:
    """None for an event that is once. Raises `Refused`."""
    for name in ("RDATE", "EXRULE"):
        if event.all(name):
            raise Refused(f"{name} is not read here")
    prop = event.one("RRULE")
    if prop is None:
        return None
    said = _parts(prop)
    interval, count = _number(said, "INTERVAL", 1), _number(said, "COUNT", 0)
    until = _until(prop, said["UNTIL"], start) if "UNTIL" in said else datetime.max  # noqa: DTZ901  a local time
    if said.get("FREQ") == "DAILY" and "BYDAY" not in said:
        return Rule(start.wall, interval * DAY, (timedelta(0),), 0, count, until)
    if said.get("FREQ") != "WEEKLY":
        raise Refused("RRULE: only FREQ=DAILY, and FREQ=WEEKLY with or without BYDAY, are read here")
    return _weekly(said, start, interval, count, until)


def starts(start: Moment, rule: Rule | None, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Local times from `begin` up to `end` at which it begins, in order."""
    if rule is None:
        if begin <= start.wall < end:
            yield start.wall
        return
    n = max(0, (begin - rule.base) // rule.period)
    while True:
        for i, offset in enumerate(rule.offsets):
            number = n * len(rule.offsets) + i - rule.before
            if rule.count and number >= rule.count:
                return
            at = rule.base + n * rule.period + offset
            if at >= end or at > rule.until:
                return
            if number >= 0 and at >= begin:
                yield at
        n += 1


def _weekly(said: dict[str, str], start: Moment, interval: int, count: int, until: datetime) -> Rule:
    first = _day(said.get("WKST", "MO"))
    days = sorted({(_day(word) - first) % 7 for word in said.get("BYDAY", DAYS[start.wall.weekday()]).split(",")})
    mine = (start.wall.weekday() - first) % 7
    if mine not in days:
        raise Refused("RRULE: it begins on a day that its BYDAY leaves out")
    return Rule(start.wall - mine * DAY, interval * WEEK, tuple(d * DAY for d in days), days.index(mine), count, until)


def _parts(prop: Property) -> dict[str, str]:
    said: dict[str, str] = {}
    for part in prop.value.strip().upper().split(";"):
        name, _, value = part.partition("=")
        if name not in _RULE:
            raise Refused(f"RRULE: of its parts only {', '.join(_RULE)} are read here")
        if name in said:
            raise Refused(f"RRULE: {name} is said twice")
        said[name] = value
    if "COUNT" in said and "UNTIL" in said:
        raise Refused("RRULE: COUNT and UNTIL: not both")
    return said


def _number(said: dict[str, str], name: str, default: int) -> int:
    if name not in said:
        return default
    text = said[name]
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= MOST:
        raise Refused(f"RRULE: {name} must be a number from 1 to {MOST:,}")
    return int(text)


def _until(prop: Property, value: str, start: Moment) -> datetime:
    """The last at which it may begin; a day means its end."""
    found = _moment(Property(prop.line, "UNTIL", value), value, start.zone)
    return found.wall + DAY - timedelta(seconds=1) if found.whole_day else found.on(start.zone)


def _day(word: str) -> int:
    if word not in DAYS:
        raise Refused(f"RRULE: days are {', '.join(DAYS)}, without a number")
    return DAYS.index(word)


def _moment(prop: Property, value: str, zone: ZoneInfo) -> Moment:
    said = _MOMENT.fullmatch(value.strip())
    try:
        wall = datetime.strptime(said[1] + (said[2] or "000000"), "%Y%m%d%H%M%S") if said else None  # noqa: DTZ007
    except ValueError:
        wall = None
    if said is None or wall is None or not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise Refused(f"{prop.name}: a time such as 20260105T090000 expected, of the years {FIRST_YEAR} to {LAST_YEAR}")
    if said[3]:
        return Moment(ZoneInfo("UTC"), wall)
    return Moment(_zone(prop, zone), wall, whole_day=said[2] is None)


def _zone(prop: Property, zone: ZoneInfo) -> ZoneInfo:
    name = prop.parameters.get("TZID", "")
    try:
        return ZoneInfo(words.timezone(name)) if name else zone
    except Refused:
        raise Refused(f"{prop.name}: no such time zone; only names such as Europe/Berlin are read here") from None


def _duration(prop: Property) -> timedelta:
    said = _LASTS.fullmatch(prop.value.strip())
    if said is None:
        raise Refused("DURATION: such as P7D or PT12H expected")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in said.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
