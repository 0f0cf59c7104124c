"""Schedules: layers of rotations, and who is on call at an instant. Layers lie on one another. Where the upper one is restricted away,
not yet begun or over, or has nobody (an empty slot, everybody away), the one below shows through; where none has anybody, there is a
gap. An override holds over all layers, also one that leaves a slot empty: that was decided.

An instant belongs to the shift that begins there, not to the one that ends. Everything is computed from the instant that is asked
about; nothing walks there from the beginning. Not what is wrong with a schedule (`coverage`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.imported import Imported
from escalation.domain.localtime import instant, on_the_wall, reading
from escalation.domain.overrides import EVER, Absence, Assignment, Emptiness, Exceptions, Override, fill
from escalation.domain.rotation import Rotation
from escalation.domain.week import Week

A_YEAR = timedelta(days=366)
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation, restricted to some hours of the week; from the rotation's start, `until` the hand-off time of a day. A team that
    sits elsewhere has its own `zone`, in which all of this layer is meant; without one it is the schedule's. With `imported` there are
    those shifts and nothing else."""

    name: str
    rotation: Rotation
    week: Week = Week()  # noqa: RUF009  frozen
    until: date | None = None
    zone: ZoneInfo | None = None
    imported: Imported | None = None

    @property
    def everybody(self) -> frozenset[str]:
        if self.imported:
            return self.imported.everybody
        return frozenset(person for turn in self.rotation.turns for person in turn)

    def people(self, turn: int) -> tuple[str, ...]:
        return self.imported.people[turn] if self.imported else self.rotation.people(turn)

    def next_in_line(self, turn: int) -> tuple[str, ...]:
        """A calendar does not say who would be next."""
        return () if self.imported else self.rotation.next_in_line(turn)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`layers`: the lowest first."""

    name: str
    zone: ZoneInfo
    layers: tuple[Layer, ...]

    @property
    def people(self) -> frozenset[str]:
        return frozenset().union(*(layer.everybody for layer in self.layers))


@dataclass(frozen=True, slots=True)
class Stint:
    """How long a layer goes on as it does: with one turn, or with none (`None`) where it is restricted away."""

    start: datetime
    end: datetime
    turn: int | None


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` up to `end` the same people are on call for the same reason; a new turn is a new shift, even of the same people.
    `layer` and `turn` say whose turn it is, and are missing where an override holds whoever's it would be, and in a gap that no layer
    covers. `empty`: why nobody is on call."""

    start: datetime
    end: datetime
    assignments: tuple[Assignment, ...] = ()
    layer: str = ""
    turn: int | None = None
    empty: Emptiness | None = None

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(assignment.person for assignment in self.assignments)

    def goes_on_in(self, other: Shift) -> bool:
        return (self.assignments, self.layer, self.turn, self.empty) == (other.assignments, other.layer, other.turn, other.empty)


def on_call(schedule: Schedule, at: datetime, overrides: Iterable[Override] = (), absences: Iterable[Absence] = ()) -> Shift:
    """The shift at that instant, from its beginning to its end; these are the ends of time where it has none."""
    exceptions = Exceptions.of(schedule.name, overrides, absences, schedule.people)
    found = slot = _slot(schedule, at, exceptions, {})
    while slot.end < EVER[1] and found.goes_on_in(slot := _slot(schedule, slot.end, exceptions, {})):
        found = replace(found, end=slot.end)
    while found.start > EVER[0] and found.goes_on_in(slot := _slot(schedule, found.start - MOMENT, exceptions, {})):
        found = replace(found, start=slot.start)
    return found


def shifts(
    schedule: Schedule, start: datetime, end: datetime, overrides: Iterable[Override] = (), absences: Iterable[Absence] = ()
) -> list[Shift]:
    """All shifts of that time, gaps too: each begins where the one before ends, the first at `start`, and the last ends at `end`."""
    exceptions = Exceptions.of(schedule.name, overrides, absences, schedule.people)
    found: list[Shift] = []
    for slot in _slots(schedule, start, end, exceptions):
        if found and found[-1].goes_on_in(slot):
            found[-1] = replace(found[-1], end=slot.end)
        else:
            found.append(slot)
    return found


def next_handoff(
    schedule: Schedule,
    at: datetime,
    overrides: Iterable[Override] = (),
    absences: Iterable[Absence] = (),
    within: timedelta = A_YEAR,
) -> tuple[Shift, Shift] | None:
    """The first change of people after that instant: the slots before and after it, one of which may be a gap. `None` when there is
    none within that time: a rotation of one person changes its turns and nobody notices."""
    exceptions = Exceptions.of(schedule.name, overrides, absences, schedule.people)
    before: Shift | None = None
    for slot in _slots(schedule, at, at + within, exceptions):
        if before and set(slot.people) != set(before.people):
            return before, slot
        before = slot
    return None


def stint(layer: Layer, zone: ZoneInfo, at: datetime) -> Stint:
    """What the layer is doing at that instant, by itself. `zone` is the schedule's."""
    if layer.imported:
        return Stint(*layer.imported.around(at))
    zone = layer.zone or zone
    wall, rotation = reading(zone, at), layer.rotation
    is_open, since, until = layer.week.around(wall)
    turn = rotation.turn(wall) if is_open else None
    first, last = rotation.first, on_the_wall(layer.until, rotation.handoff) if layer.until else None
    if wall < first:
        return Stint(EVER[0], instant(zone, first), None)
    if last is not None and wall >= last:
        return Stint(instant(zone, last), EVER[1], None)
    begins, ends = (first, last) if turn is None else (max(first, rotation.begins(turn)), _less(last, rotation.begins(turn + 1)))
    begins = begins if since is None else max(begins, since)
    ends = _less(ends, until)
    return Stint(instant(zone, begins), EVER[1] if ends is None else instant(zone, ends), turn)


def _slots(schedule: Schedule, start: datetime, end: datetime, exceptions: Exceptions) -> Iterator[Shift]:
    stints: dict[int, Stint] = {}
    while start < end:
        slot = _slot(schedule, start, exceptions, stints)
        slot = replace(slot, start=start, end=min(slot.end, end))
        yield slot
        start = slot.end


def _slot(schedule: Schedule, at: datetime, exceptions: Exceptions, stints: dict[int, Stint]) -> Shift:
    """A time around that instant in which nothing changes; it may go on as it is before and after. `stints` are what the layers were
    seen doing last."""
    start, end = exceptions.around(at)
    standing = exceptions.at(at)
    if standing.whole:
        return _filled(start, end, fill((), (), standing))
    why: tuple[Emptiness, str, int | None] = (Emptiness.NO_LAYER, "", None)
    for n in reversed(range(len(schedule.layers))):
        layer, now = schedule.layers[n], stints.get(n)
        if now is None or not now.start <= at < now.end:
            now = stints[n] = stint(layer, schedule.zone, at)
        start, end = max(start, now.start), min(end, now.end)
        if now.turn is None:
            continue
        who = fill(layer.people(now.turn), layer.next_in_line(now.turn), standing)
        if not isinstance(who, Emptiness) or who is Emptiness.OVERRIDE:
            return _filled(start, end, who, layer.name, now.turn)
        why = (who, layer.name, now.turn) if why[0] is Emptiness.NO_LAYER else why
    return _filled(start, end, *why)


def _filled(
    start: datetime, end: datetime, who: tuple[Assignment, ...] | Emptiness, layer: str = "", turn: int | None = None
) -> Shift:
    if isinstance(who, Emptiness):
        return Shift(start, end, (), layer, turn, who)
    return Shift(start, end, who, layer, turn)


def _less(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)
