"""Our own format, version 1."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from escalation.domain.alert import Action, Alert, Link, Severity
from escalation.errors import BadAlert
from escalation.intake import native
from tests.intake.bodies import KEY, NATIVE, but


def test_a_trigger_arrives_whole() -> None:
    """As it lies on the broker: bytes."""
    assert native.parse(json.dumps(NATIVE).encode()) == [
        Alert(
            key=KEY,
            action=Action.TRIGGER,
            dedup_key="disk/srv1",
            summary="disk full on srv1",
            severity=Severity.CRITICAL,
            source="srv1",
            details={"free": "1%"},
            links=(Link("https://runbook/disk", "runbook"),),
            occurred_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
            sender="native",
        )
    ]


def test_the_least_that_pages() -> None:
    """Action and summary; the key from outside."""
    (alert,) = native.parse({"action": "trigger", "summary": "help"}, "k")
    assert (alert.key, alert.severity, alert.dedup_key, alert.details) == ("k", Severity.CRITICAL, "", {})


def test_a_resolve_needs_no_words() -> None:
    """Key, action and the name of the trouble."""
    assert native.parse({"action": "resolve", "dedup_key": "d", "links": "https://a.test/x"}, "k")[0].action is Action.RESOLVE


def test_every_fault_is_named_at_once() -> None:
    """The version too."""
    with pytest.raises(BadAlert) as caught:
        native.parse(but(NATIVE, version=2, key=None, action=None, dedup_key=None))
    assert caught.value.faults == [
        "'version' must be 1",
        "'key' is missing or blank",
        "'action' must be one of trigger, acknowledge, resolve",
    ]
    with pytest.raises(BadAlert, match="'dedup_key' is missing or blank"):
        native.parse(but(NATIVE, action="acknowledge", dedup_key=" "))
