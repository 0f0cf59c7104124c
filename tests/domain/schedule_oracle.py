"""Who is on call, found out the slow way: walk through every quarter of an hour since before the schedule began, look at the wall clock,
and count hand-offs as they go by. Shares no arithmetic with `escalation.domain`; its values are read, none of its functions called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.overrides import Absence, Override
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.week import Window

QUARTER = timedelta(minutes=15)
Windows = dict[str, tuple[Window, ...]]  # by layer; a layer without any is always open


class Clock:
    """A wall clock that somebody puts forward but never back; says which quarters it has come to since it was last looked at."""

    def __init__(self, zone: ZoneInfo, start: datetime) -> None:
        self.zone = zone
        self.shows = start.astimezone(zone).replace(tzinfo=None)

    def goes_to(self, at: datetime) -> Iterator[datetime]:
        there = at.astimezone(self.zone).replace(tzinfo=None)
        while self.shows < there:
            self.shows += QUARTER
            yield self.shows


class Walker:
    """One layer, walked through from at least a fortnight before it begins."""

    def __init__(self, layer: Layer, windows: tuple[Window, ...], zone: ZoneInfo, start: datetime) -> None:
        self.layer, self.windows = layer, windows
        self.clock = Clock(layer.zone or zone, start)
        self.open = [False] * len(windows)
        self.handoffs = 0
        self.begun = self.over = False
        self.begin = datetime.combine(layer.rotation.starts, layer.rotation.handoff)

    def people(self, at: datetime) -> int | None:
        """The number of the turn, or nothing."""
        for shows in self.clock.goes_to(at):
            self._passes(shows)
        live = self.begun and not self.over and (not self.windows or any(self.open))
        every = 1 if self.layer.rotation.hours else self.layer.rotation.every
        return self.handoffs // every if live else None

    def _passes(self, shows: datetime) -> None:
        for n, window in enumerate(self.windows):
            if (shows.weekday(), shows.time()) == (window.closes_on, window.closes):
                self.open[n] = False
            if (shows.weekday(), shows.time()) == (window.opens_on, window.opens):
                self.open[n] = True
        if self._changes(shows):
            self.handoffs = self.handoffs + 1 if self.begun else 0
        self.begun = self.begun or shows >= self.begin
        self.over = self.layer.until is not None and shows >= datetime.combine(self.layer.until, self.layer.rotation.handoff)

    def _changes(self, shows: datetime) -> bool:
        rotation = self.layer.rotation
        if rotation.hours:
            return self.begun and (shows - self.begin).total_seconds() % (rotation.hours * 3600) == 0
        return shows.time() == rotation.handoff and shows.weekday() in rotation.days


def walk(
    schedule: Schedule,
    windows: Windows,
    until: datetime,
    overrides: Iterable[Override] = (),
    absences: Iterable[Absence] = (),
) -> Iterator[tuple[datetime, list[str]]]:
    """Every quarter of an hour from shortly before the first layer begins, and who is on call then."""
    first = min(layer.rotation.starts for layer in schedule.layers)
    at = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=16)
    walkers = [Walker(layer, windows[layer.name], schedule.zone, at) for layer in schedule.layers]
    ordered = sorted((o for o in overrides if o.schedule == schedule.name), key=lambda o: o.id)
    away_when = list(absences)
    while at < until:
        turns = [walker.people(at) for walker in walkers]
        away = {a.person for a in away_when if a.start <= at < a.end}
        valid = [o for o in ordered if o.start <= at < o.end and o.takes not in away]
        yield at, _final(schedule, turns, valid, away)
        at += QUARTER


def _final(schedule: Schedule, turns: list[int | None], valid: list[Override], away: set[str]) -> list[str]:
    if any(o.instead_of is None for o in valid):
        return _slot([], [], valid, away)[0]
    for layer, turn in reversed(list(zip(schedule.layers, turns, strict=True))):
        if turn is None:
            continue
        cycle = layer.rotation.turns
        later = [person for n in range(1, len(cycle)) for person in cycle[(turn + n) % len(cycle)]]
        people, decided = _slot(list(cycle[turn % len(cycle)]), later, valid, away)
        if people or decided:
            return people
    return []


def _slot(people: list[str], later: list[str], valid: list[Override], away: set[str]) -> tuple[list[str], bool]:
    """Who has it, and whether it was left empty on purpose."""
    todo, had = list(valid), bool(people) or any(o.instead_of is None for o in valid)
    gave: set[str | None] = set()
    for o in valid:
        if o.instead_of is None or o.instead_of in people:
            people = ([o.takes] if o.takes else []) if o.instead_of is None else _swap(people, o.instead_of, o.takes)
            gave.add(o.instead_of)
            todo.remove(o)
    if not people:
        return [], had
    there = _covered(people, [p for p in later if p not in away and p not in people and p not in gave], away)
    if not there:
        return [], False
    for o in todo:
        if o.instead_of in there:
            there = _swap(there, o.instead_of, o.takes)
    return there, True


def _covered(people: list[str], ready: list[str], away: set[str]) -> list[str]:
    there: list[str] = []
    for person in people:
        there += [person] if person not in away else [p for p in ready if p not in there][:1]
    return there


def _swap(people: list[str], old: str | None, new: str | None) -> list[str]:
    if new is None or (new in people and new != old):
        return [p for p in people if p != old]
    return [new if p == old else p for p in people]
