"""A carrier that is down for a while, at any moment of a night in which nobody answers: what the policy does with it. Moments in
order of time, no dice but the drawn outage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.domain import events as ev
from escalation.domain.commands import Command
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Incident, Outcome, Status
from escalation.domain.machine import advance
from escalation.domain.policy import Policy
from escalation.domain.roster import Channel
from tests.builders import NIGHT, alert, incident, policy, roster, step

PHONES = frozenset({Channel.VOICE, Channel.SMS})  # one carrier brings both
RINGS = timedelta(seconds=25)
ASKED_AFTER = timedelta(seconds=60)  # a carrier left alone for so long is asked whether it is back (`dispatch.QUIET`)
SOON = timedelta(seconds=90)
SECOND = timedelta(seconds=1)

FAILURES = {
    "refused": lambda a, t: ev.AttemptFailed(a, t, False, "connection refused"),
    "unknown": lambda a, t: ev.AttemptUnknown(a, t, "503"),
    "credentials": lambda a, t: ev.AttemptFailed(a, t, False, "plivo refuses our credentials", alarm=True),
}


@dataclass
class Outage:
    """A night with an outage in it, [`begins`, `ends`), in which every call that goes out rings out. `reached`: when a phone was."""

    policy: Policy
    begins: datetime
    ends: datetime
    kind: str
    incident: Incident = field(init=False)
    now: datetime = NIGHT
    pending: list[Command] = field(default_factory=list)
    ringing: list[tuple[datetime, int, int]] = field(default_factory=list)
    reached: list[datetime] = field(default_factory=list)
    failed: datetime | None = None  # the newest failure that nobody took back yet
    failures: int = 0
    exhausted: datetime | None = None  # when it was, first

    def __post_init__(self) -> None:
        self.incident = incident(self.policy)
        self.tell(ev.Triggered(alert(severity=self.incident.severity)))

    def tell(self, event: ev.Event) -> None:
        decision = advance(self.incident, event, roster(), self.now)
        self.incident = decision.incident
        self.pending += decision.commands
        if self.incident.status is Status.EXHAUSTED and self.exhausted is None:
            self.exhausted = self.now

    def until(self, end: datetime) -> Outage:
        """Everything that is due by then, in order."""
        while self._due() <= end:
            self.now = max(self.now, self._due())
            self._send() or self._ring_out() or self._fire() or self._ask()
        self.now = end
        return self

    def _due(self) -> datetime:
        times = [c.not_before or self.now for c in self.pending] + [at for at, *_ in self.ringing]
        times += [t.due_at for t in self.incident.timers] + ([max(self.failed + ASKED_AFTER, self.ends)] if self.failed else [])
        return min(times)

    def _send(self) -> bool:
        command = next((c for c in self.pending if (c.not_before or self.now) <= self.now), None)
        if command is None:
            return False
        self.pending.remove(command)
        attempt = self.incident.attempt(command.attempt)
        if command.kind.begins_attempt and attempt and attempt.status is AttemptStatus.PLANNED and attempt.try_ == command.try_:
            self.tell(ev.AttemptClaimed(attempt.number, command.try_))
            self._request(attempt, command.try_)
        return True

    def _request(self, attempt: Attempt, try_: int) -> None:
        if attempt.channel in PHONES and self.begins <= self.now < self.ends:
            self.failed = self.now
            self.failures += 1
            self.tell(FAILURES[self.kind](attempt.number, try_))
            return
        self.tell(ev.AttemptAccepted(attempt.number, try_, "r"))
        if attempt.channel in PHONES and self.incident.page_of(attempt).step != LAST_RESORT:
            self.reached.append(self.now)
            self._recovered()
        if attempt.channel.rings:
            self.ringing.append((self.now + RINGS, attempt.number, try_))

    def _ring_out(self) -> bool:
        over = min(self.ringing, default=None)
        if over is None or over[0] > self.now:
            return False
        self.ringing.remove(over)
        self.tell(ev.AttemptEnded(over[1], over[2], Outcome.NO_ANSWER))
        return True

    def _fire(self) -> bool:
        due = [t for t in self.incident.timers if t.due_at <= self.now]
        for timer in sorted(due, key=lambda t: (t.due_at, t.kind, t.ref))[:1]:
            self.tell(ev.TimerFired(timer.kind, timer.ref, timer.turn))
        return bool(due)

    def _ask(self) -> bool:
        self._recovered()
        return True

    def _recovered(self) -> None:
        if self.failed:
            self.failed = None
            self.tell(ev.CarrierRecovered("plivo", PHONES))


POLICIES = [policy(), policy(step("ann", minutes=2), step("team:payments", minutes=3), rounds=2), policy(step("ann", minutes=1))]


def lasts(chosen: Policy) -> timedelta:
    return chosen.rounds * sum((s.timeout for s in chosen.steps), timedelta())


@st.composite
def outages(draw: st.DrawFn) -> Outage:
    """Shorter than the policy, beginning before the alert or at any moment of the night."""
    chosen = draw(st.sampled_from(POLICIES))
    whole = lasts(chosen)
    length = draw(st.timedeltas(SECOND, whole - SECOND))
    begins = NIGHT + draw(st.timedeltas(timedelta(0), whole - SECOND - length))
    return Outage(chosen, begins, begins + length, draw(st.sampled_from(sorted(FAILURES))))


@settings(max_examples=200)
@given(outages())
def test_an_outage_shorter_than_the_policy_exhausts_nothing(night: Outage) -> None:
    """As long as it lasts nobody is skipped: each step has its whole time. When it is over, whoever it had failed is told soon."""
    night.until(night.ends)
    assert night.exhausted is None
    night.until(night.ends + SOON)
    after = [at for at in night.reached if at >= night.ends]
    assert after or not night.failures, f"back since {night.ends}, and nobody was reached: {night.reached}"
    night.until(max(night.now, NIGHT + lasts(night.policy)))
    assert night.exhausted is None or night.exhausted >= NIGHT + lasts(night.policy), "exhausted before its time"
