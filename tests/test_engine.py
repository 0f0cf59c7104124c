"""The engine: what one delivery does to the tables, and what twice the same does (nothing)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from escalation.domain import events as ev
from escalation.domain.alert import Action, Severity
from escalation.domain.commands import CommandKind
from escalation.domain.dedup import What
from escalation.domain.incident import AttemptStatus, Incident, Outcome, Status, Via
from escalation.domain.machine import Decision, advance
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.engine import Engine
from escalation.errors import CarrierError, NotFound, StoreUnavailable, UnknownKey, Verdict
from escalation.store.tables import alerts
from tests.builders import NIGHT, alert, policy, site, step
from tests.fakes import RacedStore
from tests.office import Office, office  # noqa: F401 - a fixture


def test_an_alert_opens_an_incident_and_wakes_a_worker_for_the_first_call(office: Office) -> None:
    """One transaction, then one nudge."""
    (taken,) = office.engine.take([alert()])
    assert (taken.what, taken.incident_id) == (What.OPENED, 1)
    assert [(j.task_id, j.command.kind) for j in office.nudge.jobs] == [("INC-1.s1.a1.t1", CommandKind.CALL)]


def test_a_repeat_is_counted_and_pages_nobody(office: Office) -> None:
    """One open incident per trouble."""
    office.trouble()
    (taken,) = office.engine.take([alert("db-1 is still down")])
    assert (taken.what, taken.incident_id) == (What.COUNTED, 1)
    assert len(office.jobs()) == 1


def test_what_somebody_has_resolves_itself_after_a_silence_and_not_before(office: Office) -> None:
    """A repeat is counted beside the incident and locks nothing: the timer finds it when it fires. The next alert is a new trouble."""
    has_it = site()
    service = replace(has_it.services["payments"], acknowledgement_expires=timedelta(0), auto_resolve=timedelta(hours=12))
    office.apply(replace(has_it, services={"payments": service}))
    office.trouble()
    office.engine.tell(1, ev.Acknowledged("ann", Via.CONSOLE))
    office.clock.move(hours=6)
    office.trouble()
    for hours, status in ((6, Status.ACKNOWLEDGED), (5.9, Status.ACKNOWLEDGED), (0.2, Status.RESOLVED)):
        office.clock.move(hours=hours)
        while office.engine.fire_due():
            pass
        assert office.incident().status is status
    assert office.trouble() == 2


def test_a_service_says_how_long_its_acknowledgements_hold(office: Office) -> None:
    """Where it says nothing the policy does; zero is never."""
    plain = site()
    for own, holds in ((None, timedelta(minutes=30)), (timedelta(hours=2), timedelta(hours=2)), (timedelta(0), None)):
        service = replace(plain.services["payments"], acknowledgement_expires=own)
        office.apply(replace(plain, services={"payments": service}))
        assert office.incident(office.trouble(key=f"db-{holds}")).policy.acknowledgement_expires == holds


def test_the_same_delivery_twice_changes_nothing(office: Office) -> None:
    """A sender that gives its delivery a name may send it as often as it likes, also when the incident is over."""
    office.engine.take([alert(identity="delivery-1")])
    office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))
    assert office.engine.take([alert(identity="delivery-1")])[0].incident_id is None


def test_a_firing_after_the_incident_was_resolved_opens_a_new_one(office: Office) -> None:
    """By whomever it was resolved, the same start time or not."""
    office.trouble(occurred_at=NIGHT)
    office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))
    assert office.trouble(occurred_at=NIGHT) == 2


def test_a_resolve_closes_its_incident_and_not_a_newer_one(office: Office) -> None:
    """Late news of an older occurrence is ignored."""
    office.trouble(occurred_at=NIGHT)
    old = alert(action=Action.RESOLVE, occurred_at=NIGHT - timedelta(hours=1))
    assert office.engine.take([old])[0].what is What.IGNORED
    assert office.engine.take([alert(action=Action.RESOLVE, occurred_at=NIGHT)])[0].what is What.RESOLVED
    assert office.incident().status is Status.RESOLVED


def test_a_resolve_for_the_first_occurrence_does_not_close_a_later_one(office: Office) -> None:
    """It fired again before the news that it was over came through: somebody still has to look."""
    office.trouble(occurred_at=NIGHT)
    again = NIGHT + timedelta(minutes=10)
    assert office.engine.take([alert(occurred_at=again)])[0].what is What.COUNTED
    assert office.engine.take([alert(action=Action.RESOLVE, occurred_at=NIGHT)])[0].what is What.IGNORED
    assert office.incident().status is Status.TRIGGERED
    assert office.engine.take([alert(action=Action.RESOLVE, occurred_at=again)])[0].what is What.RESOLVED
    assert office.incident().status is Status.RESOLVED


def test_a_worse_alert_pages_again(office: Office) -> None:
    """Severity rose."""
    office.trouble(severity=Severity.WARNING)
    office.engine.tell(1, ev.Acknowledged("ann", Via.CONSOLE))
    assert office.engine.take([alert(severity=Severity.CRITICAL)])[0].what is What.ROSE
    assert office.incident().status is Status.TRIGGERED


def test_one_unknown_key_applies_nothing_of_the_delivery(office: Office) -> None:
    """All or nothing, and no secret in the fault."""
    wrong = alert("other", key="other")
    object.__setattr__(wrong, "key", "x" * 32)
    with pytest.raises(UnknownKey) as caught:
        office.engine.take([alert(), wrong])
    assert "x" * 32 not in str(caught.value)
    with pytest.raises(NotFound):
        office.engine.tell(1, ev.Resolved("ann", Via.CONSOLE))


def test_several_alerts_of_one_delivery_each_open_their_own(office: Office) -> None:
    """One body, one transaction, answers in the order asked."""
    taken = office.engine.take([alert("b", key="b"), alert("a", key="a"), alert("b again", key="b")])
    assert [t.what for t in taken] == [What.OPENED, What.OPENED, What.COUNTED]
    assert taken[0].incident_id == taken[2].incident_id != taken[1].incident_id


def test_an_event_with_an_identity_counts_once(office: Office) -> None:
    """A doubled callback changes nothing."""
    office.trouble()
    first = office.engine.tell(1, ev.Escalated("ann", Via.CLI), "key:1")
    second = office.engine.tell(1, ev.Escalated("ann", Via.CLI), "key:1")
    assert (first.fresh, second.fresh) == (True, False)
    assert office.incident().step == 1


def test_a_due_timer_fires_once_whoever_looks_first(office: Office) -> None:
    """Two timekeepers may look at the same time."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.AttemptEnded(1, 1, ev.Outcome.BUSY))
    office.clock.move(minutes=2)
    office.engine.fire_due()
    office.clock.move(minutes=3, seconds=1)
    assert office.engine.fire_due() >= 1
    assert office.incident().step == 1
    office.engine.fire_due()
    assert office.incident().step == 1


def test_timers_that_always_fail_leave_the_batch_to_the_others(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than a batch holds: they come again, and take nobody's place."""
    ruled: list[int] = []

    def ruling(incident: Incident, *rest: Any) -> Decision:
        if incident.id < 3:
            raise ValueError("a fault of ours")
        ruled.append(incident.id)
        return advance(incident, *rest)

    for number in range(1, 4):
        office.trouble(key=f"db-{number}")
    office.work()
    office.clock.move(minutes=30)
    monkeypatch.setattr("escalation.engine.advance", ruling)
    for _ in range(9):
        office.engine.fire_due(limit=1)
    assert 3 in ruled


def test_an_incident_hears_of_a_configuration_once(office: Office) -> None:
    """Its applier and every timekeeper may say so: whoever could not be reached is tried once more, not by each of them."""
    both = site(policy=policy(step("ann", "bob", ladder=(Rung(Channel.VOICE),))))
    office.apply(both)
    office.trouble()
    office.work()
    office.engine.tell(1, ev.AttemptFailed(1, 1, True, "no such number"))
    office.apply(both)
    assert office.engine.roster_changed()
    office.work()
    office.engine.tell(1, ev.AttemptFailed(3, 1, True, "no such number"))
    assert office.engine.roster_changed()
    assert len(office.incident().attempts) == 3


def test_an_answer_names_the_task_that_caused_it(office: Office) -> None:
    """The chain is visible: the text's parent is the call that nobody answered."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.AttemptEnded(1, 1, ev.Outcome.NO_ANSWER))
    assert [(j.task_id, j.parent_id) for j in office.jobs(CommandKind.TEXT)] == [("INC-1.s1.a2.t1", "INC-1.s1.a1.t1")]


# --- phones


def test_a_late_end_of_an_older_try_frees_no_phone(office: Office) -> None:
    """The first request had come to a call after all, and the second rings: nobody else's call goes out to that phone, another incident
    joins this one."""
    _dial_twice(office)
    office.engine.tell(1, ev.AttemptEnded(1, 1, Outcome.NO_ANSWER))
    office.trouble("web-1 is down", key="web-1")
    office.work()
    assert office.incident(2).attempts[0].status is AttemptStatus.ACCEPTED
    office.engine.tell(1, ev.AttemptEnded(1, 2, Outcome.NO_ANSWER))
    office.after(seconds=3)
    assert _called(office) == [1, 1]
    assert office.incident(2).attempts[0].outcome is Outcome.NO_ANSWER


def test_a_late_end_of_an_older_try_frees_no_phone_that_has_yet_to_stop_ringing(office: Office) -> None:
    """Bob has it, the second call is being hung up, and then the end of the first is told: the phone may ring on for a moment."""
    _dial_twice(office)
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.engine.tell(1, ev.AttemptEnded(1, 1, Outcome.NO_ANSWER))
    office.trouble("web-1 is down", key="web-1")
    office.work()
    assert _called(office) == [1, 1]
    office.after(seconds=6)
    assert _called(office) == [1, 1, 2]


def test_a_call_stood_down_while_it_was_asked_for_keeps_its_phone_as_long_as_the_request_may_last(office: Office) -> None:
    """Bob has it before the carrier has answered: Ann's phone may yet begin to ring."""
    office.carrier.on_send = lambda notice: office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "timed out")]
    office.trouble()
    office.work()
    assert _kept(office) == pytest.approx(15, abs=2)


def test_a_voicemail_keeps_the_phone_until_its_message_is_spoken(office: Office) -> None:
    """A second call in the middle of it would be told that the line is busy."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.MachineDetected(1, 1, "call-1"))
    assert _kept(office) == pytest.approx(45, abs=2)


def _kept(office: Office) -> int:
    """Seconds until the next incident's call goes out to the same phone."""
    office.carrier.on_send = lambda notice: None
    office.trouble("web-1 is down", key="web-1")
    office.work()
    for seconds in range(0, 60, 2):
        if _called(office) == [1, 2]:
            return seconds
        office.after(seconds=2)
    raise AssertionError("the phone is never free again")


def _dial_twice(office: Office) -> None:
    """Nobody knows what became of Ann's first call, so there is a second."""
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "503")]
    office.trouble()
    office.work()
    office.after(seconds=16)


def _called(office: Office) -> list[int]:
    """For which incidents a call was placed, in order."""
    return [n.incident_id for n in office.carrier.sent if n.channel is Channel.VOICE]


# --- others who are faster


@pytest.fixture
def busy(postgres_url: str) -> Iterator[Office]:
    """An office on the database in which several write at once."""
    made = Office(postgres_url)
    yield made
    made.store.dispose()


def test_an_alert_that_was_overtaken_is_counted_on_the_incident_of_the_one_that_overtook_it(busy: Office) -> None:
    """Another receiver opened it between our look and our insert: one incident, one call, and both alerts are in it."""
    engine = _overtaken(busy, busy.trouble)
    (taken,) = engine.take([alert(identity="delivery-1")])
    assert (taken.what, taken.incident_id) == (What.COUNTED, 1)
    assert [j.task_id for j in busy.jobs()] == ["INC-1.s1.a1.t1"]
    assert _counted(busy) == {1: 2}


def test_a_worse_alert_for_an_incident_resolved_in_that_moment_opens_a_new_one(busy: Office) -> None:
    """Between our look and our lock: it must not vanish into an incident that nobody looks at any more."""
    busy.trouble(severity=Severity.WARNING)
    engine = _overtaken(busy, lambda: _resolve(busy))
    (taken,) = engine.take([alert(severity=Severity.CRITICAL)])
    assert (taken.what, taken.incident_id) == (What.OPENED, 2)
    assert busy.jobs()[-1].task_id == "INC-2.s1.a1.t1"
    assert (busy.incident(1).status, busy.incident(2).status) == (Status.RESOLVED, Status.TRIGGERED)
    assert _counted(busy) == {1: 1, 2: 1}


def test_a_resolve_that_was_overtaken_by_another_is_ignored(busy: Office) -> None:
    """There is nothing left to resolve, and nothing is opened by it."""
    busy.trouble()
    engine = _overtaken(busy, lambda: _resolve(busy))
    assert engine.take([alert(action=Action.RESOLVE)])[0].what is What.IGNORED
    assert _counted(busy) == {1: 1}


def test_an_alert_that_is_overtaken_all_the_time_is_to_be_sent_again(busy: Office) -> None:
    """Not swallowed: its sender hears that nothing was stored, and the same delivery counts when it comes again."""
    opened, resolved = lambda: busy.trouble(severity=Severity.WARNING), lambda: _resolve(busy)
    engine = _overtaken(busy, *[opened, resolved] * 4, opened)  # three looks in each of three transactions
    late = alert(severity=Severity.CRITICAL, identity="delivery-1")
    with pytest.raises(StoreUnavailable):
        engine.take([late])
    (taken,) = engine.take([late])
    assert (taken.what, [taken.incident_id]) == (What.ROSE, _open(busy))


def _overtaken(office: Office, *rivals: Callable[[], object]) -> Engine:
    return Engine(RacedStore(office.store, list(rivals)), office.nudge)


def _resolve(office: Office) -> None:
    (open_one,) = _open(office)
    office.engine.tell(open_one, ev.Resolved("ann", Via.CONSOLE))


def _open(office: Office) -> list[int]:
    with office.store.transaction() as tx:
        return tx.open_incidents()


def _counted(office: Office) -> dict[int, int]:
    """How many alerts each incident has, the one that opened it too."""
    with office.store.transaction() as tx:
        return dict(Counter(tx.connection.scalars(select(alerts.c.incident_id))))
