"""Real incidents, told by the engine as receiver and workers would: what `fill` multiplies. Each is as it stands at the end of its story,
with nothing left to send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import update

from escalation.build import System
from escalation.domain import events as ev
from escalation.domain.incident import Outcome, Via
from escalation.intake import native
from escalation.store.tables import outbox
from escalation.store.types import JobState
from tests.bench import people

FAR = timedelta(days=300)
PRICE = Decimal("0.0085")


def closed(system: System, person: int) -> int:
    """Called, answered, acknowledged by key, resolved by its monitor: one page, one attempt, seven entries."""
    told = _answered(), _key(person), (ev.Resolved("the monitor", Via.MONITOR),)
    return _told(system, person, *(one for some in told for one in some))


def closed_by_text(system: System, person: int) -> int:
    """Called in vain, texted, acknowledged by the reply, resolved: one page, two attempts, eight entries."""
    text = ev.AttemptClaimed(2, 1), ev.AttemptAccepted(2, 1, "a-text", 1), ev.TextDelivered(2, 1)
    replied = ev.Acknowledged(f"p{person}", Via.SMS, 2, 1), ev.Resolved("the monitor", Via.MONITOR)
    return _told(system, person, *_unanswered(), *text, *replied)


def snoozed(system: System, person: int, for_: timedelta = FAR) -> int:
    """Answered and put off: one timer."""
    until = _now(system) + for_
    put_off = ev.Snoozed(until, f"p{person}", Via.PHONE), ev.AttemptEnded(1, 1, Outcome.KEY)
    return _told(system, person, *_answered(), *put_off)


def acknowledged(system: System, person: int) -> int:
    """Somebody has it: one timer, for when nothing is heard of them."""
    return _told(system, person, *_answered(), *_key(person))


def unanswered(system: System, person: int) -> int:
    """Called in vain in the policy's only step: one timer, the step's. When it fires the policy is used up."""
    return _told(system, person, *_unanswered())


def _ringing() -> tuple[ev.Event, ...]:
    return ev.AttemptClaimed(1, 1), ev.AttemptAccepted(1, 1, "a-request"), ev.AttemptRinging(1, 1, "a-call")


def _unanswered() -> tuple[ev.Event, ...]:
    return (*_ringing(), ev.AttemptEnded(1, 1, Outcome.NO_ANSWER))


def _key(person: int) -> tuple[ev.Event, ...]:
    return ev.Acknowledged(f"p{person}", Via.PHONE, 1, 1), ev.AttemptEnded(1, 1, Outcome.KEY, seconds=20, cost=PRICE)


def _answered() -> tuple[ev.Event, ...]:
    return (*_ringing(), ev.AttemptAnswered(1, 1, "a-call"))


def _told(system: System, person: int, *events: ev.Event) -> int:
    trouble = f"story-{person}-{_now(system).isoformat()}"
    (taken,) = system.engine.take(native.parse(people.alert(person, trouble), people.key(person)))
    assert taken.incident_id is not None
    for one in events:
        system.engine.tell(taken.incident_id, one)
    _finish(system, [taken.incident_id])
    return taken.incident_id


def _finish(system: System, incident_ids: Sequence[int]) -> None:
    """Before anybody comes for what nobody was told of."""
    done = update(outbox).where(outbox.c.incident_id.in_(incident_ids)).values(state=JobState.DONE)
    with system.store.transaction() as tx:
        tx.connection.execute(done)


def _now(system: System) -> datetime:
    with system.store.read() as tx:
        return tx.now
