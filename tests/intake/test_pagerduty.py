"""PagerDuty Events v2 bodies become alerts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from escalation.domain.alert import Action, Alert, Link, Severity
from escalation.errors import BadAlert
from escalation.intake import pagerduty
from tests.intake.bodies import ALERTMANAGER_PAGERDUTY_RESOLVE, KEY, KUMA, PAGERDUTY, but


def test_a_trigger_keeps_everything_a_responder_needs() -> None:
    """Every field of the documented body has its place."""
    assert pagerduty.parse(PAGERDUTY) == [
        Alert(
            key=KEY,
            action=Action.TRIGGER,
            dedup_key="disk/srv1",
            summary="disk full on srv1",
            severity=Severity.ERROR,
            source="srv1",
            details={"component": "/var", "group": "storage", "class": "disk", "free": "1%"},
            links=(
                Link("https://runbook/disk", "runbook"),
                Link("https://mon/1", "our-monitor"),
                Link("https://graphs/1", "disk"),
            ),
            occurred_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
            sender="pagerduty",
        )
    ]


def test_a_body_without_source_still_pages() -> None:
    """Uptime Kuma leaves `source` out; a 400 would be a lost page."""
    (alert,) = pagerduty.parse(KUMA)
    assert (alert.summary, alert.source, alert.severity) == ("[web] down", "unknown source", Severity.WARNING)
    assert alert.details == {}


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_acknowledge_and_resolve_need_no_payload(action: str) -> None:
    """Three fields are enough."""
    (alert,) = pagerduty.parse({"routing_key": KEY, "event_action": action, "dedup_key": "k"})
    assert (alert.action, alert.dedup_key, alert.key) == (Action(action), "k", KEY)


def test_a_payload_on_resolve_is_ignored() -> None:
    """Alertmanager sends one, and it may be anything."""
    assert pagerduty.parse(ALERTMANAGER_PAGERDUTY_RESOLVE)[0].action is Action.RESOLVE
    assert pagerduty.parse(but(ALERTMANAGER_PAGERDUTY_RESOLVE, payload=7))[0].action is Action.RESOLVE


def test_a_trigger_without_dedup_key_leaves_it_to_the_receiver() -> None:
    """Parsers are pure: they make no random keys."""
    assert pagerduty.parse(but(PAGERDUTY, dedup_key=None))[0].dedup_key == ""


def test_the_key_of_the_path_wins() -> None:
    """A key outside of the body needs none inside."""
    assert pagerduty.parse(but(PAGERDUTY, routing_key=None), "path-key")[0].key == "path-key"


def test_every_fault_is_named_at_once() -> None:
    """Whoever repairs a sender repairs it once; also what would have been put right is named then."""
    with pytest.raises(BadAlert) as caught:
        pagerduty.parse({"event_action": "explode", "payload": {"severity": "banana", "timestamp": "now"}})
    assert caught.value.faults == [
        "'routing_key' is missing or blank",
        "'event_action' must be one of trigger, acknowledge, resolve",
        "'payload.summary' is missing or blank",
        "'payload.severity' must be one of critical, error, warning, info",
        "'payload.source' is missing or blank",
        "'payload.timestamp' is not an ISO 8601 time",
    ]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (but(PAGERDUTY, payload=None), "'payload' is missing or not an object"),
        (but(PAGERDUTY, event_action="resolve", dedup_key=None), "'dedup_key' is missing or blank"),
        (but(PAGERDUTY, event_action="acknowledge", dedup_key="  "), "'dedup_key' is missing or blank"),
        (but(PAGERDUTY, payload__summary=" \n "), "'payload.summary' is missing or blank"),
        (but(PAGERDUTY, payload__summary=["x"]), "'payload.summary' is missing or blank"),
    ],
)
def test_what_cannot_page_is_refused(body: object, fault: str) -> None:
    """No words, or no name for the trouble."""
    with pytest.raises(BadAlert) as caught:
        pagerduty.parse(body)
    assert fault in caught.value.faults


def test_long_texts_are_cut_and_the_cut_is_noted() -> None:
    """Too long is no reason to lose a page."""
    (alert,) = pagerduty.parse(but(PAGERDUTY, payload__summary="x" * 5000, payload__severity="banana"))
    assert len(alert.summary) == 1024
    assert alert.summary.endswith("…")
    assert alert.severity is Severity.CRITICAL
    assert alert.details["intake_notes"] == [
        "'payload.summary' is longer than 1024 characters",
        "'payload.severity' must be one of critical, error, warning, info",
    ]


def test_long_dedup_keys_stay_distinct_and_stable() -> None:
    """Cutting two keys to the same beginning would hide one trouble behind the other."""
    keys = {pagerduty.parse(but(PAGERDUTY, dedup_key="x" * 400 + end))[0].dedup_key for end in "aab"}
    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)


def test_links_that_are_not_web_addresses_are_dropped() -> None:
    """A `javascript:` link on the incident's page would be a trap."""
    body = but(PAGERDUTY, links=[{"href": "javascript:alert(1)"}, {"text": "no href"}, 7], images="x", client_url=None)
    assert pagerduty.parse(body)[0].links == ()


def test_details_as_text_are_kept() -> None:
    """`custom_details` may be a string."""
    assert pagerduty.parse(but(KUMA, payload__custom_details="look at rack 4"))[0].details == {"details": "look at rack 4"}
