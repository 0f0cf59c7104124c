"""A night that has not happened: one incident told to the machine, with people who do what they are said to do and a carrier that brings
everything at once. What it gives is the machine's own timeline, so that the real one reads the same. Pure; not the sandbox, which
plays a carrier to the whole system, and not a forecast of outages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count

from escalation.domain import events as ev
from escalation.domain.alert import Alert
from escalation.domain.commands import Command, CommandKind
from escalation.domain.holding import Holding
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Outcome, Status, Timer, TimerKind, Via
from escalation.domain.machine import advance
from escalation.domain.roster import Channel, Roster
from escalation.domain.timeline import Entry

NOTHING = Holding()
LONGEST = timedelta(days=8)  # no step is longer than seven
MOST = 3_000  # events: two people who hand it to each other do so for ever
PICKS_UP, PRESSES, HANGS_UP = timedelta(seconds=8), timedelta(seconds=20), timedelta(seconds=25)
GREETING = timedelta(seconds=15)
BROUGHT, READ = timedelta(seconds=3), timedelta(minutes=1)
PHONE_IS_BUSY = timedelta(seconds=2)
VIA = {Channel.VOICE: Via.PHONE, Channel.SMS: Via.SMS, Channel.SLACK: Via.SLACK}


class Answer(StrEnum):
    """What somebody does about one call or one text."""

    NOTHING = "nothing"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    HANGS_UP = "hangs up"
    BAD_NUMBER = "bad number"
    ACKNOWLEDGES = "acknowledges"
    ESCALATES = "escalates"
    DECLINES = "declines"


@dataclass(frozen=True, slots=True)
class Answers:
    """One person's, call after call and text after text; the last of each goes on for ever."""

    calls: tuple[Answer, ...] = ()
    texts: tuple[Answer, ...] = ()

    def to(self, channel: Channel, n: int) -> Answer:
        """To the n-th (from 0) of that kind."""
        said = self.calls if channel.rings else self.texts
        return said[min(n, len(said) - 1)] if said else Answer.NOTHING


@dataclass(frozen=True, slots=True)
class Sent:
    """One request to a carrier, and for a call for how long it was connected: that is what is billed."""

    at: datetime
    responder: str
    channel: Channel
    connected: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Night:
    """How it went: the timeline, what was sent, and the incident as it stood when nothing more would happen by itself."""

    incident: Incident
    entries: tuple[Entry, ...]
    sent: tuple[Sent, ...]
    settled_at: datetime  # since when it has the status that it ends with
    goes_on: bool = False  # it was cut off


def simulate(
    incident: Incident, alert: Alert, roster: Roster, answers: Mapping[str, Answers], at: datetime, holding: Holding = NOTHING
) -> Night:
    """`holding`: what holds it back when it begins. From the first alert until somebody has it, or until the policy is used up and its last resort was told once."""
    world = _World(incident, roster, answers, at)
    world.tell(ev.Triggered(alert, holding.hold(incident, incident.severity, at)))
    for _ in range(MOST):
        if world.is_over() or world.next_at() > at + LONGEST:
            break
        world.step()
    return Night(world.incident, tuple(world.entries), tuple(world.sent.values()), world.settled_at, not world.is_over())


Try = tuple[int, int]  # attempt, try


@dataclass
class _World:
    incident: Incident
    roster: Roster
    answers: Mapping[str, Answers]
    now: datetime
    settled_at: datetime = field(init=False)
    entries: list[Entry] = field(default_factory=list)
    sent: dict[Try, Sent] = field(default_factory=dict)
    busy: dict[str, Try] = field(default_factory=dict)  # phones, and whose call is on them
    picked_up: dict[Try, datetime] = field(default_factory=dict)
    so_far: Counter[tuple[str, bool]] = field(default_factory=Counter)
    _coming: list[tuple[datetime, int, Try, Command | ev.Event]] = field(default_factory=list)
    _off: defaultdict[Try, bool] = field(default_factory=lambda: defaultdict(bool))
    _number: count[int] = field(default_factory=count)

    def tell(self, event: ev.Event) -> None:
        decision = advance(self.incident, event, self.roster, self.now)
        if decision.incident.status is not self.incident.status or not self.entries:
            self.settled_at = self.now
        self.incident = decision.incident
        self.entries += decision.entries
        for command in decision.commands:
            self._later(command.not_before or self.now, (command.attempt, command.try_), command)

    # --- time

    def is_over(self) -> bool:
        """Nothing is under way, and nothing but an acknowledgement's end or the same alarm again would come."""
        if self._coming:
            return False
        return self.is_had() or {t.kind for t in self.incident.timers} <= {TimerKind.ALARM}

    def is_had(self) -> bool:
        """By somebody; what is only held back waits for the end of that."""
        return self.incident.status not in (Status.TRIGGERED, Status.EXHAUSTED) and self.incident.hold is None

    def next_at(self) -> datetime:
        return min(self._times(), default=self.now)

    def step(self) -> None:
        timer = min(self._timers(), key=lambda t: (t.due_at, t.kind, t.ref), default=None)
        if timer is None or (self._coming and self._coming[0][0] <= timer.due_at):
            self.now, _, call, what = heappop(self._coming)
            self._happens(call, what)
        else:
            self.now = max(self.now, timer.due_at)
            self.tell(ev.TimerFired(timer.kind, timer.ref, timer.turn, self.incident.opened_at))

    def _times(self) -> list[datetime]:
        return [t.due_at for t in self._timers()] + [at for at, *_ in self._coming[:1]]

    def _timers(self) -> list[Timer]:
        """Only what is under way is waited for once somebody has it."""
        return [] if self.is_had() else list(self.incident.timers)

    def _later(self, at: datetime, call: Try, what: Command | ev.Event) -> None:
        heappush(self._coming, (at, next(self._number), call, what))

    # --- the carrier

    def _happens(self, call: Try, what: Command | ev.Event) -> None:
        if isinstance(what, Command):
            self._carry_out(what, call)
        elif not self._off[call]:
            if isinstance(what, ev.AttemptAnswered | ev.MachineDetected):
                self.picked_up.setdefault(call, self.now)
            self.tell(self._hung_up(call, what.outcome) if isinstance(what, ev.AttemptEnded) else what)

    def _hung_up(self, call: Try, outcome: Outcome) -> ev.AttemptEnded:
        """The phone is free again, and the call has its bill."""
        self._off[call] = True
        self.busy = {phone: on for phone, on in self.busy.items() if on != call}
        connected = self.now - self.picked_up.get(call, self.now)
        self.sent[call] = replace(self.sent[call], connected=connected)
        return ev.AttemptEnded(*call, outcome, seconds=int(connected.total_seconds()))

    def _carry_out(self, command: Command, call: Try) -> None:
        if command.kind.begins_attempt:
            self._send(command, call)
        elif command.kind is CommandKind.HANG_UP and call in self.sent and not self._off[call]:
            self.tell(self._hung_up(call, Outcome.STOOD_DOWN))
        elif command.kind is CommandKind.LEAVE_MESSAGE:
            self._later(self.now + GREETING, call, ev.AttemptEnded(*call, Outcome.VOICEMAIL))

    def _send(self, command: Command, call: Try) -> None:
        attempt = self.incident.attempts[command.attempt - 1]
        if attempt.status is not AttemptStatus.PLANNED or attempt.try_ != command.try_:
            return
        if attempt.channel.rings and attempt.address in self.busy:
            self._later(self.now + PHONE_IS_BUSY, call, command)
            return
        self.tell(ev.AttemptClaimed(*call))
        attempt = self.incident.attempts[command.attempt - 1]
        if attempt.status is AttemptStatus.CLAIMED:
            self._brought(attempt, call)

    def _brought(self, attempt: Attempt, call: Try) -> None:
        responder = self.incident.page_of(attempt).responder
        kind = (responder, attempt.channel.rings)
        answer = self.answers.get(responder, Answers()).to(attempt.channel, self.so_far[kind])
        self.so_far[kind] += 1
        if answer is Answer.BAD_NUMBER:
            self.tell(ev.AttemptFailed(*call, permanent=True, reason="there is no such number"))
            return
        self.sent[call] = Sent(self.now, responder, attempt.channel)
        self.tell(ev.AttemptAccepted(*call, f"{attempt.number}.{call[1]}"))
        for after, event in (_ringing if attempt.channel.rings else _lying_there)(self.incident, attempt, responder, answer):
            self._later(self.now + after, call, event)
        if attempt.channel.rings:
            self.busy[attempt.address] = call


def _ringing(incident: Incident, attempt: Attempt, responder: str, answer: Answer) -> list[tuple[timedelta, ev.Event]]:
    call, ring = (attempt.number, attempt.try_), incident.policy.ring
    rings: tuple[timedelta, ev.Event] = (timedelta(seconds=2), ev.AttemptRinging(*call))
    answered: tuple[timedelta, ev.Event] = (PICKS_UP, ev.AttemptAnswered(*call))
    match answer:
        case Answer.NOTHING:
            return [rings, (ring, ev.AttemptEnded(*call, Outcome.NO_ANSWER))]
        case Answer.BUSY:
            return [(timedelta(seconds=2), ev.AttemptEnded(*call, Outcome.BUSY))]
        case Answer.VOICEMAIL:
            return [rings, (ring, ev.MachineDetected(*call))]
        case Answer.HANGS_UP:
            return [rings, answered, (PRESSES, ev.AttemptEnded(*call, Outcome.HUNG_UP))]
        case _:
            said = _said(responder, Via.PHONE, call, answer)
            return [rings, answered, *((PRESSES, event) for event in said), (HANGS_UP, ev.AttemptEnded(*call, Outcome.KEY))]


def _lying_there(_incident: Incident, attempt: Attempt, responder: str, answer: Answer) -> list[tuple[timedelta, ev.Event]]:
    call = (attempt.number, attempt.try_)
    delivered: tuple[timedelta, ev.Event] = (BROUGHT, ev.TextDelivered(*call))
    said = _said(responder, VIA.get(attempt.channel, Via.LINK), call, answer)
    return [delivered, *((READ, event) for event in said)]


def _said(responder: str, via: Via, call: Try, answer: Answer) -> list[ev.Event]:
    match answer:
        case Answer.ACKNOWLEDGES:
            return [ev.Acknowledged(responder, via, *call)]
        case Answer.ESCALATES:
            return [ev.Escalated(responder, via, call[0])]
        case Answer.DECLINES:
            return [ev.Declined(responder, via, call[0])]
        case _:
            return []
