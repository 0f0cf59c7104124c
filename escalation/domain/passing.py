"""Steps that are passed over since their conditions do not hold, in the same second, each with its reason; and which step comes next.
Not the conditions themselves (`conditions`), nor how a step is paged (`paging`)."""

from __future__ import annotations

from datetime import datetime

from escalation.domain.draft import Draft
from escalation.domain.incident import Incident
from escalation.domain.policy import Step
from escalation.domain.round_robin import is_used_up
from escalation.domain.timeline import EntryKind


def fails(incident: Incident, step: Step, at: datetime) -> str:
    """Why the step does not apply to the incident at that time; empty when it does. What the alert says of itself goes before what
    its service says."""
    labels = incident.labels
    return step.condition.fails(incident.severity, labels, at) if step.condition else ""


def is_passed_over(draft: Draft) -> bool:
    """Whether the step that was just begun was not: nobody was asked, so nobody is missing."""
    incident = draft.incident
    here = (incident.step, incident.turn)
    return not any((p.step, p.turn) == here for p in incident.pages) and _fails_here(draft, incident.step) != ""


def note_passed_over(draft: Draft, index: int) -> bool:
    """Whether the condition of the step does not hold, which is told then."""
    if why := _fails_here(draft, index):
        draft.note(f"Step {index + 1} of {len(draft.incident.policy.steps)} is passed over: {why}.", EntryKind.STEP)
    return bool(why)


def nothing_applies(draft: Draft) -> bool:
    """Nothing will change within the same second, so the other rounds need not be gone through."""
    return all(_fails_here(draft, index) for index in range(len(draft.incident.policy.steps)))


def next_index(incident: Incident, at: datetime) -> int | None:
    """The step after this one that would apply at that time, in this round or the next; None when the policy is used up."""
    steps, rounds = incident.policy.steps, incident.policy.rounds
    later = range(incident.step + 1, len(steps))
    again = range(len(steps)) if incident.round + 1 < rounds else range(0)
    return next((i for i in (*later, *again) if not fails(incident, steps[i], at)), None)


def _fails_here(draft: Draft, index: int) -> str:
    if index >= len(draft.incident.policy.steps):
        return ""
    step = draft.incident.policy.steps[index]
    if is_used_up(step, draft.roster, draft.now):
        return "everybody who is there had their turn"
    return fails(draft.incident, step, draft.now)
