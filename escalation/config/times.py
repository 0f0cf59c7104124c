"""Words of the file about days and times of the week -> what they mean: dates, times of day, weekdays, hours that a layer is
restricted to. Same manner as `words`. YAML reads a bare date as a date and 18:00 as a number; here both are what they look like."""

from __future__ import annotations

import re
from datetime import date, time

from escalation.config.document import Odd
from escalation.config.faults import Refused, guess, quoted
from escalation.config.words import described
from escalation.domain.localtime import DAY
from escalation.domain.rotation import EVERY_DAY
from escalation.domain.week import Window, daily

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = time(0)
FIRST_YEAR, LAST_YEAR = 2000, 2100
NEVER = date(1970, 1, 1)  # of a rotation that there is not
MOST_HOURS = 24 * 366
MOST_EVERY = 100
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WINDOW = ("days", "from", "to")


def day(value: object) -> date:
    said = _bare(value)
    try:
        found = date.fromisoformat(said) if _DATE.fullmatch(said) else None
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Refused(f"a day such as 2026-01-05 expected, of the years {FIRST_YEAR} to {LAST_YEAR}")
    return found


def clock(value: object) -> time:
    """A time of day, to the minute."""
    found = _CLOCK.fullmatch(_bare(value))
    if not found:
        raise Refused('a time of day from "00:00" to "23:59" expected')
    return time(int(found[1]), int(found[2]))


def weekdays(value: object) -> tuple[int, ...]:
    """0 is Monday; in order, each once."""
    said = value if isinstance(value, list) else [value]
    if not said:
        raise Refused("is empty, at least one day is needed")
    return tuple(sorted({_weekday(word) for word in said}))


def every(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_EVERY:
        raise Refused(f"a plain number from 1 to {MOST_EVERY} expected: a turn ends on every one, every second, … of the days")
    return value


def hours(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_HOURS:
        raise Refused(f"a plain number from 1 to {MOST_HOURS} expected: how many hours a turn lasts")
    return value


def windows(value: object) -> tuple[Window, ...]:
    """`{days: [mon, tue], from: "09:00", to: "18:00"}`, or one stretch of the week, `{from: fri 18:00, to: mon 08:00}`."""
    if not isinstance(value, dict):
        raise Refused(f'hours such as {{days: [mon], from: "09:00", to: "18:00"}} expected, not {described(value)}')
    unknown = next((key for key in value if key not in _WINDOW), None)
    if unknown is not None:
        raise Refused(f"unknown key {quoted(unknown)}{guess(unknown, _WINDOW)} (there are: {', '.join(_WINDOW)})")
    begin, end = value.get("from"), value.get("to")
    if "days" in value:
        return daily(weekdays(value["days"]), _or_midnight(begin), _or_midnight(end))
    if begin is None or end is None:
        raise Refused("`from` and `to` are both needed where there are no `days`")
    if _has_day(begin) and _has_day(end):
        return (Window(*_of_the_week(begin), *_of_the_week(end)),)
    return daily(EVERY_DAY, clock(begin), clock(end))


def moment(second: int) -> str:
    """`fri 18:00`, of seconds since Monday 00:00."""
    return f"{DAYS[second // DAY % 7]} {second % DAY // 3600:02}:{second % 3600 // 60:02}"


def _or_midnight(value: object) -> time:
    return MIDNIGHT if value is None else clock(value)


def _has_day(value: object) -> bool:
    return isinstance(value, str) and " " in value.strip()


def _of_the_week(value: object) -> tuple[int, time]:
    word, _, rest = str(value).strip().partition(" ")
    return _weekday(word), clock(rest.strip())


def _weekday(value: object) -> int:
    word = value.lower() if isinstance(value, str) else ""
    near = [d for d in DAYS if len(word) > len(d) and word.startswith(d)]
    if word not in DAYS:
        hint = f", did you mean `{near[0]}`?" if near else f" ({', '.join(DAYS)})"
        raise Refused(f"no such day{hint}")
    return DAYS.index(word)


def _bare(value: object) -> str:
    return value.text if isinstance(value, Odd) else value.strip() if isinstance(value, str) else ""
