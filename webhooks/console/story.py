"""An incident as a tired person reads it: what happens next, who was told and what came of it, times in two zones. Pure: values in,
values and texts out. No numbers and addresses, not even masked ones; not the timeline (the machine wrote that)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from escalation.briefing import names_of
from escalation.domain.alert import Link
from escalation.domain.grouping import headline
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Incident, Page, Status, TimerKind
from escalation.domain.passing import next_index
from escalation.domain.roster import Channel, Roster

MOST_DETAILS, LONGEST_DETAIL = 40, 400

_CHANNELS = {
    Channel.VOICE: "call",
    Channel.SMS: "text",
    Channel.SLACK: "Slack",
    Channel.EMAIL: "e-mail",
    Channel.WEBHOOK: "webhook",
}
_STATES = {
    AttemptStatus.PLANNED: "waiting",
    AttemptStatus.CLAIMED: "being sent",
    AttemptStatus.UNKNOWN: "sent, no word from the carrier yet",
    AttemptStatus.ACCEPTED: "sent",
    AttemptStatus.RINGING: "ringing",
    AttemptStatus.ANSWERED: "answered, no key yet",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One responder's page: at which step, and what its attempts came to."""

    name: str
    where: str
    tries: str


@dataclass(frozen=True, slots=True)
class Story:
    """What the incident's page shows. `turn` fences the forms: one that was filled in before paging moved on skips nobody."""

    id: int
    short_id: str
    turn: int
    status: Status
    severity: str
    service: str
    summary: str
    source: str
    is_open: bool
    holder: str
    where: str
    steps: tuple[str, ...]
    takers: tuple[tuple[str, str], ...]  # who could be asked too: handle, name; neither whoever has it nor who is being paged
    next: str
    next_at: datetime | None
    opened_at: datetime
    links: tuple[Link, ...]
    told: tuple[Told, ...]
    details: tuple[tuple[str, str], ...]


def story(incident: Incident, roster: Roster, now: datetime) -> Story:
    text, at = whats_next(incident, roster, now)
    return Story(
        id=incident.id,
        short_id=incident.short_id,
        turn=incident.turn,
        status=incident.status,
        severity=incident.severity.value,
        service=incident.service,
        summary=headline(incident.summary, incident.members),
        source=incident.source,
        is_open=incident.is_open,
        holder=roster.name(incident.acknowledged_by) if incident.acknowledged_by else "",
        where=_where(incident),
        steps=tuple(names_of(incident, roster, n, now) for n in range(len(incident.policy.steps))),
        takers=_takers(incident, roster),
        next=text,
        next_at=at,
        opened_at=incident.opened_at,
        links=tuple(one for one in incident.links if one.href.startswith(("https://", "http://"))),
        told=tuple(_told(incident, page, roster) for page in reversed(incident.pages)),
        details=_flat(incident.details),
    )


def _takers(incident: Incident, roster: Roster) -> tuple[tuple[str, str], ...]:
    if incident.status not in (Status.TRIGGERED, Status.EXHAUSTED, Status.ACKNOWLEDGED):
        return ()
    busy = {incident.acknowledged_by, *(page.responder for page in incident.pages if not page.closed)}
    people = [(p.handle, p.name) for p in roster.people.values() if p.handle not in busy]
    return tuple(sorted(people, key=lambda one: one[1].casefold()))


def whats_next(incident: Incident, roster: Roster, now: datetime) -> tuple[str, datetime | None]:
    """Who or what is next if nobody does anything, and when; None when that hangs on no clock."""
    match incident.status:
        case Status.TRIGGERED:
            then = _due(incident, TimerKind.STEP) or now
            index = next_index(incident, then)
            who = (
                "the policy is used up, the last resort is told"
                if index is None
                else f"{names_of(incident, roster, index, then)} is paged"
            )
            return _capital(who), _due(incident, TimerKind.STEP)
        case Status.EXHAUSTED:
            return "Everybody was paged and nobody answered; the last resort is told again", _due(incident, TimerKind.ALARM)
        case Status.ACKNOWLEDGED:
            at, quiet = _due(incident, TimerKind.ACK), _due(incident, TimerKind.QUIET)
            if quiet and not (at and at <= quiet):
                return "It is resolved by itself unless an alert comes", quiet
            return ("The acknowledgement runs out and paging begins again" if at else "Nothing, until somebody resolves it"), at
        case Status.SNOOZED:
            held = incident.hold
            text = f"Nobody is paged: {held.why}. Paging begins" if held else "Paging begins again"
            return text, _due(incident, TimerKind.SNOOZE)
        case Status.RESOLVED:
            return "Nothing: it is resolved", None


def _due(incident: Incident, kind: TimerKind) -> datetime | None:
    timer = incident.timer(kind)
    return timer.due_at if timer else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _where(incident: Incident) -> str:
    steps, rounds = len(incident.policy.steps), incident.policy.rounds
    rounds_text = f", round {incident.round + 1} of {rounds}" if rounds > 1 else ""
    return f"{min(incident.step + 1, steps)} of {steps}{rounds_text} ({incident.policy.name})"


def _told(incident: Incident, page: Page, roster: Roster) -> Told:
    tries = [_try(attempt) for attempt in incident.attempts if attempt.page == page.number]
    where = "last resort" if page.step == LAST_RESORT else f"step {page.step + 1}"
    return Told(roster.name(page.responder), where, ", ".join(tries) or page.closed or "nothing sent yet")


def _try(attempt: Attempt) -> str:
    came_to = attempt.outcome.value if attempt.outcome else _STATES.get(attempt.status, "over")
    return f"{_CHANNELS[attempt.channel]}: {came_to}"


def _flat(details: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name[:100], _shown(value)) for name, value in list(details.items())[:MOST_DETAILS])


def _shown(value: object) -> str:
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), LONGEST_DETAIL)


def shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clock(at: datetime) -> str:
    """`23 Nov 03:12:41`, UTC."""
    return f"{at.astimezone(UTC):%d %b %H:%M:%S}"


def local(at: datetime, zone: str) -> str:
    """`04:12:41 CET`; empty when the zone is UTC or unknown."""
    found = _zone(zone)
    return f"{at.astimezone(found):%H:%M:%S %Z}" if found else ""


def day(at: datetime, zone: str) -> str:
    """`Mon 23 Nov 04:12 CET`."""
    return f"{at.astimezone(_zone(zone) or UTC):%a %d %b %H:%M %Z}"


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return None if name in {"", "UTC", "Etc/UTC"} else ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a zone that this machine does not know must not hide the incident
        return None
