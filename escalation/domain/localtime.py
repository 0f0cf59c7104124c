"""Local time as one number that never runs back, and the way from it to an instant. Everything a schedule says (hand-offs, hours,
first and last days) is said in local time, and on two nights a year some of that time is missing or comes twice. One rule for all of it:
read a wall clock that is put forward but never put back. While an hour comes for the second time, the clock stands at that hour's last
second. So

* a time that comes twice is the first of the two;
* a time that does not come is the first instant after the gap;
* what ends when something else begins meets it on every night, since both go by the same clock.

Not who is on call (`schedule`), and nothing here asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR = 3_600
DAY = 24 * HOUR
WEEK = 7 * DAY
FIRST = datetime(1970, 1, 1)  # noqa: DTZ001  a local time: it belongs to every zone
FIRST_DAY = FIRST.toordinal()
MONDAY = -3 * DAY  # the reading at which the week of 1970-01-01 began
SECOND = timedelta(seconds=1)


def reading(zone: ZoneInfo, at: datetime) -> int:
    """Seconds on the zone's wall clock since 1970-01-01 00:00 there, at an aware instant. Never less than at an earlier instant."""
    local = at.astimezone(zone)
    if local.fold:
        before, after = _offset(local.replace(fold=0)), _offset(local)
        return _seconds(_change(zone, at - (before - after), at) + before) - 1
    return _seconds(local)


@lru_cache(maxsize=1 << 16)  # a site's schedules change hands at the same few times of the day
def instant(zone: ZoneInfo, wall: int) -> datetime:
    """The first instant, in UTC, at which the zone's wall clock reads this or later."""
    local = (FIRST + timedelta(seconds=wall)).replace(tzinfo=zone)
    before, after = _offset(local), _offset(local.replace(fold=1))
    if after <= before:
        return local.astimezone(UTC)
    naive = local.replace(tzinfo=UTC)
    return _change(zone, naive - after, naive - before)


def on_the_wall(day: date, at: time) -> int:
    """What the clock reads on that local day at that time of day."""
    return (day.toordinal() - FIRST_DAY) * DAY + of_the_day(at)


def of_the_day(at: time) -> int:
    return at.hour * HOUR + at.minute * 60 + at.second


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second, in UTC, at which the clocks were changed, somewhere in between."""
    old = _offset(before.astimezone(zone))
    low, high = 0, int((after - before) / SECOND) + 1
    while low < high:
        middle = (low + high) // 2
        if _offset((before + middle * SECOND).astimezone(zone)) == old:
            low = middle + 1
        else:
            high = middle
    return (before + low * SECOND).astimezone(UTC).replace(microsecond=0)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta(0)


def _seconds(local: datetime) -> int:
    return (local.toordinal() - FIRST_DAY) * DAY + local.hour * HOUR + local.minute * 60 + local.second
