"""Carrying out one command: claim, look last, send once, tell; and what is left when somebody dies in between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from escalation.dispatch import LEASE
from escalation.domain import events as ev
from escalation.domain.incident import AttemptStatus, Outcome, Status, Via
from escalation.domain.policy import Rung, Site
from escalation.domain.roster import Channel
from escalation.engine import each
from escalation.errors import CarrierError, StoreUnavailable, Verdict
from escalation.ports import Notice, Transaction
from escalation.store.sql import SqlStore
from tests.builders import PHONES, policy, roster, site, step
from tests.office import Office, office  # noqa: F401 - a fixture


def test_a_nudged_call_is_placed_and_its_reference_kept(office: Office) -> None:
    """The carrier's 2xx is acceptance."""
    office.trouble()
    office.work()
    (attempt,) = office.incident().attempts
    assert (attempt.status, attempt.references) == (AttemptStatus.ACCEPTED, {1: "ref-1-1"})


def test_a_job_that_two_workers_hear_of_is_sent_once(office: Office) -> None:
    """The claim is a compare-and-set."""
    office.trouble()
    (job,) = office.nudge.jobs
    office.carrier.on_send = lambda notice: office.worker("w2").carry_out(job.id)
    office.work()
    office.dispatch.carry_out(job.id)
    assert len(office.carrier.sent) == 1


def test_nothing_is_sent_for_an_incident_that_somebody_has_by_then(office: Office) -> None:
    """Check last: the acknowledgement came between the nudge and the claim."""
    office.trouble()
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.work()
    assert not office.carrier.sent


def test_a_call_accepted_after_somebody_had_it_is_hung_up(office: Office) -> None:
    """The acknowledgement came while the request was under way."""
    office.trouble()
    office.carrier.on_send = lambda notice: _acknowledge(office)
    office.work()
    assert office.carrier.hung_up == ["ref-1-1"]


def _acknowledge(office: Office) -> None:
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))


def test_a_claim_that_was_lost_before_sending_sends_nothing(office: Office) -> None:
    """Frozen between the claim and the send: whoever holds it now sends."""
    office.trouble()
    (job,) = office.nudge.jobs
    with office.store.transaction() as tx:
        assert tx.claim(job.id, "somebody else", LEASE)
    office.work()
    assert not office.carrier.sent


class Meanwhile:
    """The office's store, with something that happens between the claim, which is the first, and the look at it."""

    def __init__(self, store: SqlStore, act: Callable[[], object]) -> None:
        self._store = store
        self._acts = iter((lambda: None, act))

    def transaction(self) -> AbstractContextManager[Transaction]:
        next(self._acts)()
        return self._store.transaction()

    def read(self) -> AbstractContextManager[Transaction]:
        next(self._acts)()
        return self._store.read()


def test_whoever_was_frozen_after_the_claim_for_longer_than_its_lease_sends_nothing(office: Office) -> None:
    """The claim is read again immediately before sending."""
    office.trouble()
    office.dispatch._store = Meanwhile(office.store, lambda: office.clock.move(seconds=LEASE.total_seconds()))
    office.work()
    assert not office.carrier.sent


def test_the_look_at_the_claim_waits_for_nobody_who_writes(office: Office) -> None:
    """On SQLite one writes at a time; a call that is claimed need not wait for others' turns before it is placed."""
    office.trouble()
    other = SqlStore(office.url, office.clock)
    with ExitStack() as writing:
        office.dispatch._store = Meanwhile(office.store, lambda: writing.enter_context(other.transaction()))
        office.carrier.on_send = lambda notice: writing.close()
        office.work()
    other.dispose()
    assert len(office.carrier.sent) == 1


def test_a_time_out_is_unknown_and_is_dialled_again_when_nothing_is_heard(office: Office) -> None:
    """Never "failed": the text goes out meanwhile, the second call after 15 s of silence."""
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "no answer within 10 s")]
    office.trouble()
    office.work()
    assert [n.channel for n in office.carrier.sent] == [Channel.VOICE, Channel.SMS]
    office.after(seconds=16)
    assert [(n.attempt, n.try_) for n in office.carrier.sent] == [(1, 1), (2, 1), (1, 2)]


def test_a_refused_connection_is_tried_again_within_the_step(office: Office) -> None:
    """Nothing was sent, so nothing can ring twice: two seconds later again."""
    office.carrier.answers = [CarrierError(Verdict.RETRY, "connection refused")]
    office.trouble()
    office.work()
    office.after(seconds=3)
    assert [n.try_ for n in office.carrier.sent if n.channel is Channel.VOICE] == [1, 2]
    assert office.incident().step == 0


def test_a_fault_of_ours_in_mid_send_is_unknown_too(office: Office) -> None:
    """The carrier may have it."""
    office.carrier.answers = [ValueError("a number may stand in this text")]
    office.trouble()
    office.work()
    assert office.incident().attempts[0].status is AttemptStatus.UNKNOWN
    assert "a number" not in repr(office.incident())


def test_a_worker_that_dies_after_its_claim_leaves_an_unknown_call(office: Office) -> None:
    """The lease runs out; the machine decides."""
    office.trouble()
    (job,) = office.nudge.jobs
    office.carrier.on_send = _die
    try:
        office.dispatch.carry_out(job.id)
    except KeyboardInterrupt:
        office.carrier.on_send = lambda notice: None
    office.clock.move(seconds=16)
    assert office.dispatch.settle_abandoned() == 1
    assert office.incident().attempts[0].status is AttemptStatus.UNKNOWN
    assert office.dispatch.settle_abandoned() == 0


def _die(notice: Notice) -> None:
    raise KeyboardInterrupt


def test_one_phone_never_has_two_calls_of_ours(office: Office) -> None:
    """Two incidents for Ann: one call for both, and what became of it became of it for both."""
    office.trouble()
    office.trouble("web-1 is down", key="web-1")
    office.work()
    assert [(n.incident_id, n.channel) for n in office.carrier.sent] == [(1, Channel.VOICE)]
    office.engine.tell(1, ev.AttemptEnded(1, 1, Outcome.NO_ANSWER))
    office.after(seconds=3)
    assert [office.incident(n).attempts[0].outcome for n in (1, 2)] == [Outcome.NO_ANSWER] * 2
    assert [n.brief.gathered[:12] for n in office.carrier.sent if n.channel is Channel.SMS] == ["2 INCIDENTS."]
    office.after(minutes=2)
    assert len([n for n in office.carrier.sent if n.channel is Channel.VOICE]) == 2


def test_a_hang_up_that_the_carrier_refuses_is_tried_again(office: Office) -> None:
    """A phone must not ring on because of one 503."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "503")]
    office.work()
    office.after(seconds=3)
    assert office.carrier.hung_up == ["ref-1-1"]


def test_a_carrier_that_refuses_a_hang_up_is_asked_only_as_long_as_a_call_can_live(office: Office) -> None:
    """Ten minutes: not for ever."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.carrier.answers = [CarrierError(Verdict.UNKNOWN, "503") for _ in range(9)]
    office.work()
    asked = [_left(office, **by) for by in ({"seconds": 3}, {"minutes": 9}, {"minutes": 2}, {"seconds": 3}, {"minutes": 9})]
    assert asked == [7, 6, 5, 5, 5]


def _left(office: Office, **by: float) -> int:
    office.clock.move(**by)
    office.wake_due()
    office.work()
    return len(office.carrier.answers)


def test_a_posted_message_is_edited_as_the_incident_moves(office: Office) -> None:
    """Slack shows who has it."""
    office.apply(replace(site(policy=policy(step("slack:#incidents"))), version=2))
    office.trouble()
    office.work()
    office.engine.tell(1, ev.Acknowledged("bob", Via.SLACK))
    office.work()
    assert office.carrier.edited == [("ref-1-1", Status.ACKNOWLEDGED)]


def test_a_hang_up_that_somebody_died_over_is_done_again(office: Office) -> None:
    """Bob has it, and Ann's phone must not ring on because a worker was killed in that moment."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    job = office.nudge.jobs.pop()
    with office.store.transaction() as tx:
        assert tx.claim(job.id, "somebody who died", LEASE)
    office.clock.move(seconds=16)
    assert office.dispatch.settle_abandoned() == 1
    office.after(seconds=0)
    assert office.carrier.hung_up == ["ref-1-1"]


def test_a_page_that_a_carrier_accepts_again_is_told_to_whoever_it_had_failed(office: Office) -> None:
    """Nobody waits for the next question to the carrier: the first call that goes through ends the outage for all."""
    office.apply(site(policy=policy(step("ann", minutes=1, ladder=(Rung(Channel.VOICE),)))))
    office.carrier.answers = [CarrierError(Verdict.RETRY, "connection refused", outage=True) for _ in range(40)]
    office.trouble()
    office.work()
    for _ in range(12):
        office.after(seconds=10)
    assert office.incident().status is Status.EXHAUSTED
    office.carrier.answers.clear()
    office.trouble("web-1 is down", key="web-1")
    office.work()
    assert (office.incident().status, office.incident().step) == (Status.TRIGGERED, 0)
    with office.store.transaction() as tx:
        assert tx.carriers_down() == []


def test_a_carrier_that_is_back_is_told_to_whoever_waits(office: Office) -> None:
    """Exhausted during the outage: paged again."""
    office.apply(site(policy=policy(step("ann", minutes=1, ladder=(Rung(Channel.VOICE),)))))
    office.carrier.answers = [CarrierError(Verdict.RETRY, "connection refused", outage=True) for _ in range(40)]
    office.trouble()
    office.work()
    for _ in range(12):
        office.after(seconds=10)
    assert office.incident().status is Status.EXHAUSTED
    office.carrier.answers.clear()
    office.clock.move(seconds=60)
    office.dispatch.probe()
    assert (office.incident().status, office.incident().step) == (Status.TRIGGERED, 0)


def test_a_carrier_that_answers_questions_and_fails_pages_is_believed_less_and_less(office: Office) -> None:
    """Else the whole policy would be gone through again and again, for everybody."""
    office.apply(site(policy=policy(step("ann", minutes=1, ladder=(Rung(Channel.VOICE),)))))
    office.carrier.answers = [CarrierError(Verdict.RETRY, "connection refused", outage=True) for _ in range(2000)]
    office.trouble()
    office.work()
    runs = 0
    for _ in range(360):
        was = office.incident().status
        office.after(seconds=10)
        office.dispatch.probe()
        runs += was is Status.EXHAUSTED and office.incident().status is Status.TRIGGERED
    assert 1 <= runs <= 5


def test_one_incident_that_cannot_be_told_of_a_recovery_stops_no_other(office: Office) -> None:
    """And the recovery is told again, until everybody heard of it."""
    told: list[int] = []

    def tell(number: int) -> None:
        if number == 1:
            raise StoreUnavailable("its row is locked")
        told.append(number)

    assert each("a recovery", [1, 2, 3], tell) == 1
    assert told == [2, 3]


def test_a_call_taken_over_after_an_outage_is_not_made_and_keeps_no_phone(office: Office) -> None:
    """Ann is no longer on call when somebody comes for her page: Lee is called, and Ann's phone is free for what does concern her."""

    def on_call(handle: str, target: str) -> Site:
        whose = replace(roster(), teams={"payments": (handle,)})
        return replace(site(policy=policy(step(target, ladder=(Rung(Channel.VOICE),)))), roster=whose)

    office.apply(on_call("ann", "team:payments"))
    office.trouble()
    (job,) = office.jobs()
    office.nudge.jobs.clear()
    office.clock.move(hours=3)
    office.apply(on_call("lee", "ann"))
    office.dispatch.carry_out(job.id)
    office.work()
    office.trouble("web-1 is down", key="web-1")
    office.work()
    assert [(n.incident_id, n.address) for n in office.carrier.sent][-2:] == [(1, PHONES["lee"]), (2, PHONES["ann"])]


def test_a_hang_up_asked_for_under_a_better_name_meanwhile_is_done_again(office: Office) -> None:
    """The call showed itself while we were hanging it up by its request's name."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.Acknowledged("bob", Via.CONSOLE))
    office.carrier.on_hang_up = lambda: office.engine.tell(1, ev.AttemptRinging(1, 1, "call-1"))
    office.work()
    office.after(seconds=1)
    assert office.carrier.hung_up == ["ref-1-1", "call-1"]


def test_a_lost_hangup_does_not_keep_a_phone_from_other_incidents(office: Office) -> None:
    """Ann acknowledged and nobody ever reports the end of her call: half a minute later the next may ring."""
    office.trouble()
    office.work()
    office.engine.tell(1, ev.AttemptAnswered(1, 1, "call-1"))
    office.engine.tell(1, ev.Acknowledged("ann", Via.PHONE, 1, 1))
    office.trouble("web-1 is down", key="web-1")
    office.work()
    for _ in range(17):
        office.after(seconds=2)
    assert [n.incident_id for n in office.carrier.sent if n.channel is Channel.VOICE] == [1, 2]
