"""A call before a shift that wants a key: does this phone reach this person? For those who asked for it, within hours in which one may be called
for a test. It is an incident like the self-test (`self_test`): with a policy made in code that can page nobody else, closed by the key or by
having none. Not the asking (`escalation.readiness`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.gap_notices import local
from escalation.domain.policy import READINESS, Policy, Rung, Step
from escalation.domain.roster import Channel, Responder, Roster, Target, TargetKind
from escalation.domain.shift_notices import MOMENT, beginnings

FROM, TO = time(9), time(20)  # by the person's clock
AGAIN = timedelta(
    minutes=10
)  # long enough that do-not-disturb does not take the second call for a repeated one, and let it through
TAKES = timedelta(minutes=15)
APART = timedelta(hours=20)  # one who has a shift each day is called once a day at most


@dataclass(frozen=True, slots=True)
class Test:
    """One person is to be called, on account of that shift."""

    person: Responder
    schedule: str
    shift_at: datetime


def due(roster: Roster, now: datetime) -> Iterator[Test]:
    """Of each person the next shift, where it is near enough and the hour is right; asked already or not."""
    wanting = [person for person in roster.people.values() if person.readiness and _is_decent(person, now)]
    longest = max((person.readiness for person in wanting if person.readiness), default=None)
    if longest is None:
        return
    first: dict[str, Test] = {}
    for name, schedule in roster.schedules.items():
        for handle, _, shift in beginnings(roster, schedule, now, now + longest + MOMENT):
            known = first.get(handle)
            if handle in roster.people and (known is None or shift.start < known.shift_at):
                first[handle] = Test(roster.people[handle], name, shift.start)
    for person in wanting:
        test = first.get(person.handle)
        if test is not None and person.readiness is not None and test.shift_at - person.readiness <= now:
            yield test


def alert(test: Test) -> Alert:
    when = local(test.shift_at, ZoneInfo(test.person.timezone))
    said = f"Your shift in {test.schedule} begins on {when}."
    return Alert("", Action.TRIGGER, test.person.handle, said, Severity.INFO, source="escalation")


def policy(test: Test) -> Policy | None:
    """Two calls to that number, and nothing else; None without a number."""
    contact = test.person.contact(Channel.VOICE)
    if contact is None:
        return None
    ladder = (Rung(Channel.VOICE), Rung(Channel.VOICE, AGAIN))
    step = Step((Target(TargetKind.PERSON, test.person.handle),), TAKES, ladder)
    return Policy(READINESS, (step,), test_number=contact.address, test_of=test.person.handle)


def _is_decent(person: Responder, now: datetime) -> bool:
    return FROM <= now.astimezone(ZoneInfo(person.timezone)).time() < TO
