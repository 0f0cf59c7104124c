"""Alertmanager's and Grafana's webhooks become one alert per fingerprint."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from escalation.domain.alert import Action, Alert, Link, Severity
from escalation.errors import BadAlert
from escalation.intake import alertmanager
from tests.intake.bodies import ALERTMANAGER, GRAFANA, am_alert, but

STARTED = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


def one(**over: object) -> Alert:
    (alert,) = alertmanager.parse({"version": "4", "status": "firing", "alerts": [am_alert() | over]}, "k")
    return alert


def test_each_alert_is_judged_by_its_own_status() -> None:
    """The group says firing until all of it is resolved; one of the two here is resolved already."""
    first, second = alertmanager.parse(ALERTMANAGER, "k")
    assert (first.action, first.dedup_key) == (Action.TRIGGER, "00112233445566aa")
    assert (second.action, second.dedup_key) == (Action.RESOLVE, "00112233445566bb")
    assert first.occurred_at == second.occurred_at == STARTED


def test_an_alert_is_mapped_whole() -> None:
    """Summary, severity label, links and labels arrive; the repeat of a delivery has no identity of its own."""
    assert one() == Alert(
        key="k",
        action=Action.TRIGGER,
        dedup_key="00112233445566aa",
        summary="cpu hot",
        severity=Severity.WARNING,
        source="web1",
        details={"alertname": "HighCPU", "instance": "web1", "severity": "warning", "description": "cpu over 90 %"},
        links=(Link("https://rb/1", "runbook"), Link("http://prom/graph", "source")),
        occurred_at=STARTED,
        sender="alertmanager",
        identity="",
    )


@pytest.mark.parametrize(
    ("annotations", "labels", "summary"),
    [
        ({"summary": "s", "description": "d"}, {"alertname": "n"}, "s"),
        ({"description": "d\nmore"}, {"alertname": "n"}, "d more"),
        ({}, {"alertname": "n"}, "n"),
        (None, {"job": "x"}, "an alert without a name"),
    ],
)
def test_the_summary_falls_back(annotations: object, labels: object, summary: str) -> None:
    """Annotation summary, then description, then the alert's name; never nothing."""
    assert one(annotations=annotations, labels=labels).summary == summary


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", "critical"),
        ("Page", "critical"),
        ("warn", "warning"),
        ("none", "info"),
        ("banana", "critical"),
        (7, "critical"),
    ],
)
def test_severity_labels_are_understood(label: object, severity: str) -> None:
    """Common words are mapped, unknown ones page as critical."""
    assert one(labels={"severity": label}).severity == severity


def test_grafana_is_the_same_shape_with_more_in_it() -> None:
    """Values and its own links are kept."""
    (alert,) = alertmanager.parse(GRAFANA, "k")
    assert (alert.sender, alert.summary, alert.dedup_key) == ("grafana", "cpu", "aa00")
    assert alert.links == (Link("http://g/d/1", "dashboard"), Link("http://g/s", "silence"))
    assert alert.details["values"] == {"B": 92.1}


@pytest.mark.parametrize("alerts", [None, []])
def test_no_alerts_is_no_error(alerts: object) -> None:
    """Go writes an empty list as `null`; nothing is resolved by its absence."""
    assert alertmanager.parse(ALERTMANAGER | {"alerts": alerts}, "k") == []


def test_an_alert_without_fingerprint_is_named_by_its_labels() -> None:
    """The same labels in another order name the same trouble, other labels another."""
    ones = [one(fingerprint=None, labels=labels).dedup_key for labels in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, {"a": "1"})]
    assert ones[0] == ones[1] != ones[2]


def test_a_zero_start_is_no_start() -> None:
    """Go's zero time means "not known"."""
    alert = one(startsAt="0001-01-01T00:00:00Z")
    assert alert.occurred_at is None
    assert "intake_notes" not in alert.details


def test_every_fault_names_its_alert() -> None:
    """One bad entry refuses the body, and all bad entries are told."""
    with pytest.raises(BadAlert) as caught:
        alertmanager.parse({"alerts": [7, am_alert(status="odd"), am_alert(), {"status": "firing"}]}, "")
    assert caught.value.faults == [
        "the intake key is missing",
        "alerts[0]: not an object",
        "alerts[1]: 'status' must be firing or resolved",
        "alerts[3]: neither 'fingerprint' nor 'labels': nothing names the trouble",
    ]


@pytest.mark.parametrize("body", [but(ALERTMANAGER, alerts="x"), {}, {"alerts": {}}])
def test_a_body_without_a_list_is_refused(body: object) -> None:
    """Somebody pointed another tool at this address."""
    with pytest.raises(BadAlert, match="'alerts' is missing or not a list"):
        alertmanager.parse(body, "k")
