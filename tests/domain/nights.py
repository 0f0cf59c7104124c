"""A random night: one incident, and dice for everything around it. Events are lost, doubled, reordered and late; requests have unknown
outcomes; people press keys at any moment. The carrier is a few lines of dice, the sandbox plays the real one elsewhere. What must hold
in such a night is in `test_promises`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.commands import Command, CommandKind
from escalation.domain.conditions import Hours
from escalation.domain.hold import Hold
from escalation.domain.incident import AttemptStatus, Incident, Outcome, Status, TimerKind, Via
from escalation.domain.machine import Decision, advance
from escalation.domain.policy import Policy
from escalation.domain.roster import Roster
from escalation.domain.week import Week, daily
from tests.builders import NIGHT, alert, incident, roster

PEOPLE = ("ann", "bob", "lee")
REQUEST, CALL = "the request's name", "the call's own name"
Try = tuple[int, int]  # attempt, try


def somebody_sleeps() -> Roster:
    """Bob wants nothing of low urgency for twenty minutes more."""
    hours = Hours(ZoneInfo("UTC"), Week.of([*daily(range(7), time(22), time(3, 20))]))
    people = roster().people
    return replace(roster(), people={**people, "bob": replace(people["bob"], quiet=hours)})


def nothing_more(_night: RandomNight, _before: Incident, _decision: Decision) -> None:
    """Nobody looks."""


@dataclass
class RandomNight:
    """`live` are calls that exist at the carrier, `texts` what it has to deliver. `looks` is shown every event's decision."""

    dice: Random
    policy: Policy
    looks: Callable[[RandomNight, Incident, Decision], None] = nothing_more
    incident: Incident = field(init=False)
    pending: list[Command] = field(default_factory=list)
    live: set[Try] = field(default_factory=set)
    answered: set[Try] = field(default_factory=set)
    texts: set[Try] = field(default_factory=set)
    mail: list[ev.Event] = field(default_factory=list)  # callbacks under way, in any order
    told: list[ev.Event] = field(default_factory=list)
    cap: Decimal | None = None  # what the night may cost, what has been spent, what each request costs
    spent: Decimal = Decimal(0)
    price: Decimal = Decimal(1)
    held_back: int = 0
    kept: tuple[Incident, frozenset[Try]] | None = None  # a backup, and the calls that existed then

    def __post_init__(self) -> None:
        self.incident = incident(self.policy, severity=Severity.WARNING)
        self.roster = self.dice.choice([roster, roster, somebody_sleeps])()
        self.now = NIGHT
        self.tell(ev.Triggered(alert(severity=Severity.WARNING), self.hold()))

    def tell(self, event: ev.Event) -> None:
        before, decision = self.incident, advance(self.incident, event, self.roster, self.now)
        self.incident = decision.incident
        self.pending += decision.commands
        self.told.append(event)
        self.looks(self, before, decision)

    # --- workers

    def work(self) -> None:
        if not self.pending:
            return
        command = self.dice.choice(self.pending)
        if command.kind is CommandKind.CALL and self.dice.randrange(4) == 3:
            late = ev.AttemptDelayed(command.attempt, command.try_, "another call of ours is on that phone")
            self.dice.choice([self.tell, self.mail.append])(late)  # said after the claim, in a transaction of its own
            return
        if command.kind is CommandKind.CALL and self.dice.randrange(6) == 5:
            self._join(command)
            return
        if command.kind.begins_attempt:
            self._send(command)
        else:
            self.pending.remove(command)
            if command.kind is CommandKind.HANG_UP:
                self._ended((command.attempt, command.try_), Outcome.STOOD_DOWN)

    def _join(self, c: Command) -> None:
        """Another incident's call takes it along: no call of its own, and some day it hears how that one ended."""
        self.pending.remove(c)
        self.tell(ev.AttemptJoined(c.attempt, c.try_, 7))
        ended, unheard = ev.AttemptEnded(c.attempt, c.try_, Outcome.NO_ANSWER), ev.AttemptUnheard(c.attempt, c.try_)
        self.mail.append(self.dice.choice([ended, unheard]))

    def _send(self, c: Command) -> None:
        self.tell(ev.AttemptClaimed(c.attempt, c.try_, cap=self.cap if self.cap is not None and self.spent >= self.cap else None))
        self.pending.remove(c)
        attempt = self.incident.attempts[c.attempt - 1]
        if attempt.status is not AttemptStatus.CLAIMED or attempt.try_ != c.try_:
            return
        self.spent += self.price
        assert self.incident.status in (Status.TRIGGERED, Status.EXHAUSTED), "dialled after it was over"
        assert self.incident.page_of(attempt).closed != "declined", "sent to somebody who declined"
        if attempt.channel.rings and self.dice.randrange(4) == 3:  # of a call that is not shared: nothing follows
            self.mail += [ev.AttemptJoined(c.attempt, c.try_, 7), ev.AttemptUnheard(c.attempt, c.try_ - 1)]
        outcome = self.dice.choice(
            ["ok", "ok", "ok", "ok late", "refused", "bad number", "no credit", "5xx before", "5xx after", "died", "died after"]
        )
        if outcome in ("ok", "ok late", "5xx after", "died after"):
            (self.live if attempt.channel.rings else self.texts).add((c.attempt, c.try_))
        answer: dict[str, ev.Event] = {
            "ok": ev.AttemptAccepted(c.attempt, c.try_, REQUEST),
            "ok late": ev.AttemptAccepted(c.attempt, c.try_, REQUEST),
            "refused": ev.AttemptFailed(c.attempt, c.try_, False, "refused"),
            "bad number": ev.AttemptFailed(c.attempt, c.try_, True, "bad number"),
            "no credit": ev.AttemptFailed(c.attempt, c.try_, False, "no credit", alarm=True),
        }
        event = answer.get(outcome, ev.AttemptUnknown(c.attempt, c.try_, outcome))
        (self.mail.append if outcome in ("ok late", "died", "died after") else self.tell)(event)

    # --- the carrier

    def carrier(self) -> None:
        if self.live:
            self._on_the_line(self.dice.choice(sorted(self.live)))

    def _on_the_line(self, call: Try) -> None:
        match self.dice.choice(["ring", "ring", "answer", "answer", "key", "machine", "lost", "end"]):
            case "ring":
                self._post(ev.AttemptRinging(*call, CALL))
            case "answer":
                self.answered.add(call)
                self._post(ev.AttemptAnswered(*call, CALL))
            case "machine":
                self._post(ev.MachineDetected(*call, CALL))
            case "key" if call in self.answered:
                self._say(*call, Via.PHONE)
            case "lost":
                self.live.discard(call)
                self._post(self._failed(call, "lost in the network"))
            case "end":
                self._ended(call, self.dice.choice([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.HUNG_UP]))

    def text(self) -> None:
        """News of a text, in any order and more than once: there is one status for each part of it."""
        if self.texts:
            text = self.dice.choice(sorted(self.texts))
            sent, delivered = ev.AttemptAccepted(*text, REQUEST), ev.TextDelivered(*text)
            self._post(self.dice.choice([sent, delivered, delivered, self._failed(text, "undelivered")]))

    def _failed(self, at: Try, reason: str) -> ev.AttemptFailed:
        permanent, alarm = not self.dice.randrange(3), not self.dice.randrange(6)
        return ev.AttemptFailed(*at, permanent, reason, alarm, "30")

    def _say(self, a: int, t: int, via: Via) -> None:
        by = self.incident.page_of(self.incident.attempts[a - 1]).responder
        self.tell(self.dice.choice([ev.Acknowledged(by, via, a, t), ev.Escalated(by, via, a), ev.Declined(by, via, a)]))

    def _ended(self, call: Try, outcome: Outcome) -> None:
        if call in self.live:
            self.live.discard(call)
            self._post(ev.AttemptEnded(*call, outcome, "", 20))

    def _post(self, event: ev.Event) -> None:
        for _ in range(self.dice.choice([0, 1, 1, 1, 1, 2])):  # lost, once, twice
            self.mail.append(event)

    def callback(self) -> None:
        if self.mail:
            self.tell(self.mail.pop(self.dice.randrange(len(self.mail))))

    def replay(self) -> None:
        """Whatever a worker, a carrier or a timer said, again, at any later time."""
        seen = [e for e in self.told if isinstance(e, ev.AttemptEvent | ev.TimerFired)]
        if seen:
            self.tell(self.dice.choice(seen))

    # --- everybody else

    def reply(self) -> None:
        """To any text or call of this night, by text."""
        if self.incident.attempts:
            self._say(self.dice.choice(self.incident.attempts).number, 0, Via.SMS)

    def time(self) -> None:
        if self.incident.timers:
            timer = min(self.incident.timers, key=lambda t: (t.due_at, t.kind, t.ref))
            self.now = max(self.now, timer.due_at)
            heard = self.now - self.dice.choice([timedelta(minutes=1), timedelta(hours=1)])
            asks = timer.kind is TimerKind.QUIET
            self.tell(ev.TimerFired(timer.kind, timer.ref, timer.turn, heard if asks else None, self.hold()))

    def hold(self) -> Hold | None:
        """Now and then there is a window, and not every window stops what rings."""
        held = Hold("maintenance", self.now + timedelta(minutes=self.dice.choice([1, 60])), stops=not self.dice.randrange(2))
        return self.dice.choice([None, None, None, held])

    def somebody(self) -> None:
        who, turn = self.dice.choice(PEOPLE), self.incident.turn - self.dice.randrange(2)
        rare: list[ev.Event] = [
            ev.Acknowledged(who, Via.CONSOLE),
            ev.Escalated(who, Via.CLI),
            ev.Escalated(who, Via.SLACK, 0, turn),
            ev.Escalated(who, Via.CONSOLE, 0, self.dice.choice([0, turn]), step=self.dice.randrange(5)),
            ev.Reassigned(who, Via.CLI, self.dice.choice([*PEOPLE, "nobody"]), turn=self.dice.choice([0, turn])),
            ev.Reassigned(who, Via.CLI, policy=self.policy, turn=turn),
            ev.HandedOver(self.dice.choice([*PEOPLE, "nobody"]), who, Via.CLI, turn=self.dice.choice([0, turn])),
            ev.ResponderAdded(self.dice.choice([*PEOPLE, "nobody"]), who, Via.CLI),
            ev.Unacknowledged(who, Via.CONSOLE, self.dice.choice([0, turn])),
            *[ev.Snoozed(self.now + timedelta(hours=1), who, Via.CONSOLE)] * 2,
            ev.Noted("looked at it", who, Via.CONSOLE),
            ev.Resolved("monitor", Via.MONITOR),
            ev.Triggered(alert(severity=self.dice.choice([Severity.WARNING, Severity.ERROR, Severity.CRITICAL])), self.hold()),
            *[ev.Reviewed(self.hold())] * 2,
            ev.CarrierRecovered("plivo"),
            ev.RosterChanged(),
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

    def run(self, moments: int) -> RandomNight:
        disasters = [self.disaster] * self.dice.choice([0, 0, 1])
        for _ in range(moments):
            often = [self.work] * 4 * bool(self.pending) + [self.callback] * 5 * bool(self.mail)
            often += [self.carrier] * 8 * bool(self.live) + [self.text] * bool(self.texts) + [self.time, self.replay]
            rarely = self.dice.choice([self.somebody, self.reply, self.time, *disasters])
            self.dice.choice([*often, rarely])()
        return self

    def quieten(self) -> RandomNight:
        """The incident is resolved; whatever is under way comes to its end, and each live call shows itself."""
        self.tell(ev.Resolved("monitor", Via.MONITOR))
        for _ in range(3):
            while self.pending or self.mail:
                self.work()
                self.callback()
            unheard = [c for c in sorted(self.live) if c[1] not in self.incident.attempts[c[0] - 1].references]
            for call in unheard:
                self.tell(ev.AttemptRinging(*call, CALL))
        while self.pending:
            self.work()
        return self
