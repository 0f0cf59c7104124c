"""What holds incidents back at this moment, looked up for the machine, which asks nothing: the windows that are on, the
parents that are open. Not the judgement
(`domain.holding`), and not who tells the incidents when that changes (`review`)."""

from __future__ import annotations

from dataclasses import replace

from escalation.domain import events as ev
from escalation.domain.holding import Holding
from escalation.domain.incident import Incident, TimerKind
from escalation.domain.inhibition import longest
from escalation.domain.maintenance import on_now
from escalation.domain.policy import Site
from escalation.ports import Transaction

BEGIN_AGAIN = (TimerKind.SNOOZE, TimerKind.ACK)  # timers after which somebody would be paged


def quiet(tx: Transaction) -> Holding:
    site = tx.site()
    on = on_now(site.maintenance, tx.maintenance(tx.now), tx.now)
    if not site.inhibit:
        return Holding(on)
    services = sorted({service for rule in site.inhibit for service in rule.parent.services})
    details = any(rule.parent.labels for rule in site.inhibit)
    parents = tx.parents(services, tx.now - longest(site.inhibit), details=details)
    return Holding(on, site.inhibit, tuple(replace(p, labels=_own(site, p.service) | p.labels) for p in parents))


def _own(site: Site, service: str) -> dict[str, object]:
    return dict(site.services[service].labels) if service in site.services else {}


def informed(tx: Transaction, incident: Incident, event: ev.Event) -> ev.Event:
    """The event with what holds the incident back, where the machine has to know that. Asked under the incident's lock."""
    match event:
        case ev.Triggered(alert=alert):
            worse = min(alert.severity, incident.severity, key=lambda severity: severity.rank)
            return replace(event, hold=quiet(tx).hold(incident, worse, tx.now))
        case ev.TimerFired(kind=kind) if kind in BEGIN_AGAIN:
            return replace(event, hold=quiet(tx).hold(incident, incident.severity, tx.now))
        case ev.Reviewed():
            return replace(event, hold=quiet(tx).hold(incident, incident.severity, tx.now))
        case _:
            return event
