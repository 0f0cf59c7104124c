"""Alertmanager's webhook (version 4) and Grafana's (version 1, the same shape with more in it): one alert per fingerprint.
Not per group: a group stays `firing` until all of it is resolved, and a new alert that joins one must page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from escalation.domain.alert import Action, Alert, Link, Severity
from escalation.errors import BadAlert
from escalation.intake import reading
from escalation.intake.fields import Fields

_ACTIONS = {"firing": Action.TRIGGER, "resolved": Action.RESOLVE}
_LINKS = {
    "runbook_url": "runbook",
    "dashboard_url": "dashboard",
    "dashboardURL": "dashboard",
    "panelURL": "panel",
    "generatorURL": "source",
    "silenceURL": "silence",
    "imageURL": "image",
}


def parse(body: object, key: str = "") -> list[Alert]:
    """One alert per entry of `alerts` (`null` and empty are none). An alert missing from the list is not thereby resolved.

    `identity` stays empty although (fingerprint, startsAt, status) would name a delivery: the group is repeated as long as it
    fires, and a repeat after somebody resolved the incident by hand must open a new one."""
    group = reading.read(body)
    entries = group.get("alerts", "")
    faults = [] if entries is None or isinstance(entries, list) else ["'alerts' is missing or not a list"]
    if not key:
        faults.append("the intake key is missing")
    found: list[Alert] = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            found.append(_alert(entry, group, key))
        except BadAlert as error:
            faults += [f"alerts[{number}]: {fault}" for fault in error.faults]
    if faults:
        raise BadAlert(faults[:50])
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of `alerts`: its own fields, its labels and its annotations."""

    fields: Fields
    labels: Mapping[str, object]
    notes: Mapping[str, object]

    def first(self, *names: str) -> str:
        """The first of these that says anything, among annotations, then labels."""
        said = (reading.line(place.get(name)) for name in names for place in (self.notes, self.labels))
        return next((text for text in said if text), "")


def _alert(value: object, group: Mapping[str, object], key: str) -> Alert:
    if not isinstance(value, dict):
        raise BadAlert(["not an object"])
    fields = Fields({reading.clean(str(k)): v for k, v in value.items()})
    entry = _Entry(fields, fields.inner("labels"), fields.inner("annotations"))
    alert = Alert(
        key=key,
        action=_action(fields, group),
        dedup_key=_dedup_key(entry),
        summary=fields.text("summary", _summary(entry, group), reading.MAX_SUMMARY),
        severity=reading.severity(entry.labels.get("severity")) or Severity.CRITICAL,
        source=fields.text("source", entry.first("instance", "job", "namespace") or _sender(group), reading.MAX_SOURCE),
        occurred_at=fields.moment("startsAt", fields.values.get("startsAt")),
        links=_links(entry),
        details=fields.noted(_details(entry)),
        sender=_sender(group),
    )
    fields.check(key)
    return alert


def _action(fields: Fields, group: Mapping[str, object]) -> Action:
    status = fields.values.get("status") or group.get("status")
    if isinstance(status, str) and status in _ACTIONS:
        return _ACTIONS[status]
    fields.faults.append("'status' must be firing or resolved")
    return Action.TRIGGER


def _dedup_key(entry: _Entry) -> str:
    """The fingerprint; a digest of the labels (what a fingerprint is) where a template left it out."""
    if given := reading.dedup_key(reading.line(entry.fields.values.get("fingerprint"))):
        return given
    if not entry.labels:
        entry.fields.faults.append("neither 'fingerprint' nor 'labels': nothing names the trouble")
    labels = json.dumps(reading.bounded(dict(entry.labels)), sort_keys=True)
    return hashlib.sha256(labels.encode()).hexdigest()[:32]


def _summary(entry: _Entry, group: Mapping[str, object]) -> str:
    said = entry.first("summary", "description", "message", "alertname")
    return said or reading.line(group.get("title")) or "an alert without a name"


def _sender(group: Mapping[str, object]) -> str:
    return "grafana" if "orgId" in group else "alertmanager"


def _links(entry: _Entry) -> tuple[Link, ...]:
    places = (entry.fields.values, entry.notes, entry.labels)
    return reading.links([reading.link(place.get(name), text) for name, text in _LINKS.items() for place in places])


def _details(entry: _Entry) -> dict[str, object]:
    """Labels, then the annotations that say something else, then Grafana's values."""
    notes = {n: v for n, v in entry.notes.items() if n not in _LINKS and not n.startswith("__") and n != "summary"}
    values = entry.fields.values.get("values")
    return {**notes, **entry.labels} | ({"values": values} if isinstance(values, dict) and values else {})
