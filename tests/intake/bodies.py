"""Bodies as the senders write them: PagerDuty's clients, Alertmanager 0.25 (webhook and PagerDuty receiver), Grafana, Uptime Kuma."""

from __future__ import annotations

import copy
from typing import Any

KEY = "0123456789abcdef0123456789abcdef"

PAGERDUTY: dict[str, Any] = {
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "disk/srv1",
    "payload": {
        "summary": "disk full on srv1",
        "source": "srv1",
        "severity": "error",
        "timestamp": "2026-11-23T10:00:00+01:00",
        "component": "/var",
        "group": "storage",
        "class": "disk",
        "custom_details": {"free": "1%"},
    },
    "links": [{"href": "https://runbook/disk", "text": "runbook"}],
    "images": [{"src": "https://graphs/1.png", "href": "https://graphs/1", "alt": "disk"}],
    "client": "our-monitor",
    "client_url": "https://mon/1",
}

KUMA: dict[str, Any] = {
    "payload": {"summary": "[web] down", "severity": "warning"},
    "routing_key": KEY,
    "event_action": "trigger",
    "dedup_key": "Uptime Kuma/1",
}

ALERTMANAGER_PAGERDUTY_RESOLVE: dict[str, Any] = {
    "routing_key": KEY,
    "dedup_key": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "event_action": "resolve",
    "payload": {
        "summary": "[RESOLVED] HighCPU eu1 (critical)",
        "source": "Alertmanager",
        "severity": "error",
        "custom_details": {"firing": "", "num_firing": "0", "num_resolved": "1", "resolved": "Labels: …"},
    },
    "client": "Alertmanager",
    "client_url": "http://am:9093",
}


def am_alert(status: str = "firing", fingerprint: str = "00112233445566aa", **over: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "HighCPU", "instance": "web1", "severity": "warning"},
        "annotations": {"summary": "cpu hot", "runbook_url": "https://rb/1", "description": "cpu over 90 %"},
        "startsAt": "2026-11-23T10:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prom/graph",
        "fingerprint": fingerprint,
    } | over


ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "receiver": "pager",
    "status": "firing",
    "groupKey": '{}/{}:{alertname="HighCPU"}',
    "truncatedAlerts": 0,
    "groupLabels": {"alertname": "HighCPU"},
    "commonLabels": {"alertname": "HighCPU", "severity": "warning"},
    "commonAnnotations": {},
    "externalURL": "http://am:9093",
    "notification_reason": "new",  # 0.34
    "alerts": [am_alert(), am_alert("resolved", "00112233445566bb", endsAt="2026-11-23T10:05:00Z")],
}

GRAFANA: dict[str, Any] = {
    "receiver": "pager",
    "status": "firing",
    "orgId": 1,
    "version": "1",
    "state": "alerting",
    "title": "[FIRING:1] cpu",
    "message": "…",
    "groupKey": '{}:{alertname="cpu"}',
    "truncatedAlerts": 0,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "cpu", "grafana_folder": "ops"},
            "annotations": {},
            "startsAt": "2026-11-23T10:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "aa00",
            "values": {"B": 92.1},
            "valueString": "[ var='B' value=92.1 ]",
            "silenceURL": "http://g/s",
            "dashboardURL": "http://g/d/1",
            "panelURL": "",
            "imageURL": "",
        }
    ],
}

NATIVE: dict[str, Any] = {
    "version": 1,
    "key": KEY,
    "action": "trigger",
    "dedup_key": "disk/srv1",
    "summary": "disk full on srv1",
    "severity": "critical",
    "source": "srv1",
    "details": {"free": "1%"},
    "links": [{"href": "https://runbook/disk", "text": "runbook"}],
    "occurred_at": "2026-11-23T10:00:00Z",
}


def but(body: dict[str, Any], **over: Any) -> dict[str, Any]:
    """A copy with some fields different; `None` takes a field away; `payload__x` reaches inside."""
    body = copy.deepcopy(body)
    for name, value in over.items():
        place, _, inner = name.rpartition("__")
        target = body[place] if place else body
        target.pop(inner, None)
        if value is not None:
            target[inner] = value
    return body
