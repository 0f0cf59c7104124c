"""The machine's promises over random nights (`nights`): each is looked at after every single event."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import get_args

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from escalation.domain import attempts, machine
from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.audit import findings
from escalation.domain.commands import Command, CommandKind
from escalation.domain.conditions import Condition
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Status, TimerKind
from escalation.domain.machine import Decision, advance, will_wake
from escalation.domain.passing import fails
from escalation.domain.policy import Policy, Rung
from escalation.domain.roster import Channel
from tests.builders import NIGHT, policy, step, target
from tests.domain.nights import CALL, RandomNight

PLANNED, ANSWERED = AttemptStatus.PLANNED, AttemptStatus.ANSWERED
PAGING = (Status.TRIGGERED, Status.EXHAUSTED)
AT_THE_CARRIER = (AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN, AttemptStatus.RINGING, ANSWERED)
FROM_STEP_1 = "from step 1"

POLICIES = st.sampled_from(
    [
        policy(),
        policy(step("ann", "bob"), step("lee"), rounds=2),
        policy(step("nobody"), step("team:payments"), acknowledgement_expires=None),
        policy(step("ann"), step("bob"), auto_resolve=timedelta(minutes=20)),
        policy(replace(step("lee"), condition=Condition((Severity.CRITICAL,))), step("ann"), rounds=2),
        policy(replace(step("bob"), round_robin=(target("ann"), target("lee")), turn=2), step("lee")),
        policy(step("ann", "lee", ladder=(Rung(Channel.VOICE), Rung(Channel.SMS), Rung(Channel.VOICE)))),
    ]
)
A_MOMENT = timedelta(seconds=1)
DICE = st.randoms(use_true_random=False)
# To make a night shorter that broke a promise takes longer than a test is given before it counts as hanging.
AS_IT_WAS = settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])


# --- what must hold after any event


class Watch:
    """Looks at one night, event by event. `run_began`: how many pages there were when the policy was last begun from step 1. `chosen`:
    somebody chose a step since then, whatever stands before it."""

    def __init__(self) -> None:
        self.run_began = 0
        self.chosen = False

    def __call__(self, night: RandomNight, before: Incident, decision: Decision) -> None:
        if isinstance(night.told[-1], ev.Restored):
            self.run_began = 0  # a backup of an earlier run: whoever was ever paged in it counts
        if any(FROM_STEP_1 in entry.text for entry in decision.entries):
            self.run_began, self.chosen = len(before.pages), False
        # A rise that a window holds back does not begin again, so the steps that are only for worse are not come to in this run.
        skips = ("Escalated to step", "Worse than before: ")
        self.chosen |= any(e.text.startswith(skips) and FROM_STEP_1 not in e.text for e in decision.entries)
        now = night.incident
        assert will_wake(now, bool(night.pending)), f"nothing will wake it after {night.told[-1]}"
        assert (now.status, now.step) == (before.status, before.step) or now.turn > before.turn or now.round > before.round
        sending = {(c.attempt, c.try_) for c in night.pending if c.kind.begins_attempt}
        missed = findings(now, sending, night.now)
        assert not missed, f"the audit misses {missed} after {night.told[-1]}"
        waits_as_its_status_demands(now)
        closes_itself_only_where_somebody_had_it(night.told[-1], before, now)
        for attempt in now.attempts:
            is_taken_care_of(attempt, now, night.pending)
        calls_nobody_twice(now)
        keeps_the_names_of_calls(before, now)
        self._everybody_was_paged(night, before)

    def _everybody_was_paged(self, night: RandomNight, before: Incident) -> None:
        now = night.incident
        if self.chosen:
            return
        if before.status is Status.EXHAUSTED and now.status is Status.TRIGGERED:
            assert self.run_began == len(before.pages), "paged again, and not from step 1"
        if now.status is Status.EXHAUSTED and before.status is not Status.EXHAUSTED:
            paged = {p.responder for p in now.pages[self.run_began :] if any(a.page == p.number for a in now.attempts)}
            everyone = {
                r.handle
                for s in now.policy.steps
                if not fails(now, s, night.now)
                for t in s.targets
                for r in night.roster.everybody(t)
                if r.contacts and not r.quiet
            }
            assert everyone <= paged, "somebody reachable was never paged"


def waits_as_its_status_demands(now: Incident) -> None:
    """The timer without which it would stay as it is for ever."""
    kinds = {t.kind for t in now.timers}
    match now.status:
        case Status.TRIGGERED:
            assert kinds & {TimerKind.STEP, TimerKind.SLOT}, "the step never ends"
        case Status.EXHAUSTED:
            assert TimerKind.ALARM in kinds, "exhausted, and quiet about it"
        case Status.SNOOZED:
            assert TimerKind.SNOOZE in kinds, "the snooze never ends"
        case Status.ACKNOWLEDGED:
            assert (TimerKind.ACK in kinds) is (now.policy.acknowledgement_expires is not None)
        case Status.RESOLVED:
            assert kinds <= {TimerKind.ATTEMPT}, "it is over, and paging goes on"


def closes_itself_only_where_somebody_had_it(event: ev.Event, before: Incident, now: Incident) -> None:
    """A self-test has an end of its own: nobody ever has it."""
    if isinstance(event, ev.TimerFired) and before.is_open and not now.is_open and not now.policy.test_number:
        assert before.status in (Status.ACKNOWLEDGED, Status.SNOOZED), "closed, and nobody had it"


def is_taken_care_of(a: Attempt, now: Incident, pending: list[Command]) -> None:
    """Planned: a command will send this very try. At the carrier: its own timer ends it. Not wanted any more: settled."""
    if a.status is PLANNED:
        assert any(c.kind.begins_attempt and (c.attempt, c.try_) == (a.number, a.try_) for c in pending), f"never sent: {a}"
    elif a.status in AT_THE_CARRIER or (a.status is AttemptStatus.ACCEPTED and a.channel.rings):
        assert now.timer(TimerKind.ATTEMPT, a.number), f"never given up: {a}"
    if now.status not in PAGING:
        assert a.settled or a.status is ANSWERED, f"still wanted although {now.status}: {a}"


def calls_nobody_twice(now: Incident) -> None:
    open_calls = [a.page for a in now.attempts if a.channel.rings and not a.settled]
    assert len(open_calls) == len(set(open_calls)), "two calls of one page"


def keeps_the_names_of_calls(before: Incident, now: Incident) -> None:
    """By its own name a call can be ended even when it was picked up, by the request's it cannot."""
    for was, is_ in zip(before.attempts, now.attempts, strict=False):
        if not is_.channel.rings:  # a call of a site that was lost may name a text that has its number now
            continue
        known = {t for t, name in was.references.items() if name == CALL}
        assert known <= {t for t, name in is_.references.items() if name == CALL}, f"its own name was forgotten: {is_}"


@settings(AS_IT_WAS, max_examples=150)
@given(DICE, POLICIES)
def test_an_open_incident_is_never_forgotten_and_nobody_is_dialled_after_it_is_over(dice: Random, chosen: Policy) -> None:
    """Checked after each event: something will wake it; no request goes out once somebody has it; everyone was paged before the end."""
    RandomNight(dice, chosen, Watch()).run(120)


@settings(AS_IT_WAS, max_examples=150)
@given(DICE, POLICIES)
def test_every_call_placed_comes_to_an_end(dice: Random, chosen: Policy) -> None:
    """When it is over, a call that shows itself is hung up, whatever was lost, doubled or late before; a voicemail speaks to its end."""
    night = RandomNight(dice, chosen).run(80).quieten()
    spoken_to = {(e.attempt, e.try_) for e in night.told if isinstance(e, ev.MachineDetected)}
    assert not night.live - spoken_to


# --- replays


def is_a_new_wish(event: ev.Event, before: Incident, now: Incident) -> bool:
    """Said twice, these are two: whoever types `escalate` twice means the next step and the one after (no attempt, no turn: the
    command line). And a 2 that used the policy up: said again to the exhausted incident it pages from step 1, which skips nobody;
    that the same key is not *delivered* twice is the inbox's promise."""
    if isinstance(event, ev.Restored):  # said once, by the program that restores, in the transaction in which it does
        return True
    if isinstance(event, ev.Reassigned | ev.HandedOver):  # to the same person again: they are called again
        return not event.turn
    if not isinstance(event, ev.Escalated):
        return False
    return not (event.attempt or event.turn) or (event.turn == 0 and now.status is Status.EXHAUSTED is not before.status)


def shown(now: Incident, event: ev.Event) -> Incident:
    """What must not change. Not the bill: what a hang-up cost is added each time it is told, and the inbox tells it once. A snooze
    said again is the same snooze in a new turn, and its silence begins then. A carrier's recovery gives what waits for it a fresh try each time, of which only the
    newest is sent (`to_send`)."""
    unbilled = tuple(replace(a, seconds=0, cost=Decimal(0)) for a in now.attempts)
    match event:
        case ev.Snoozed():
            return replace(
                now,
                attempts=unbilled,
                turn=0,
                timers=frozenset(replace(t, turn=0) for t in now.timers if t.kind is not TimerKind.QUIET),
            )
        case ev.CarrierRecovered():
            return replace(now, attempts=tuple(replace(a, try_=0, tries=0) if a.status is PLANNED else a for a in unbilled))
        case _:
            return replace(now, attempts=unbilled)


def to_send(now: Incident, pending: tuple[Command, ...]) -> list[tuple[CommandKind, int]]:
    """Requests that will go out: of a planned attempt, the try that counts."""
    sending = {c for c in pending if c.kind.begins_attempt}
    wanted = {(a.number, a.try_) for a in now.attempts if a.status is PLANNED}
    return sorted((c.kind, c.attempt) for c in sending if (c.attempt, c.try_) in wanted)


def hung_up(decision: Decision) -> list[Attempt]:
    """Calls that are still wanted; a hang-up of any other may be asked for as often as you like."""
    calls = [(decision.incident.attempts[c.attempt - 1], c) for c in decision.commands if c.kind is CommandKind.HANG_UP]
    return [attempt for attempt, c in calls if attempt.try_ == c.try_ and not attempt.settled]


def said_again(night: RandomNight, before: Incident, decision: Decision) -> None:
    """The event that was just told, once more a moment later."""
    event, now = night.told[-1], night.incident
    if is_a_new_wish(event, before, now):
        return
    again = advance(now, event, night.roster, night.now + A_MOMENT)
    assert shown(again.incident, event) == shown(now, event), f"said twice: {event}"
    assert to_send(again.incident, (*night.pending, *again.commands)) == to_send(now, tuple(night.pending)), (
        f"sent twice: {event}"
    )
    assert not hung_up(again), f"hung up: {event}"
    assert CommandKind.LEAVE_MESSAGE not in {c.kind for c in again.commands}, f"spoken twice: {event}"


@settings(AS_IT_WAS, max_examples=100)
@given(DICE, POLICIES)
def test_replaying_any_event_changes_nothing(dice: Random, chosen: Policy) -> None:
    """After each event of the night the same again, whoever told it: nothing more is sent, nothing else is shown."""
    RandomNight(dice, chosen, said_again).run(100)


@settings(AS_IT_WAS, max_examples=100)
@given(DICE, POLICIES)
def test_a_replayed_timer_is_stale(dice: Random, chosen: Policy) -> None:
    """A timer that fired once never fires again, however late."""
    night = RandomNight(dice, chosen).run(40)
    for event in [e for e in night.told if isinstance(e, ev.TimerFired)]:
        assert advance(night.incident, event, night.roster, NIGHT).incident == night.incident


NO_TEXT_RINGS = {(status, ev.TextDelivered) for status in (AttemptStatus.RINGING, ANSWERED)}


def test_the_nights_are_wild() -> None:
    """Every event meets every status of the incident and every state of an attempt; else the promises here are kept for want of
    anything that could break them."""
    met: set[tuple[object, object]] = set()

    def look(night: RandomNight, before: Incident, _: Decision) -> None:
        event = night.told[-1]
        attempt = before.attempt(getattr(event, "attempt", 0)) if isinstance(event, get_args(ev.AttemptEvent)) else None
        met.add((attempt.status if attempt else before.status, type(event)))

    for seed in range(400):
        for chosen in (policy(), policy(step("ann", "bob"), step("lee"), rounds=2)):
            RandomNight(Random(seed), chosen, look).run(120)
    of_the_audit = {(status, ev.Audited) for status in Status}  # told when rows were lost, which nights do not do
    assert set(machine.RULES) - of_the_audit - {(Status.SNOOZED, ev.Restored)} <= met
    assert set(attempts.RULES) - NO_TEXT_RINGS <= met
