"""One errand to a carrier: what is asked of it, what its refusal lets the machine conclude, when it is worth asking again. Not the claim before it
and not the telling behind it (`dispatch`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.cost import FREE
from escalation.domain.incident import Attempt, Incident
from escalation.errors import CarrierError, Verdict
from escalation.gathered_posts import Writing
from escalation.ports import Carrier, Editable, Job, Notice, Telephone

HANG_UP_AGAIN = timedelta(seconds=2)
EDIT_AGAIN = timedelta(seconds=15)  # and then less and less often
EDITING_HELPS = timedelta(hours=12)
HANGING_UP_HELPS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed job with all that is needed to carry it out, read under the incident's lock."""

    job: Job
    attempt: Attempt
    turn: int
    notice: Notice | None  # none is needed to hang up
    carrier: Carrier
    age: timedelta  # since the attempt was first sent
    was_down: bool
    price: Decimal = FREE  # what was counted for it
    writing: Writing | None = None  # a message that may show several


def request(errand: Errand, notice: Notice) -> str:
    """Sends the page, or shows it in a message that is there already. Returns the carrier's reference, or raises `CarrierError`."""
    if errand.writing and errand.writing.reference and isinstance(errand.carrier, Editable):
        errand.carrier.edit(notice, errand.writing.reference)
        return errand.writing.reference
    return errand.carrier.send(notice)


def is_gone(errand: Errand, refused: CarrierError | None) -> bool:
    """Whether the message in which it was to stand cannot be written any more: somebody deleted it, it is too old."""
    return bool(refused and refused.verdict is Verdict.PERMANENT and errand.writing and errand.writing.reference)


def tend(errand: Errand) -> None:
    """What is done to a page that went out: raises `CarrierError`."""
    reference = errand.attempt.references.get(errand.job.command.try_, "")
    if not reference:
        return
    match errand.job.command.kind, errand.carrier, errand.notice:
        case CommandKind.HANG_UP, Telephone() as telephone, _:
            telephone.hang_up(reference)
        case CommandKind.LEAVE_MESSAGE, Telephone() as telephone, Notice() as notice:
            telephone.leave_message(notice, reference)
        case CommandKind.EDIT_SLACK, Editable() as editable, Notice() as notice:
            editable.edit(notice, reference)
        case _:
            pass


def has_moved(errand: Errand, incident: Incident) -> bool:
    """While we were at it: the call got a name by which it can really be ended, or an edit shows what is no longer so."""
    command = errand.job.command
    attempt = incident.attempt(command.attempt)
    match command.kind:
        case CommandKind.HANG_UP:
            return attempt is not None and attempt.references.get(command.try_) != errand.attempt.references.get(command.try_)
        case CommandKind.EDIT_SLACK:
            return incident.turn != errand.turn
        case _:
            return False


def failure(errand: Errand, error: CarrierError) -> ev.AttemptUnknown | ev.AttemptFailed:
    """What a carrier's refusal allows the machine to conclude."""
    command = errand.job.command
    match error.verdict:
        case Verdict.UNKNOWN:
            return ev.AttemptUnknown(command.attempt, command.try_, error.reason)
        case verdict:
            permanent = verdict is Verdict.PERMANENT and not is_gone(errand, error)
            return ev.AttemptFailed(command.attempt, command.try_, permanent, error.reason, error.alarm)


def retry_after(errand: Errand, error: CarrierError) -> timedelta | None:
    """A call must be hung up while it can still ring; an edit can wait for some hours; a voicemail's message is not worth a second
    try."""
    match errand.job.command.kind:
        case CommandKind.HANG_UP if errand.age <= HANGING_UP_HELPS and error.verdict is not Verdict.PERMANENT:
            return HANG_UP_AGAIN
        case CommandKind.EDIT_SLACK if errand.age <= EDITING_HELPS and error.verdict in (Verdict.RETRY, Verdict.UNKNOWN):
            return max(EDIT_AGAIN, errand.age / 10)
        case _:
            return None
