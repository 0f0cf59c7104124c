"""Round robin: with each new incident it is the next one's turn, in a step that says so. Which turn it is is counted when the incident
opens, and kept in its policy; who has it is looked up when the step begins, among those who are there. Not the shifts of a schedule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from escalation.domain.policy import Policy, Step
from escalation.domain.roster import Responder, Roster
from escalation.domain.urgency import Urgency

MOST_IN_TURN = 20  # an incident keeps its policy: a team of hundreds would be copied into each


def with_turns(policy: Policy, roster: Roster, take: Callable[[str], int]) -> Policy:
    """The policy as a new incident keeps it. `take` counts one turn of a list by its name. A step that goes on `until_answered` becomes
    one step for each of its people."""
    if not any(step.round_robin for step in policy.steps):
        return policy
    return replace(policy, steps=tuple(one for step in policy.steps for one in _in_turn(step, roster, take)))


def _in_turn(step: Step, roster: Roster, take: Callable[[str], int]) -> Iterator[Step]:
    if not step.round_robin:
        yield step
        return
    mine = replace(step, turn=take(name_of(step)))
    yield mine
    if step.until_answered:
        for place in range(1, min(len(_everybody(step, roster)), MOST_IN_TURN)):
            yield replace(mine, place=place, targets=())


def name_of(step: Step) -> str:
    """Of the list, wherever it stands: two policies that rotate the same people share their turns. Of bounded length, nothing personal."""
    said = " ".join(str(target) for target in step.round_robin)
    return f"turn:{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def in_order(step: Step, roster: Roster, at: datetime) -> list[Responder]:
    """Whoever has the turn first, then those after them in the list; without who is away or has no way of the ladder's. A turn of
    somebody who is not there goes to the others by turns too, else the next in the list would always have two."""
    people = _everybody(step, roster)
    there = [person for person in people if _is_there(person, step, roster, at)]
    if not there:
        return []
    lap, number = divmod(step.turn - 1, len(people))
    first = people[number] if people[number] in there else there[lap % len(there)]
    begin = there.index(first)
    return there[begin:] + there[:begin]


def chosen(step: Step, roster: Roster, at: datetime, paged: frozenset[str]) -> list[Responder]:
    """One, or nobody. Whoever is being `paged` keeps the turn while they are there, whatever became of the list."""
    order = in_order(step, roster, at)
    kept = [person for person in order if person.handle in paged]
    return kept[:1] or order[step.place : step.place + 1]


def is_used_up(step: Step, roster: Roster, at: datetime) -> bool:
    """Everybody who is there had their turn in the steps before this one."""
    return step.place > 0 and step.place >= len(in_order(step, roster, at))


def _everybody(step: Step, roster: Roster) -> list[Responder]:
    found = [person for target in step.round_robin for person in roster.everybody(target)]
    return list({person.handle: person for person in found}.values())


def _is_there(person: Responder, step: Step, roster: Roster, at: datetime) -> bool:
    away = any(a.person == person.handle and a.start <= at < a.end for a in roster.absences)
    ways = {rung.channel for urgency in Urgency for rung in step.ladder_for(person, urgency)}
    return not away and any(person.contact(channel) for channel in ways)
