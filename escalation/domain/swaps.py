"""Shifts given, taken and swapped between two people, as the overrides that do it. Whether they may, and what the ids are, is
decided outside."""

from __future__ import annotations

from escalation.domain.overrides import Override
from escalation.domain.schedule import Shift


def give(schedule: str, shift: Shift, giver: str, taker: str | None, id: int) -> Override:
    """The giver's place of that shift for the taker, or for nobody. To take a shift is to be given it."""
    return Override(id, schedule, shift.start, shift.end, taker, giver)


def swap(schedule: str, one: tuple[str, Shift], other: tuple[str, Shift], ids: tuple[int, int]) -> tuple[Override, Override]:
    """Each of two people with a shift of theirs: each takes the other's. The shifts must not meet: in a time that is in both, the
    second override would give the first one's place on."""
    (ann, hers), (bob, his) = one, other
    return give(schedule, hers, ann, bob, ids[0]), give(schedule, his, bob, ann, ids[1])
