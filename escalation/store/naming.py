"""What a job is called: task ids and labels, as an operator reads them in Flower. Names and numbers of ours only: no address, no
text of an alert. Pure."""

from __future__ import annotations

from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import LAST_RESORT, Attempt, Incident
from escalation.domain.roster import PLACES, TargetKind, masked

_SUFFIX = {CommandKind.HANG_UP: ".hangup", CommandKind.LEAVE_MESSAGE: ".message"}


def task_id(incident: Incident, command: Command) -> str:
    """`INC-42.s1.a3.t1`, `.last` in the place of the step for the last resort, with a suffix for what does not begin an attempt."""
    attempt = _attempt(incident, command)
    step = incident.page_of(attempt).step
    where = "last" if step == LAST_RESORT else f"s{step + 1}"
    suffix = f".edit{incident.turn}" if command.kind is CommandKind.EDIT_SLACK else _SUFFIX.get(command.kind, "")
    return f"{incident.short_id}.{where}.a{attempt.number}.t{command.try_}{suffix}"


def label(incident: Incident, command: Command) -> str:
    """`INC-42 step 1 ann`."""
    page = incident.page_of(_attempt(incident, command))
    where = "last resort" if page.step == LAST_RESORT else f"step {page.step + 1}"
    return f"{incident.short_id} {where} {_discreet(page.responder)}"


def _discreet(handle: str) -> str:
    """A place's handle is its address, and a webhook's address may be a secret."""
    kind, _, address = handle.partition(":")
    channel = PLACES.get(TargetKind(kind)) if address and kind in set(PLACES) else None
    return f"{kind}:{masked(channel, address)}" if channel else handle


def _attempt(incident: Incident, command: Command) -> Attempt:
    attempt = incident.attempt(command.attempt)
    if attempt is None:
        raise ValueError(f"{incident.short_id} has no attempt {command.attempt}")
    return attempt
