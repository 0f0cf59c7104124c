"""The machine's promises over random nights: events lost, doubled, reordered and late, requests of unknown outcome, people pressing
keys at any moment. The carrier here is a few lines of dice; the sandbox plays the real one elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.audit import findings
from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import LAST_RESORT, AttemptStatus, Incident, Outcome, Status, TimerKind, Via
from escalation.domain.machine import advance, will_wake
from escalation.domain.policy import Policy
from tests.builders import NIGHT, alert, incident, policy, roster, step

PEOPLE = ("ann", "bob", "lee")


@dataclass
class RandomNight:
    """One incident, dice for everything else. `live` are calls that exist at the carrier."""

    dice: Random
    policy: Policy
    incident: Incident = field(init=False)
    pending: list[Command] = field(default_factory=list)
    live: set[tuple[int, int]] = field(default_factory=set)
    answered: set[tuple[int, int]] = field(default_factory=set)
    mail: list[ev.Event] = field(default_factory=list)  # callbacks under way, in any order
    told: list[ev.Event] = field(default_factory=list)
    paged: set[str] = field(default_factory=set)
    kept: tuple[Incident, frozenset[tuple[int, int]]] | None = None  # a backup, and the calls that existed then

    def __post_init__(self) -> None:
        self.incident = incident(self.policy, severity=Severity.WARNING)
        self.roster = roster()
        self.now = NIGHT
        self.tell(ev.Triggered(alert(severity=Severity.WARNING)))

    def tell(self, event: ev.Event) -> None:
        before = self.incident
        decision = advance(self.incident, event, self.roster, self.now)
        self.incident = decision.incident
        self.pending += decision.commands
        self.told.append(event)
        self.paged |= {
            self.incident.page_of(a).responder for a in self.incident.attempts if a.turn > before.turn or not before.turn
        }
        self._check(before)

    def _check(self, before: Incident) -> None:
        now = self.incident
        assert will_wake(now, bool(self.pending)), f"nothing will wake it after {self.told[-1]}"
        sending = {(c.attempt, c.try_) for c in self.pending if c.kind.begins_attempt}
        missed = findings(now, sending, self.now)
        assert not missed, f"the audit misses {missed} after {self.told[-1]}"
        picked_up = [a.number for a in now.attempts if a.status is AttemptStatus.ANSWERED]
        assert all(now.timer(TimerKind.ATTEMPT, n) for n in picked_up), "a call that was picked up is never ended"
        assert (now.status, now.step) == (before.status, before.step) or now.turn > before.turn or now.round > before.round
        if now.status is Status.EXHAUSTED and before.status is not Status.EXHAUSTED:
            everyone = {r.handle for s in self.policy.steps for t in s.targets for r in self.roster.resolve(t) if r.contacts}
            assert everyone <= self._ever_paged(), "somebody reachable was never paged"

    def _ever_paged(self) -> set[str]:
        return {self.incident.page_of(a).responder for a in self.incident.attempts}

    # --- what can happen

    def work(self) -> None:
        if self.pending:
            command = self.pending.pop(self.dice.randrange(len(self.pending)))
            if command.kind.begins_attempt:
                self._send(command)
            elif command.kind is CommandKind.HANG_UP:
                self._ended((command.attempt, command.try_), Outcome.STOOD_DOWN)

    def _send(self, c: Command) -> None:
        self.tell(ev.AttemptClaimed(c.attempt, c.try_))
        attempt = self.incident.attempts[c.attempt - 1]
        if attempt.status is not AttemptStatus.CLAIMED or attempt.try_ != c.try_:
            return
        assert self.incident.status in (Status.TRIGGERED, Status.EXHAUSTED), "dialled after it was over"
        assert self.incident.page_of(attempt).closed != "declined", "sent to somebody who declined"
        outcome = self.dice.choice(
            ["ok", "ok", "ok", "ok late", "refused", "bad number", "5xx before", "5xx after", "died", "died after"]
        )
        if outcome in ("ok", "ok late", "5xx after", "died after") and attempt.channel.rings:
            self.live.add((c.attempt, c.try_))
        answer: dict[str, ev.Event] = {
            "ok": ev.AttemptAccepted(c.attempt, c.try_, "r"),
            "ok late": ev.AttemptAccepted(c.attempt, c.try_, "r"),
            "refused": ev.AttemptFailed(c.attempt, c.try_, False, "refused"),
            "bad number": ev.AttemptFailed(c.attempt, c.try_, True, "bad number"),
        }
        event = answer.get(outcome, ev.AttemptUnknown(c.attempt, c.try_, outcome))
        (self.mail.append if outcome in ("ok late", "died", "died after") else self.tell)(event)

    def carrier(self) -> None:
        if not self.live:
            return
        a, t = call = self.dice.choice(sorted(self.live))
        match self.dice.choice(["ring", "answer", "key", "machine", "end", "end"]):
            case "ring":
                self._post(ev.AttemptRinging(a, t, "c"))
            case "answer":
                self.answered.add(call)
                self._post(ev.AttemptAnswered(a, t, "c"))
            case "machine":
                self._post(ev.MachineDetected(a, t, "c"))
            case "key" if call in self.answered:
                self._press(a, t)
            case "end":
                self._ended(call, self.dice.choice([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.HUNG_UP]))

    def _press(self, a: int, t: int) -> None:
        by = self.incident.page_of(self.incident.attempts[a - 1]).responder
        keys = [ev.Acknowledged(by, Via.PHONE, a, t), ev.Escalated(by, Via.PHONE, a), ev.Declined(by, Via.PHONE, a)]
        self.tell(self.dice.choice(keys))

    def _ended(self, call: tuple[int, int], outcome: Outcome) -> None:
        if call in self.live:
            self.live.discard(call)
            self._post(ev.AttemptEnded(*call, outcome))

    def _post(self, event: ev.Event) -> None:
        for _ in range(self.dice.choice([0, 1, 1, 1, 1, 2])):  # lost, once, twice
            self.mail.append(event)

    def callback(self) -> None:
        if self.mail:
            self.tell(self.mail.pop(self.dice.randrange(len(self.mail))))

    def time(self) -> None:
        if self.incident.timers:
            timer = min(self.incident.timers, key=lambda t: (t.due_at, t.kind, t.ref))
            self.now = max(self.now, timer.due_at)
            self.tell(ev.TimerFired(timer.kind, timer.ref, timer.turn))

    def somebody(self) -> None:
        who = self.dice.choice(PEOPLE)
        rare: list[ev.Event] = [
            ev.Acknowledged(who, Via.CONSOLE),
            ev.Escalated(who, Via.CLI),
            ev.Snoozed(self.now + timedelta(hours=1), who, Via.CONSOLE),
            ev.Resolved("monitor", Via.MONITOR),
            ev.Triggered(alert(severity=Severity.CRITICAL)),
            ev.CarrierRecovered("plivo"),
            ev.RosterChanged(),
            ev.TimerFired(self.dice.choice([t.kind for t in self.incident.timers] or [None]), 0, self.incident.turn - 1)  # type: ignore[arg-type]
            if self.incident.timers
            else ev.RosterChanged(),
        ]
        self.tell(self.dice.choice(rare))

    def disaster(self) -> None:
        """A backup is taken, or the incident becomes again what it was in it; callbacks of what was lost still come."""
        if self.kept is None:
            self.kept = self.incident, frozenset(self.live)
            return
        (self.incident, live), self.kept = self.kept, None
        self.live &= live
        self.pending.clear()
        self.tell(ev.Restored(NIGHT))

    def replay(self) -> None:
        """Any carrier's event again, at any later time."""
        seen = [
            e for e in self.told if isinstance(e, ev.AttemptRinging | ev.AttemptAnswered | ev.MachineDetected | ev.AttemptUnknown)
        ]
        if seen:
            self.tell(self.dice.choice(seen))

    def run(self, moments: int) -> RandomNight:
        happenings = [self.work] * 5 + [self.carrier] * 4 + [self.callback] * 5 + [self.time] * 2 + [self.somebody, self.replay]
        happenings += [self.disaster] * self.dice.choice([0, 0, 1])
        for _ in range(moments):
            self.dice.choice(happenings)()
        return self

    def quieten(self) -> RandomNight:
        """The incident is resolved; whatever is under way comes to its end, and each live call shows itself."""
        self.tell(ev.Resolved("monitor", Via.MONITOR))
        for _ in range(3):
            while self.pending or self.mail:
                self.work()
                self.callback()
            unheard = [c for c in sorted(self.live) if c[1] not in self.incident.attempts[c[0] - 1].references]
            for a, t in unheard:
                self.tell(ev.AttemptRinging(a, t, "c"))
        while self.pending:
            self.work()
        return self


POLICIES = st.sampled_from(
    [
        policy(),
        policy(step("ann", "bob"), step("lee"), rounds=2),
        policy(step("nobody"), step("team:payments")),
        policy(step("ann")),
    ]
)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), POLICIES)
def test_an_open_incident_is_never_forgotten_and_nobody_is_dialled_after_it_is_over(dice: Random, chosen: Policy) -> None:
    """Checked after each event: something will wake it; no request goes out once somebody has it; everyone was paged before the end."""
    RandomNight(dice, chosen).run(120)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), POLICIES)
def test_every_call_placed_comes_to_an_end(dice: Random, chosen: Policy) -> None:
    """When it is over, a call that shows itself is hung up, whatever was lost, doubled or late before; a voicemail speaks to its end."""
    night = RandomNight(dice, chosen).run(80).quieten()
    spoken_to = {(e.attempt, e.try_) for e in night.told if isinstance(e, ev.MachineDetected)}
    assert not night.live - spoken_to


@settings(max_examples=200)
@given(st.randoms(use_true_random=False), POLICIES)
def test_a_replayed_timer_is_stale(dice: Random, chosen: Policy) -> None:
    """A timer that fired once never fires again."""
    night = RandomNight(dice, chosen).run(40)
    for event in [e for e in night.told if isinstance(e, ev.TimerFired)]:
        assert advance(night.incident, event, night.roster, NIGHT).incident == night.incident


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_an_outage_shorter_than_the_policy_exhausts_nothing(dice: Random) -> None:
    """Plivo refuses everything for a minute: the first step is still on, and its calls go out when it is over."""
    night = RandomNight(dice, policy())
    while night.now < NIGHT + timedelta(minutes=1):
        for command in list(night.pending):
            night.pending.remove(command)
            night.now = max(night.now, command.not_before or night.now)
            night.tell(ev.AttemptClaimed(command.attempt, command.try_))
            night.tell(ev.AttemptFailed(command.attempt, command.try_, False, "connection refused"))
    assert (night.incident.status, night.incident.step) == (Status.TRIGGERED, 0)
    assert {c.kind for c in night.pending} >= {CommandKind.CALL}
    assert not any(p.step == LAST_RESORT for p in night.incident.pages)
