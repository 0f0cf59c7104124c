"""What the schedules will disappoint with in the next 90 days: gaps, people who are on call twice, layers that want the same hours or are
never seen. Warnings, each counted and shown by its first; what is wrong at any time is in `advice`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from escalation.config.faults import Path
from escalation.domain.coverage import Collision, Overlap, collisions, gaps, overlaps, unseen
from escalation.domain.policy import Site
from escalation.domain.schedule import Schedule, Shift, shifts

AHEAD = timedelta(days=90)
AN_HOUR = timedelta(hours=1)
Advice = Iterator[tuple[Path, str]]


class Spell(Protocol):
    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...


def warnings(site: Site, now: datetime) -> Advice:
    """By path of the file. What people arranged at run time is not asked about: the file is judged."""
    schedules, until = site.roster.schedules, now + AHEAD
    found = {name: shifts(schedule, now, until) for name, schedule in schedules.items()}
    for name, schedule in schedules.items():
        yield from _of_one(schedule, found[name], now)
    for (person, names), theirs in _by_person(overlaps(found)).items():
        text = f"is on call in {' and '.join(names)} at once {told(theirs, schedules[names[0]].zone)}"
        yield ("people", person), text


def told(spells: Sequence[Spell], zone: ZoneInfo) -> str:
    """`3 times (27 h) in the next 90 days, first from Mon 2026-01-05 09:00 to Tue 2026-01-06 09:00`."""
    count = "once" if len(spells) == 1 else f"{len(spells)} times"
    total = sum((s.end - s.start for s in spells), timedelta(0)) / AN_HOUR
    first = spells[0]
    when = f"{_local(first.start, zone)} to {_local(first.end, zone)}"
    return f"{count} ({total:.4g} h) in the next {AHEAD.days} days, first from {when}"


def _of_one(schedule: Schedule, found: Sequence[Shift], now: datetime) -> Advice:
    path: Path = ("schedules", schedule.name)
    if holes := gaps(found):
        yield path, f"nobody is on call {told(holes, schedule.zone)}: {holes[0].why}"
    for (lower, upper), theirs in _by_pair(collisions(schedule, now, now + AHEAD)).items():
        yield path, f"{lower} and {upper} want the same hours, {upper} has them {told(theirs, schedule.zone)}"
    for name in unseen(schedule, found):
        n = next(i for i, layer in enumerate(schedule.layers) if layer.name == name)
        yield (*path, "layers", n), f"nobody is on call by it in the next {AHEAD.days} days"


def _by_person(found: Sequence[Overlap]) -> dict[tuple[str, tuple[str, ...]], list[Overlap]]:
    by: dict[tuple[str, tuple[str, ...]], list[Overlap]] = defaultdict(list)
    for one in found:
        by[(one.person, one.schedules)].append(one)
    return by


def _by_pair(found: Sequence[Collision]) -> dict[tuple[str, str], list[Collision]]:
    by: dict[tuple[str, str], list[Collision]] = defaultdict(list)
    for one in found:
        by[(one.lower, one.upper)].append(one)
    return by


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
