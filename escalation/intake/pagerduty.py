"""PagerDuty's Events v2 body, as one alert. Lenient where a strict 400 would be a lost page (no `source`, an unknown severity,
texts too long); PagerDuty's own words where the body is refused. Not change events, not the v1 shape."""

from __future__ import annotations

from collections.abc import Mapping

from escalation.domain.alert import Action, Alert, Link
from escalation.intake import reading
from escalation.intake.fields import Fields

_ABOUT = ("component", "group", "class")


def parse(body: object, key: str = "") -> list[Alert]:
    """One alert. The key is taken from `routing_key` when none is given; a trigger without `dedup_key` leaves it empty."""
    fields = Fields(reading.read(body))
    values = fields.values
    key = key or fields.needed("routing_key", values.get("routing_key"), 255)
    action = _action(fields)
    dedup_key = reading.dedup_key(reading.line(values.get("dedup_key")))
    if action in (Action.ACKNOWLEDGE, Action.RESOLVE) and not dedup_key:
        fields.faults.append("'dedup_key' is missing or blank")
    alert = _told(fields, key, action, dedup_key)
    fields.check(key)
    return [alert]


def _action(fields: Fields) -> Action | None:
    said = fields.values.get("event_action")
    if isinstance(said, str) and said in list(Action):
        return Action(said)
    fields.faults.append("'event_action' must be one of trigger, acknowledge, resolve")
    return None


def _told(fields: Fields, key: str, action: Action | None, dedup_key: str) -> Alert:
    if action in (Action.ACKNOWLEDGE, Action.RESOLVE):  # Alertmanager and Uptime Kuma send a payload here too: not needed
        at = reading.moment(fields.inner("payload").get("timestamp"))
        return Alert(key, action, dedup_key, occurred_at=at, sender="pagerduty")
    payload = fields.inner("payload")
    if not isinstance(fields.values.get("payload"), dict):
        fields.faults.append("'payload' is missing or not an object")
    return Alert(
        key=key,
        action=Action.TRIGGER,
        dedup_key=dedup_key,
        summary=fields.needed("payload.summary", payload.get("summary"), reading.MAX_SUMMARY),
        severity=fields.severity("payload.severity", payload.get("severity")),
        source=_source(fields, payload),
        occurred_at=fields.moment("payload.timestamp", payload.get("timestamp")),
        details=fields.noted(_details(payload)),
        links=_links(fields),
        sender="pagerduty",
    )


def _source(fields: Fields, payload: Mapping[str, object]) -> str:
    source = fields.text("payload.source", payload.get("source"), reading.MAX_SOURCE)
    if not source and fields.faults:  # worth saying only to somebody who has to repair the body anyway
        fields.flaws.append("'payload.source' is missing or blank")
    return source or reading.cut(reading.line(fields.values.get("client")), reading.MAX_SOURCE) or "unknown source"


def _details(payload: Mapping[str, object]) -> dict[str, object]:
    custom = payload.get("custom_details")
    about = {name: payload[name] for name in _ABOUT if payload.get(name)}
    return about | (custom if isinstance(custom, dict) else {"details": custom} if custom else {})


def _links(fields: Fields) -> tuple[Link, ...]:
    values = fields.values
    found = [reading.link(one.get("href"), one.get("text")) for one in reading.objects(values.get("links"))]
    images = [reading.link(one.get("href") or one.get("src"), one.get("alt")) for one in reading.objects(values.get("images"))]
    return reading.links([*found, reading.link(values.get("client_url"), values.get("client")), *images])
