"""Maintenance windows: times in which what begins is recorded and not paged. Recurring ones stand in the configuration, by days and hours
of a time zone; planned ones are made at run time, by somebody. Which are on, and which are refused. Not what they do to an incident
(`holding`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.alert import Severity
from escalation.domain.localtime import instant, reading
from escalation.domain.week import Week

LONGEST = timedelta(days=7)
GRACE = timedelta(minutes=1)  # whoever writes the minute that it is means now
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """Which incidents are meant: of these services (none: of all), with all of these details, no worse than `at_most`, as bad as
    `at_least`."""

    services: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    at_most: Severity | None = None
    at_least: Severity | None = None

    def covers(self, service: str, details: Mapping[str, object], severity: Severity) -> bool:
        is_theirs = not self.services or service in self.services
        is_mild = self.at_most is None or severity.rank >= self.at_most.rank
        is_bad = self.at_least is None or severity.rank <= self.at_least.rank
        return (
            is_theirs
            and is_mild
            and is_bad
            and all(name in details and said(details[name]) == v for name, v in self.labels.items())
        )

    def __str__(self) -> str:
        """`payments, host=db-1, at most warning`."""
        labels = [f"{name}={value}" for name, value in self.labels.items()]
        mild = [f"at most {self.at_most}"] if self.at_most else []
        bad = [f"at least {self.at_least}"] if self.at_least else []
        return ", ".join([*self.services, *labels, *mild, *bad])


@dataclass(frozen=True, slots=True)
class Recurring:
    """Every week in these hours, on the zone's wall clock. `stops`: what is being paged when it begins is held, too."""

    name: str
    scope: Scope
    week: Week
    zone: ZoneInfo
    reason: str = ""
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """Once, from `start` to before `end` (UTC)."""

    scope: Scope
    start: datetime
    end: datetime
    reason: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned window, with who made it and who ended it early. Kept until it is long over."""

    id: int
    what: Planned
    made_by: str
    made_at: datetime
    ended_by: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class On:
    """A window that is open now, and since and until when."""

    why: str
    scope: Scope
    start: datetime
    end: datetime
    stops: bool
    id: int = 0  # of a planned one


def on_now(recurring: Mapping[str, Recurring], planned: Collection[Maintenance], now: datetime) -> tuple[On, ...]:
    weekly = (opening(window, now) for window in recurring.values())
    once = (_planned(one) for one in planned if one.ended_at is None and one.what.start <= now < one.what.end)
    return (*(window for window in weekly if window), *once)


def opening(window: Recurring, now: datetime) -> On | None:
    """On the nights on which clocks are changed hours are meant as in a schedule: an edge that comes twice is the first of the two, one
    that does not come is the first instant after the gap; so a window that lies in the gap alone is not open at all that night."""
    is_open, since, until = window.week.around(reading(window.zone, now))
    if not is_open or since is None or until is None:
        return None
    start, end = instant(window.zone, since), instant(window.zone, until)
    why = f"maintenance {window.name}{f' ({window.reason})' if window.reason else ''}"
    return On(why, window.scope, start, end, window.stops) if start <= now < end else None


def _planned(one: Maintenance) -> On:
    return On(f"maintenance {one.id} ({one.what.reason})", one.what.scope, one.what.start, one.what.end, one.what.stops, one.id)


def said(value: object) -> str:
    """A detail as it is compared: true and 5 are not text where they come from."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def refusals(what: Planned, services: Collection[str], now: datetime) -> Iterator[str]:
    """Every reason why it cannot be; none when it can."""
    yield from _of_time(what, now)
    if not what.scope.services and not what.scope.labels:
        yield "it needs a service or a label: everything at once is never under maintenance"
    for service in what.scope.services:
        if service not in services:
            yield f"there is no service {service}"
    if not (what.reason.strip() and what.reason.isprintable() and len(what.reason) <= LONGEST_REASON):
        yield f"it needs a reason: one printable line of at most {LONGEST_REASON} characters"


def _of_time(what: Planned, now: datetime) -> Iterator[str]:
    if what.end <= what.start:
        yield "it ends before it begins"
    elif what.end <= now:
        yield "it is in the past"
    elif what.start < now - GRACE:
        yield "it begins in the past: let it begin now"
    if what.end - what.start > LONGEST:
        yield f"it lasts {(what.end - what.start) / timedelta(days=1):.1f} days: {LONGEST.days} at most"
