"""Our own alert format, version 1: over HTTP and, raw, on the broker. Not a broker or HTTP client."""

from __future__ import annotations

from escalation.domain.alert import Action, Alert, Link
from escalation.intake import reading
from escalation.intake.fields import Fields

VERSION = 1


def parse(body: object, key: str = "") -> list[Alert]:
    """One alert. A given key wins over the body's; a trigger without `dedup_key` leaves it empty."""
    fields = Fields(reading.read(body))
    values = fields.values
    if values.get("version", VERSION) != VERSION:
        fields.faults.append("'version' must be 1")
    key = key or fields.needed("key", values.get("key"), 255)
    action = _action(fields)
    dedup_key = reading.dedup_key(reading.line(values.get("dedup_key")))
    opens = action is Action.TRIGGER
    if not opens and not dedup_key:
        fields.faults.append("'dedup_key' is missing or blank")
    details = values.get("details")
    alert = Alert(
        key=key,
        action=action,
        dedup_key=dedup_key,
        summary=(fields.needed if opens else fields.text)("summary", values.get("summary"), reading.MAX_SUMMARY),
        severity=fields.severity("severity", values.get("severity") or "critical"),
        source=fields.text("source", values.get("source"), reading.MAX_SOURCE),
        occurred_at=fields.moment("occurred_at", values.get("occurred_at")),
        links=reading.links([_link(one) for one in _list(values.get("links"))]),
        details=fields.noted(details if isinstance(details, dict) else {"details": details} if details else {}),
        sender="native",
    )
    fields.check(key)
    return [alert]


def _action(fields: Fields) -> Action:
    said = fields.values.get("action")
    if isinstance(said, str) and said in list(Action):
        return Action(said)
    fields.faults.append("'action' must be one of trigger, acknowledge, resolve")
    return Action.TRIGGER


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _link(value: object) -> Link | None:
    return reading.link(value.get("href"), value.get("text", "")) if isinstance(value, dict) else reading.link(value)
