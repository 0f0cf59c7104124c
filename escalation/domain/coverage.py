"""What is wrong with schedules in the time to come: gaps, people who are on call twice, layers that collide or are never seen. Reads
shifts; decides nothing (`schedule`), and tells nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations

from escalation.domain.overrides import Emptiness, Override
from escalation.domain.schedule import Layer, Schedule, Shift, stint

Times = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody is on call, and why."""

    start: datetime
    end: datetime
    why: Emptiness


@dataclass(frozen=True, slots=True)
class Overlap:
    """One person is on call in several schedules at once: two incidents would ring one phone."""

    person: str
    schedules: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Collision:
    """Two restricted layers want the same time; the `upper` has it. A layer without restrictions is meant to lie below the others."""

    lower: str
    upper: str
    start: datetime
    end: datetime


def gaps(found: Iterable[Shift]) -> list[Gap]:
    """Of one schedule's shifts in order; what a gap's reason is the same for is one gap."""
    holes: list[Gap] = []
    for shift in found:
        if shift.empty is None:
            continue
        if holes and (holes[-1].end, holes[-1].why) == (shift.start, shift.empty):
            holes[-1] = replace(holes[-1], end=shift.end)
        else:
            holes.append(Gap(shift.start, shift.end, shift.empty))
    return holes


def overlaps(found: Mapping[str, Sequence[Shift]]) -> list[Overlap]:
    """Of all schedules' shifts, by schedule; in order of person and time."""
    duties: dict[str, list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for schedule, theirs in found.items():
        for shift in theirs:
            for person in shift.people:
                duties[person].append((shift.start, shift.end, schedule))
    return [overlap for person in sorted(duties) for overlap in _twice(person, duties[person])]


def collisions(schedule: Schedule, start: datetime, end: datetime) -> list[Collision]:
    """Between restricted layers, whoever's turn it is there; the pairs in order from the lowest."""
    live = [(layer.name, _live(layer, schedule, start, end)) for layer in schedule.layers if layer.week.edges]
    return [
        Collision(lower, upper, *common)
        for (lower, below), (upper, above) in combinations(live, 2)
        for common in _common(below, above)
    ]  # fmt: skip


def clashes(overrides: Iterable[Override]) -> list[tuple[Override, Override]]:
    """Pairs of which the second (the higher id) takes away from the first what it had arranged: the same place in the same schedule,
    for different people, at the same time."""
    by_place: dict[tuple[str, str | None], list[Override]] = defaultdict(list)
    for override in sorted({o.id: o for o in overrides}.values(), key=lambda o: o.id):
        by_place[(override.schedule, override.instead_of)].append(override)
    pairs = (pair for same in by_place.values() for pair in combinations(same, 2))
    return [(a, b) for a, b in pairs if a.takes != b.takes and max(a.start, b.start) < min(a.end, b.end)]


def unseen(schedule: Schedule, found: Iterable[Shift]) -> list[str]:
    """Layers that nobody is on call by in all of these shifts: hidden by the ones above, over, or not yet begun."""
    seen = {shift.layer for shift in found if shift.people}
    return [layer.name for layer in schedule.layers if layer.name not in seen]


def _twice(person: str, duties: Iterable[tuple[datetime, datetime, str]]) -> list[Overlap]:
    found: list[Overlap] = []
    going_on: dict[str, datetime] = {}  # schedule -> until when
    for start, end, schedule in sorted(duties):
        going_on = {name: until for name, until in going_on.items() if until > start}
        for name, until in going_on.items():
            if name != schedule:
                found.append(Overlap(person, tuple(sorted((name, schedule))), start, min(until, end)))
        going_on[schedule] = end
    return _joined(found)


def _joined(found: list[Overlap]) -> list[Overlap]:
    """A hand-off in one schedule does not end what goes on in both."""
    joined: dict[tuple[str, ...], list[Overlap]] = defaultdict(list)
    for overlap in found:
        same = joined[overlap.schedules]
        if same and same[-1].end == overlap.start:
            same[-1] = replace(same[-1], end=overlap.end)
        else:
            same.append(overlap)
    return sorted((o for same in joined.values() for o in same), key=lambda o: (o.start, o.schedules))


def _live(layer: Layer, schedule: Schedule, start: datetime, end: datetime) -> Times:
    times: Times = []
    while start < end:
        now = stint(layer, schedule.zone, start)
        until = min(now.end, end)
        if now.turn is not None and times and times[-1][1] == start:
            times[-1] = (times[-1][0], until)
        elif now.turn is not None:
            times.append((start, until))
        start = until
    return times


def _common(one: Times, other: Times) -> Times:
    common, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        begin, until = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if begin < until:
            common.append((begin, until))
        i, j = (i + 1, j) if one[i][1] <= other[j][1] else (i, j + 1)
    return common
