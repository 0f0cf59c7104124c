"""The incident and what hangs on it: pages, attempts, timers. Values only; the rules are in `machine`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from escalation.domain.alert import Link, Severity
from escalation.domain.hold import Hold, held_by
from escalation.domain.policy import Policy, Rung, Step
from escalation.domain.roster import Channel
from escalation.domain.urgency import Urgency

AGAIN = "again: "
LAST_RESORT = -1  # the `step` of pages that go to the policy's last resort


class Status(StrEnum):
    TRIGGERED = "triggered"
    EXHAUSTED = "exhausted"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Via(StrEnum):
    """By what road a person (or the monitor) said something."""

    PHONE = "phone"
    SMS = "sms"
    SLACK = "slack"
    LINK = "link"
    CONSOLE = "console"
    CLI = "command line"
    MONITOR = "monitor"


class AttemptStatus(StrEnum):
    PLANNED = "planned"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"  # the carrier may or may not have it
    ACCEPTED = "accepted"
    RINGING = "ringing"
    ANSWERED = "answered"
    SETTLED = "settled"


class Outcome(StrEnum):
    """What an attempt came to. Only a key, a reply, a button or the console acknowledges, so none of these does."""

    NO_ANSWER = "no answer"
    BUSY = "busy"
    REJECTED = "rejected"
    VOICEMAIL = "voicemail"
    HUNG_UP = "hung up without a key"
    KEY = "key pressed"
    SILENT = "no word from the carrier"
    FAILED = "failed"
    UNREACHABLE = "unreachable"  # a permanent failure: bad number, opted out
    STOOD_DOWN = "stood down"
    CAPPED = "spending cap reached"  # held back, nothing was sent
    SENT = "sent"  # a text that lies there to be read, when nobody waits for an answer to it any more


class Again(StrEnum):
    """Why the policy was begun again with something that somebody had had: whoever is called hears it."""

    EXPIRED = "expired"  # acknowledged, and nothing was heard since
    GIVEN_BACK = "given back"
    HANDED_OVER = "handed over"


class TimerKind(StrEnum):
    STEP = "step"
    RUNG = "rung"  # ref: page number
    ATTEMPT = "attempt"  # ref: attempt number
    SLOT = "slot"  # pages of this step have waited too long to be sent
    SNOOZE = "snooze"
    ACK = "ack"
    ALARM = "alarm"
    QUIET = "quiet"  # no alert came for so long that whoever has it need not close it


@dataclass(frozen=True, slots=True)
class Timer:
    """One per (kind, ref); carries the turn it was set in, so that a stale one is known."""

    kind: TimerKind
    ref: int
    turn: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Telling one responder about the incident at one step. `rung` is the last rung planned, -1 before the first."""

    number: int
    responder: str
    step: int
    turn: int
    ladder: tuple[Rung, ...]
    rung: int = -1
    closed: str = ""  # why nothing more is tried, empty while it is open


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a page by one carrier. Each request to the carrier is a *try* of its own (`tries` were made); `try_` is the one
    that counts now; `references` are the carrier's names for what it accepted, by try."""

    number: int
    page: int
    rung: int
    channel: Channel
    address: str
    turn: int
    status: AttemptStatus = AttemptStatus.PLANNED
    try_: int = 1
    tries: int = 1
    outcome: Outcome | None = None
    reason: str = ""
    references: Mapping[int, str] = field(default_factory=dict)
    failures: int = 0
    seconds: int = 0
    cost: Decimal = Decimal(0)
    began_at: datetime | None = None

    @property
    def settled(self) -> bool:
        return self.status is AttemptStatus.SETTLED


@dataclass(frozen=True, slots=True)
class Incident:
    """`turn` is raised by every change of status or step; an event of an older turn is stale. `step` and `round` say
    where in the policy we are. `alarmed` are the dead ends already told to the last resort in this run of the policy, and why this run
    began where somebody had had it before (`again`): a word that the release before reads and leaves alone."""

    id: int
    service: str
    dedup_key: str
    summary: str
    severity: Severity
    policy: Policy
    opened_at: datetime
    status: Status = Status.TRIGGERED
    turn: int = 0
    step: int = 0
    round: int = 0
    source: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    occurred_at: datetime | None = None
    acknowledged_by: str = ""
    pages: tuple[Page, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    timers: frozenset[Timer] = frozenset()
    alarmed: frozenset[str] = frozenset()
    members: int = 0  # troubles gathered in it that are not over; none where its service gathers nothing

    @property
    def short_id(self) -> str:
        return f"INC-{self.id}"

    def urgency(self, at: datetime) -> Urgency:
        return self.policy.urgencies.of(self.severity, at)

    @property
    def is_open(self) -> bool:
        return self.status is not Status.RESOLVED

    @property
    def again(self) -> tuple[Again, str] | None:
        """Why it is paged again, and on account of whom (a handle or a name)."""
        found = next((word.removeprefix(AGAIN) for word in self.alarmed if word.startswith(AGAIN)), "")
        why, _, by = found.partition(" by ")
        return (Again(why), by) if why in set(Again) else None

    @property
    def hold(self) -> Hold | None:
        """What holds it back; None where somebody snoozed it."""
        return held_by(self.alarmed) if self.status is Status.SNOOZED else None

    @property
    def labels(self) -> dict[str, object]:
        """The service's own, and the details of the first alert over them."""
        return {**self.policy.labels, **self.details}

    def attempt(self, number: int) -> Attempt | None:
        return self.attempts[number - 1] if 0 < number <= len(self.attempts) else None

    def page(self, number: int) -> Page:
        return self.pages[number - 1]

    def page_of(self, attempt: Attempt) -> Page:
        return self.pages[attempt.page - 1]

    def timer(self, kind: TimerKind, ref: int = 0) -> Timer | None:
        return next((t for t in self.timers if t.kind is kind and t.ref == ref), None)

    def step_of(self, page: Page) -> Step:
        return self.policy.last_resort if page.step == LAST_RESORT else self.policy.steps[page.step]
