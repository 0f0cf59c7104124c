"""What a visitor can do about an incident, and what they are told afterwards: only what was committed. Not the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from escalation.domain import events as ev
from escalation.domain.incident import Status
from escalation.domain.roster import Roster
from escalation.domain.waking import known, morning
from escalation.engine import Told
from webhooks.console.visitors import Visitor

SNOOZE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One button. `moves` paging on, so it must be pressed on the incident as it stands."""

    name: str
    label: str
    event: Callable[[Visitor, datetime], ev.IncidentEvent]
    moves: bool = False


ACTS: Mapping[str, Act] = {
    act.name: act
    for act in (
        Act("acknowledge", "Acknowledge", lambda v, _: ev.Acknowledged(v.by, v.via)),
        Act("escalate", "Escalate", lambda v, _: ev.Escalated(v.by, v.via), moves=True),
        Act("handover", "Hand over", lambda v, _: ev.HandedOver("", v.by, v.via), moves=True),
        Act("add", "Call them too", lambda v, _: ev.ResponderAdded("", v.by, v.via)),
        Act("reassign", "Give it to them", lambda v, _: ev.Reassigned(v.by, v.via), moves=True),
        Act("unacknowledge", "Give it back", lambda v, _: ev.Unacknowledged(v.by, v.via), moves=True),
        Act("snooze", "Snooze 1 h", lambda v, now: ev.Snoozed(now + SNOOZE, v.by, v.via)),
        Act("morning", "Snooze until morning", lambda v, now: ev.Snoozed(morning(v.zone, now), v.by, v.via)),
        Act("resolve", "Resolve", lambda v, _: ev.Resolved(v.by, v.via)),
    )
}


# What is said of an act that moved paging on; of the same button pressed twice.
MOVED: Mapping[str, tuple[str, str]] = {
    "escalate": ("Escalated: paging goes on.", "It was escalated already."),
    "handover": ("Handed over: they are called now. The timeline says who is next when they do not take it.",
                 "It was handed over already."),
    "reassign": ("Reassigned: they are called now, and the policy begins when they do not take it.", "It was reassigned already."),
    "add": ("They are called too, beside whoever is called now.", ""),
    "unacknowledge": ("Given back: paging begins again with step 1.", "It was given back already."),
}  # fmt: skip


def chosen(event: ev.IncidentEvent, step: int, to: str) -> ev.IncidentEvent:
    """With the step that the visitor chose, counted from 1 (0: none), or the person (a handle)."""
    if isinstance(event, ev.HandedOver | ev.Reassigned):
        return replace(event, to=to)
    if isinstance(event, ev.ResponderAdded):
        return replace(event, who=to)
    return replace(event, step=step - 1) if step and isinstance(event, ev.Escalated) else event


def offered(status: Status) -> list[Act]:
    """The buttons that change something, the likeliest first."""
    if status is Status.ACKNOWLEDGED:
        return [ACTS[name] for name in ("resolve", "escalate", "snooze", "morning", "unacknowledge")]
    return [ACTS[name] for name in ("acknowledge", "escalate", "snooze", "morning", "resolve")]


def said(act: Act, told: Told, visitor: Visitor, roster: Roster) -> str:
    """One sentence about the incident as it stands now, whoever was first."""
    incident = told.incident
    if incident.status is Status.RESOLVED:
        return "Resolved." if act.name == "resolve" and told.fresh else "It was resolved already; nothing more is done."
    if act.name == "acknowledge" and incident.status is Status.ACKNOWLEDGED:
        mine = incident.acknowledged_by == visitor.by
        return (
            "Acknowledged. Nobody else is called."
            if mine
            else f"Already acknowledged by {roster.name(incident.acknowledged_by)}."
        )
    if act.name == "snooze" and incident.status is Status.SNOOZED:
        return "Snoozed for one hour. Nobody is called until then."
    if act.name == "morning" and incident.status is Status.SNOOZED:
        zone = known(visitor.zone) or UTC
        return f"Snoozed until {morning(visitor.zone, told.at).astimezone(zone):%H:%M %Z}. Nobody is called until then."
    if act.name in MOVED and (told.moved or not told.fresh):
        return MOVED[act.name][0 if told.fresh else 1]
    return f"Nothing changed: the incident is {incident.status}."
