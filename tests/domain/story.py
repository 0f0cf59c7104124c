"""A story about one incident, for the tests of the machine. Not a test."""

from __future__ import annotations

from dataclasses import replace

from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import Incident, Outcome, TimerKind
from escalation.domain.machine import Decision, advance
from escalation.domain.roster import Roster
from tests.builders import NIGHT, alert, incident, roster


class Story:
    """One incident told one event after the other, its commands collected."""

    def __init__(self, first: Incident | None = None, people: Roster | None = None) -> None:
        self.incident = first or incident()
        self.roster = people or roster()
        self.now = NIGHT
        self.last = Decision(self.incident, (), ())
        self.tell(ev.Triggered(alert(severity=self.incident.severity)))

    def tell(self, *events: ev.Event) -> Story:
        for event in events:
            self.last = advance(self.incident, event, self.roster, self.now)
            self.incident = self.last.incident
        return self

    def fires(self, kind: TimerKind, ref: int = 0) -> Story:
        """One timer at its time. Those that are due before it are put off, as if what they wait for went on: the story is not about
        them, and nobody was down."""
        timer = self.incident.timer(kind, ref)
        assert timer, f"no {kind} timer {ref} among {sorted(t.kind for t in self.incident.timers)}"
        self.now = max(self.now, timer.due_at)
        timers = frozenset(replace(t, due_at=max(t.due_at, self.now)) for t in self.incident.timers)
        self.incident = replace(self.incident, timers=timers)
        return self.tell(ev.TimerFired(kind, ref, timer.turn))

    def calls(self, attempt: int, try_: int = 1) -> Story:
        return self.tell(ev.AttemptClaimed(attempt, try_), ev.AttemptAccepted(attempt, try_, f"req-{attempt}-{try_}"))

    def ends(self, attempt: int, outcome: Outcome = Outcome.NO_ANSWER) -> Story:
        return self.tell(ev.AttemptEnded(attempt, self.incident.attempts[attempt - 1].try_, outcome))

    @property
    def commands(self) -> list[tuple[CommandKind, int, int]]:
        return [(c.kind, c.attempt, c.try_) for c in self.last.commands]

    @property
    def says(self) -> str:
        return " | ".join(e.text for e in self.last.entries)
