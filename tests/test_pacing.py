"""The carrier takes so many calls and texts a second, from all of our workers together: the most urgent go first, then the oldest, and
what waits is told."""

from __future__ import annotations

import itertools
from datetime import timedelta

from sqlalchemy import select

from escalation.dispatch import Dispatch
from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import TimerKind
from escalation.domain.policy import Policy, Service, Site
from escalation.domain.roster import Channel, Roster
from escalation.ports import Job
from escalation.store import tables
from tests.builders import KEY, NIGHT, person, policy, step
from tests.office import Office, office  # noqa: F401 - a fixture

PEOPLE = [f"p{n}" for n in range(1, 13)]
TICK = 0.1


def crowd(office: Office, per_second: int = 2) -> list[Dispatch]:
    """Twelve services with a person each, and two workers."""
    people = {h: person(h, phone=f"+155502000{n:02}") for n, h in enumerate(PEOPLE)}
    policies = {h: Policy(h, (step(h),), last_resort=policy().last_resort) for h in PEOPLE}
    services = {h: Service(h, (f"{h}{KEY}",), h) for h in PEOPLE}
    office.apply(Site(Roster(people), services, policies))
    return [worker(office, f"w{n}", per_second) for n in (1, 2)]


def worker(office: Office, holder: str, per_second: int) -> Dispatch:
    rates = {Channel.VOICE: per_second, Channel.SMS: 5}
    return Dispatch(office.engine, office.store, dict.fromkeys(Channel, office.carrier), office.briefs, holder, rates)


def take(office: Office, handle: str, severity: Severity = Severity.ERROR) -> None:
    office.engine.take([Alert(f"{handle}{KEY}", Action.TRIGGER, handle, f"{handle} is down", severity=severity)])


def story_of(office: Office, number: int) -> list[str]:
    with office.store.read() as tx:
        found = select(tables.entries.c.text).where(tables.entries.c.incident_id == number).order_by(tables.entries.c.seq)
        return list(tx.connection.scalars(found))


def fake(kind: CommandKind) -> Job:
    return Job(1, 1, Command(kind, 1, 1), "INC-1.s1.a1.t1", "", NIGHT)


def run(office: Office, workers: list[Dispatch], seconds: float) -> list[float]:
    """Both workers take what is nudged, in turn; returns when each call went out, in seconds."""
    began, at = office.clock.now(), []
    office.carrier.on_send = lambda notice: at.append((office.clock.now() - began).total_seconds())
    for _ in range(round(seconds / TICK)):
        office.engine.fire_due()
        office.wake_due()
        for n, job in enumerate(office.jobs()):
            workers[n % 2].carry_out(job.id)
        office.nudge.jobs.clear()
        office.clock.at += timedelta(seconds=TICK)
    return at


def test_a_dozen_people_are_called_two_a_second(office: Office) -> None:
    """By two workers together; the first at once."""
    workers = crowd(office)
    for handle in PEOPLE:
        take(office, handle)
    at = run(office, workers, 8)
    assert len(at) == 12
    assert at[0] == 0
    assert all(later - earlier >= 0.49 for earlier, later in itertools.pairwise(at))
    assert at[-1] < 7


def test_the_most_urgent_goes_first_and_then_the_oldest(office: Office) -> None:
    """A critical one that comes last overtakes what waits."""
    workers = crowd(office)
    for handle in PEOPLE[:8]:
        take(office, handle)
    run(office, workers, 1)
    take(office, "p12", Severity.CRITICAL)
    run(office, workers, 6)
    called = [office.incident(n.incident_id).service for n in office.carrier.sent]
    assert called.index("p12") == 2
    assert [handle for handle in called if handle != "p12"] == PEOPLE[:8]


def test_what_waits_says_why_and_until_when(office: Office) -> None:
    """In its own timeline, once; its step's time has not begun."""
    workers = crowd(office)
    for handle in PEOPLE:
        take(office, handle)
    run(office, workers, 1)
    last = office.incident(12)
    assert last.timer(TimerKind.STEP) is None
    assert last.attempts[0].began_at is None
    story = story_of(office, 12)
    assert [line for line in story if "Waiting" in line] == [
        (
            "Waiting to call P12: the carrier takes only so many a second, and what is more urgent or older goes first. "
            "It is expected at 03:00:05 UTC."
        )
    ]


def test_a_quiet_line_takes_the_next_call_at_once(office: Office) -> None:
    """A limit delays nobody after a quiet spell."""
    workers = crowd(office)
    take(office, "p1")
    run(office, workers, 10)
    take(office, "p2")
    assert run(office, workers, 0.2) == [0]


def test_who_is_not_carried_out_stops_nobody(office: Office) -> None:
    """A more urgent command whose nudge was lost, and that nobody takes: after some seconds the line goes on without it."""
    workers = crowd(office)
    take(office, "p1", Severity.CRITICAL)
    office.nudge.jobs.clear()
    take(office, "p2")
    assert run(office, workers, 2) == []
    assert len(run(office, workers, 4)) == 1


def test_calls_and_texts_have_a_line_each(office: Office) -> None:
    """A queue of calls delays no text."""
    with office.store.transaction() as tx:
        for kind in (CommandKind.CALL, CommandKind.TEXT):
            job = fake(kind)
            assert tx.take_slot(job, 2) is None
            assert tx.take_slot(job, 2) == tx.now + timedelta(seconds=0.5)
