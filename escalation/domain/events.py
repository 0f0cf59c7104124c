"""What the machine is told. Past tense, frozen. An event names its attempt and try where it has one; one that does not fit
is recorded and ignored, never an error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from escalation.domain.alert import Alert
from escalation.domain.hold import Hold
from escalation.domain.incident import Outcome, TimerKind, Via
from escalation.domain.policy import Policy
from escalation.domain.roster import Channel


@dataclass(frozen=True, slots=True)
class Triggered:
    """The first alert of a trouble, or one more of higher severity (plain repeats are counted beside the machine). `hold`: what holds
    it back at this moment."""

    alert: Alert
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`attempt` is the call or text that was answered, so that the acknowledger's own call is not cut; `try_` the request that
    brought it, where it is known."""

    by: str
    via: Via
    attempt: int = 0
    try_: int = 0


@dataclass(frozen=True, slots=True)
class Declined:
    by: str
    via: Via
    attempt: int


@dataclass(frozen=True, slots=True)
class Escalated:
    """Next step now, or the one that `step` is the index of. Said in an attempt, or on a message, of an older turn it is stale and
    skips nobody."""

    by: str
    via: Via
    attempt: int = 0
    turn: int = 0
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Reassigned:
    """To a person (a handle) or to a policy, as it is to be kept. `turn` as in `Unacknowledged`."""

    by: str
    via: Via
    to: str = ""
    policy: Policy | None = None
    turn: int = 0


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Whoever has it asks a person (a handle) to take it. `turn` as in `Unacknowledged`."""

    to: str
    by: str
    via: Via
    turn: int = 0


@dataclass(frozen=True, slots=True)
class ResponderAdded:
    """`who` (a handle) is paged beside whoever is paged now."""

    who: str
    by: str
    via: Via


@dataclass(frozen=True, slots=True)
class Unacknowledged:
    """Whoever had it gives it back. `turn` is the incident's as it was seen, 0 where it was not looked at: only that acknowledgement
    is taken back."""

    by: str
    via: Via
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Snoozed:
    until: datetime
    by: str
    via: Via


@dataclass(frozen=True, slots=True)
class Noted:
    """Somebody's own words (`notes.note_of`), for whoever reads the story later."""

    text: str
    by: str
    via: Via


@dataclass(frozen=True, slots=True)
class Resolved:
    """`occurred_at` is the trouble's own start when the monitor says it: an older occurrence closes nothing newer."""

    by: str
    via: Via
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterChanged:
    pass


@dataclass(frozen=True, slots=True)
class CarrierRecovered:
    carrier: str
    channels: frozenset[Channel] = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class Restored:
    """The incident is as it was when a backup was taken; what became of it since then nobody knows."""

    taken_at: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """`heard_at` is when the last alert of this trouble came, where the timer asks for it (QUIET); `hold` what holds the incident back
    at this moment, where paging would begin again (SNOOZE, ACK)."""

    kind: TimerKind
    ref: int
    turn: int
    heard_at: datetime | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What may hold incidents back has changed; `hold` is what holds this one at this moment."""

    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """The audit missed something. `sending` is (attempt, try) of each command that will be carried out, read under the incident's
    lock; what is missing the machine finds again for itself."""

    sending: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class AttemptClaimed:
    """A worker is about to send. The machine looks last: when it answers with the attempt claimed, send. `late`: since it was due. `cap`:
    what a day may cost, where that is used up."""

    attempt: int
    try_: int
    late: timedelta = timedelta(0)
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AttemptDelayed:
    """Not sent yet, and why: another call of ours is on that phone, or (with `until`, when its turn is expected) the carrier's rate is
    used up. `gathers`: a text that waits, so that what comes meanwhile to the same phone goes with it."""

    attempt: int
    try_: int
    reason: str
    until: datetime | None = None
    gathers: bool = False


@dataclass(frozen=True, slots=True)
class AttemptJoined:
    """A call that is placed, or runs, to the same phone speaks for this attempt too, or a text to it names it. `with_incident`: whose call that is; `late`: since
    it was due."""

    attempt: int
    try_: int
    with_incident: int
    late: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class AttemptUnheard:
    """The call that it had joined is over, and spoke of something else; or the text that was to name it never went out."""

    attempt: int
    try_: int


@dataclass(frozen=True, slots=True)
class AttemptAccepted:
    """The carrier's 2xx. `reference` is the carrier's name for the request; `parts`: messages that a text is billed as, where that
    is known."""

    attempt: int
    try_: int
    reference: str
    parts: int = 0


@dataclass(frozen=True, slots=True)
class AttemptUnknown:
    """5xx, a time-out, a lease that ran out: the phone may be ringing."""

    attempt: int
    try_: int
    reason: str


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """Certainly not reached. `permanent`: never will be by this address. `alarm`: the site's own fault (credentials, funds,
    our XML), told to the last resort. `code` is the carrier's own."""

    attempt: int
    try_: int
    permanent: bool
    reason: str
    alarm: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRinging:
    attempt: int
    try_: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AttemptAnswered:
    attempt: int
    try_: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class MachineDetected:
    """Voicemail picked up: leave a short message, go on to the next rung at once."""

    attempt: int
    try_: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The call is over: no answer, busy, rejected, hung up. The bill (`seconds`, `cost` in USD) is in it."""

    attempt: int
    try_: int
    outcome: Outcome
    reason: str = ""
    seconds: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class TextDelivered:
    attempt: int
    try_: int


AttemptEvent = (
    AttemptClaimed
    | AttemptDelayed
    | AttemptJoined
    | AttemptUnheard
    | AttemptAccepted
    | AttemptUnknown
    | AttemptFailed
    | AttemptRinging
    | AttemptAnswered
    | MachineDetected
    | AttemptEnded
    | TextDelivered
)
IncidentEvent = (
    Triggered
    | Acknowledged
    | Declined
    | Escalated
    | Reassigned
    | HandedOver
    | ResponderAdded
    | Unacknowledged
    | Snoozed
    | Noted
    | Resolved
    | RosterChanged
    | CarrierRecovered
    | Restored
    | TimerFired
    | Reviewed
    | Audited
)
Event = IncidentEvent | AttemptEvent
