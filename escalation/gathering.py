"""One alert of a service that gathers several troubles in one incident: does it join one, begin one, end its own part, end the whole? Repeats
and new members of no higher severity are counted beside the incident and lock nothing; what changes paging is told to the machine. Not
which belong together (`domain.grouping`)."""

from __future__ import annotations

from collections.abc import Callable

from escalation.domain import events as ev
from escalation.domain.alert import Alert
from escalation.domain.dedup import What
from escalation.domain.grouping import Grouping, Member, joined, left
from escalation.domain.incident import Incident, Via
from escalation.domain.policy import Service
from escalation.ports import Transaction

Came = tuple[What, int]
Tell = Callable[[Incident, ev.Event], object]


def trigger(
    tx: Transaction, alert: Alert, service: Service, member: Member | None, begin: Callable[[], int | None], tell: Tell
) -> Came | None:
    """None when the incident was opened or closed meanwhile: look again. `begin` opens one of its own; returns its id."""
    grouping = service.grouping or Grouping()
    key = grouping.key(alert.details)
    if member is None:
        tx.gather(service.name, key)
        member = tx.group(service.name, key, tx.now - grouping.window)
    if member is not None:
        return _join(tx, alert, service, member, key, tell)
    begun = begin()
    if begun is None:
        return None
    tx.join(begun, service.name, key, alert)
    return What.OPENED, begun


def _join(tx: Transaction, alert: Alert, service: Service, member: Member, key: str, tell: Tell) -> Came | None:
    """Worse than the worst so far pages again; anything else is written down."""
    id, is_worse = member.incident_id, alert.severity.rank < member.severity.rank
    incident = tx.load(id) if is_worse else None
    if is_worse and (incident is None or not incident.is_open):
        return None
    if not tx.repeat(id, alert):
        return None
    if tx.join(id, service.name, key, alert):
        tx.note(id, [joined(alert, tx.now)])
    if incident is None:
        return What.COUNTED, id
    tell(incident, ev.Triggered(alert))
    return What.ROSE, id


def resolve(tx: Transaction, alert: Alert, service: Service, member: Member, tell: Tell) -> Came | None:
    """Its own part is over; with the last part the incident is. Under the lock: of two last ones each would leave the end to the other."""
    id = member.incident_id
    if not member.is_over_by(alert):
        return (What.IGNORED, id) if tx.repeat(id, alert) else None
    incident = tx.load(id)
    if incident is None or not incident.is_open:
        return None
    tx.shut(id)
    if tx.member(service.name, alert.dedup_key) != member:  # it fired again before we had it
        return None
    tx.count(id, alert)
    tx.leave(id, alert.dedup_key)
    if many := tx.members(id):
        tx.note(id, [left(alert, many, tx.now)])
    else:
        tell(incident, ev.Resolved(alert.sender or "the monitor", Via.MONITOR))
    return What.RESOLVED, id


def acknowledge(tx: Transaction, alert: Alert, member: Member, tell: Tell) -> Came | None:
    """Somebody has one of them: whoever has the incident has all members that are there."""
    incident = tx.load(member.incident_id)
    if incident is None or not incident.is_open:
        return None
    tx.count(member.incident_id, alert)
    tell(incident, ev.Acknowledged(alert.sender or "the monitor", Via.MONITOR))
    return What.ACKNOWLEDGED, member.incident_id
