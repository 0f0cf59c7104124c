"""How incidents are printed: plain lines for people, JSON for programs. Times are UTC; addresses are not shown at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from escalation.domain.grouping import headline
from escalation.domain.incident import Incident, Status, TimerKind

if TYPE_CHECKING:
    from escalation.store.views import IncidentRow, IncidentView

NEXT = {
    TimerKind.STEP: "next step",
    TimerKind.SNOOZE: "wakes up",
    TimerKind.ACK: "acknowledgement expires",
    TimerKind.QUIET: "resolves itself unless an alert comes",
}


def as_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def rows(found: Sequence[IncidentRow]) -> None:
    """One line an incident, most urgent first as they come."""
    if not found:
        click.echo("No incidents.")
    for row in found:
        who = f" by {row.acknowledged_by}" if row.acknowledged_by else f" ({row.hold})" if row.hold else ""
        repeats = f" (+{row.repeats})" if row.repeats else ""
        click.echo(
            f"{row.short_id}  {row.severity:<8}  {row.status}{who}  {moment(row.opened_at)}  {row.service}: {row.summary}{repeats}"
        )


def row_as_json(row: IncidentRow) -> dict[str, object]:
    return {
        "incident": row.short_id,
        "service": row.service,
        "summary": row.summary,
        "severity": row.severity.value,
        "status": row.status.value,
        "opened_at": row.opened_at.isoformat(),
        "acknowledged_by": row.acknowledged_by,
        "step": row.step,
        "steps": row.steps,
        "next_at": row.next_at.isoformat() if row.next_at else None,
        "repeats": row.repeats,
        "held_back_by": row.hold.why if row.hold else None,
    }


def view(found: IncidentView) -> None:
    """An incident's story: what and who, what comes next, then the timeline."""
    incident = found.incident
    click.echo(f"{incident.short_id}  {incident.severity}  {incident.service}: {headline(incident.summary, incident.members)}")
    click.echo(state(incident) + (f", {found.repeats} more alerts" if found.repeats else ""))
    for kind, at in upcoming(incident):
        click.echo(f"{kind} at {moment(at)}")
    click.echo()
    for told in found.entries:
        click.echo(f"{told.entry.at:%H:%M:%S}  {told.entry.text}")


def view_as_json(found: IncidentView) -> dict[str, object]:
    incident = found.incident
    return {
        "incident": incident.short_id,
        "service": incident.service,
        "dedup_key": incident.dedup_key,
        "summary": incident.summary,
        "source": incident.source,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "opened_at": incident.opened_at.isoformat(),
        "acknowledged_by": incident.acknowledged_by,
        "step": min(incident.step + 1, len(incident.policy.steps)),
        "steps": len(incident.policy.steps),
        "repeats": found.repeats,
        "members": incident.members,
        "held_back_by": incident.hold.why if incident.hold else None,
        "next": [{"what": kind, "at": at.isoformat()} for kind, at in upcoming(incident)],
        "timeline": [{"at": t.entry.at.isoformat(), "kind": t.entry.kind.value, "text": t.entry.text} for t in found.entries],
    }


def state(incident: Incident) -> str:
    if incident.status is Status.TRIGGERED:
        return f"triggered, step {min(incident.step + 1, len(incident.policy.steps))} of {len(incident.policy.steps)}"
    if incident.hold:
        return f"{incident.status} ({incident.hold})"
    return f"{incident.status} by {incident.acknowledged_by}" if incident.status is Status.ACKNOWLEDGED else str(incident.status)


def upcoming(incident: Incident) -> list[tuple[str, datetime]]:
    return sorted(((NEXT[t.kind], t.due_at) for t in incident.timers if t.kind in NEXT), key=lambda pair: pair[1])


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
