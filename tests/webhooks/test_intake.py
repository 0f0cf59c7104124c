"""Alerts over HTTP: answered 2xx only after the commit, refused with every fault, never a 500 and never a redirect."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.build import NoNudge
from escalation.engine import Engine
from escalation.errors import StoreUnavailable
from escalation.intake import FORMATS
from escalation.ports import Patience, Transaction
from escalation.store.sql import SqlStore
from tests.intake.bodies import ALERTMANAGER, GRAFANA, KEY, KUMA, NATIVE, PAGERDUTY, am_alert, but
from tests.servers.wire import Wire
from tests.webhooks.receiver import Receiver, receiver, without_database

AM = f"/intake/alertmanager/{KEY}"


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Receiver:
    return receiver(tmp_path_factory.mktemp("receiver"))


def test_a_pagerduty_trigger_opens_an_incident(desk: Receiver) -> None:
    """202 with PagerDuty's three fields: its clients check each of them."""
    answer = desk.client.post("/v2/enqueue", json=PAGERDUTY)
    assert answer.status_code == 202
    assert answer.json == {"status": "success", "message": "Event processed", "dedup_key": "disk/srv1"}
    (row,) = desk.system.queries.incidents()
    assert (row.summary, row.service, row.severity) == ("disk full on srv1", "payments", "error")


def test_acknowledge_and_resolve_reach_the_incident(desk: Receiver) -> None:
    """The life of a PagerDuty event."""
    desk.client.post("/v2/enqueue", json=PAGERDUTY)
    for action, status in (("acknowledge", "acknowledged"), ("resolve", "resolved")):
        answer = desk.client.post("/v2/enqueue", json={"routing_key": KEY, "event_action": action, "dedup_key": "disk/srv1"})
        assert answer.status_code == 202
        assert desk.status(1) == status


def test_a_trigger_without_dedup_key_is_a_trouble_of_its_own(desk: Receiver) -> None:
    """The key that was made is returned, and resolves the incident."""
    keys = [desk.client.post("/v2/enqueue", json=but(PAGERDUTY, dedup_key=None)).json["dedup_key"] for _ in range(2)]
    assert len({*keys, ""}) == 3
    assert len(desk.system.queries.incidents()) == 2
    desk.client.post("/v2/enqueue", json={"routing_key": KEY, "event_action": "resolve", "dedup_key": keys[0]})
    assert len(desk.system.queries.incidents()) == 1


def test_the_same_idempotency_key_is_the_same_delivery(desk: Receiver) -> None:
    """Sent again after a lost answer: one incident, nothing counted, the same key returned."""
    body, headers = but(PAGERDUTY, dedup_key=None), {"Idempotency-Key": "delivery 1"}
    first, again = (desk.client.post("/v2/enqueue", json=body, headers=headers).json for _ in range(2))
    assert first == again
    (row,) = desk.system.queries.incidents()
    assert row.repeats == 0


def test_one_idempotency_key_for_everything_swallows_nothing(desk: Receiver) -> None:
    """A script with a fixed header: another alert is another delivery, and a repeat names the incident it belongs to."""
    headers = {"Idempotency-Key": "always the same"}

    def said(**values: str) -> dict[str, str | None]:
        answer = desk.client.post(f"/intake/native/{KEY}", json=but(NATIVE, **values), headers=headers)
        told: dict[str, str | None] = answer.json["alerts"][0]
        return told

    assert [said(dedup_key=key)["what"] for key in "aab"] == ["opened", "counted", "opened"]
    assert said(dedup_key="a") == {"dedup_key": "a", "what": "counted", "incident": "INC-1"}
    assert said(dedup_key="a", action="resolve")["what"] == "resolved"


def test_a_body_of_several_alerts_tells_what_became_of_each(desk: Receiver) -> None:
    """Alertmanager's group: one opened, the resolved one was never open; then the other way round."""
    answer = desk.client.post(AM, json=ALERTMANAGER)
    assert answer.status_code == 202
    assert answer.json["alerts"] == [
        {"dedup_key": "00112233445566aa", "what": "opened", "incident": "INC-1"},
        {"dedup_key": "00112233445566bb", "what": "ignored", "incident": None},
    ]
    second = [am_alert("resolved"), am_alert("firing", "00112233445566bb")]
    answer = desk.client.post(AM, json=ALERTMANAGER | {"alerts": second})
    assert [one["what"] for one in answer.json["alerts"]] == ["resolved", "opened"]
    assert (desk.status(1), desk.status(2)) == ("resolved", "triggered")


def test_an_alert_missing_from_the_group_stays_open(desk: Receiver) -> None:
    """Only an explicit resolve closes; `alerts: null` is a body like any other."""
    desk.client.post(AM, json=ALERTMANAGER)
    assert desk.client.post(AM, json=ALERTMANAGER | {"alerts": None}).status_code == 202
    assert desk.status(1) == "triggered"


def test_a_repeat_after_a_manual_resolve_pages_again(desk: Receiver) -> None:
    """The same fingerprint and start time: whoever resolved it by hand was wrong."""
    desk.client.post(AM, json=ALERTMANAGER)
    desk.client.post(f"/intake/native/{KEY}", json={"action": "resolve", "dedup_key": "00112233445566aa"})
    assert desk.client.post(AM, json=ALERTMANAGER).json["alerts"][0] == {
        "dedup_key": "00112233445566aa",
        "what": "opened",
        "incident": "INC-2",
    }


@pytest.mark.parametrize("body", [GRAFANA, ALERTMANAGER])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_grafana_may_post_or_put(desk: Receiver, body: dict[str, Any], method: str) -> None:
    """Both shapes at both addresses."""
    assert desk.client.open(f"/intake/grafana/{KEY}", method=method, json=body).status_code == 202


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/intake/native", {"Authorization": f"Bearer {KEY}"}),
        ("/intake/native/", {"X-Intake-Key": KEY}),
        (f"/intake/native?token={KEY}", {}),
        (f"/intake/native/{KEY}/", {}),
        ("/intake/native", {"X-Intake-Key": "", "Authorization": f"bearer  {KEY} "}),
    ],
)
def test_the_key_may_come_in_many_places(desk: Receiver, path: str, headers: dict[str, str]) -> None:
    """Not every sender can set headers, not every operator wants keys in addresses; a slash too many is no redirect."""
    answer = desk.client.post(path, json=but(NATIVE, key=None), headers=headers)
    assert (answer.status_code, answer.json["alerts"][0]["what"]) == (202, "opened")


def test_every_fault_is_answered_at_once(desk: Receiver) -> None:
    """400 in PagerDuty's shape; nothing was applied."""
    answer = desk.client.post("/v2/enqueue", json={"event_action": "explode", "payload": {"severity": "banana"}})
    assert answer.status_code == 400
    assert (answer.json["status"], answer.json["message"]) == ("invalid event", "Event object is invalid")
    said = " ".join(answer.json["errors"])
    assert all(name in said for name in ("routing_key", "event_action", "payload.summary", "payload.severity", "payload.source"))
    assert desk.system.queries.incidents() == []


def test_a_body_that_is_no_json_is_answered_as_pagerduty_does(desk: Receiver) -> None:
    """Told apart from a body with faults."""
    answer = desk.client.post("/v2/enqueue", data=b"{", content_type="application/json")
    assert (answer.status_code, answer.json["status"]) == (400, "Unrecognized object")
    assert answer.json["errors"][0].startswith("JSON parse error")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v2/enqueue", but(PAGERDUTY, routing_key="x" * 32), "Invalid routing key"),
        ("/intake/alertmanager/typo", ALERTMANAGER, "unknown intake key"),
        ("/intake/native", NATIVE | {"key": "typo"}, "unknown intake key"),
    ],
)
def test_an_unknown_key_is_refused_and_counted(desk: Receiver, path: str, body: dict[str, Any], said: str) -> None:
    """A typo is a lost page: the sender sees it, and so does the operator; the key itself is told to nobody."""
    answer = desk.client.post(path, json=body)
    assert (answer.status_code, answer.json["errors"]) == (400, [said])
    assert desk.system.queries.counters() == {"unknown_key": 1}
    assert 'escalation_counted_total{what="unknown_key"} 1.0' in desk.client.get("/metrics").get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v2/enqueue", {"routing_key": "typo", "event_action": "trigger", "payload": {}}, "Invalid routing key"),
        ("/intake/alertmanager/typo", {"alerts": [{}]}, "unknown intake key"),
        ("/intake/native/typo", {"action": "trigger"}, "unknown intake key"),
        ("/intake/alertmanager/typo", {"alerts": []}, "unknown intake key"),
    ],
)
def test_an_unknown_key_is_told_beside_what_else_is_wrong(desk: Receiver, path: str, body: dict[str, Any], said: str) -> None:
    """All faults at once, and counted; also where there is nothing else to say."""
    answer = desk.client.post(path, json=body)
    assert (answer.status_code, answer.json["errors"][-1]) == (400, said)
    assert len(answer.json["errors"]) > 1 or body == {"alerts": []}
    assert desk.system.queries.counters() == {"unknown_key": 1}


class Away:
    """A store whose database went away a moment ago."""

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[Transaction]:
        assert patience is Patience.CALLER, "a refused sender keeps nobody waiting"
        raise StoreUnavailable("gone")
        yield


def test_an_unknown_key_that_cannot_be_counted_is_refused_all_the_same(desk: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """The counter is an extra; and the key must not be in the log, whatever fails."""
    broken = Receiver(replace(desk.system, store=Away()), desk.clock)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        answer = broken.client.post("/intake/alertmanager/very-secret-key", json=ALERTMANAGER)
    assert (answer.status_code, answer.json["errors"]) == (400, ["unknown intake key"])
    assert "very-secret-key" not in caplog.text


def test_an_unknown_format_names_the_known_ones(desk: Receiver) -> None:
    """404, with a way on."""
    answer = desk.client.post(f"/intake/nagios/{KEY}", json={})
    assert answer.status_code == 404
    assert all(name in answer.json["message"] for name in FORMATS)


@pytest.mark.parametrize("path", ["/v2/enqueue", AM])
def test_a_body_over_the_limit_is_too_large(desk: Receiver, path: str) -> None:
    """512 KB are taken, one byte more is 413."""
    body = b'{"routing_key": "%s", "event_action": "resolve", "dedup_key": "d", "alerts": [], "pad": "' % KEY.encode()
    full = body + b"x" * (512 * 1024 - len(body) - 2) + b'"}'
    assert desk.client.post(path, data=full).status_code == 202
    assert desk.client.post(path, data=full + b" ").status_code == 413


@pytest.mark.parametrize("path", ["/v2/enqueue", AM])
def test_a_database_that_is_away_is_answered_503(tmp_path: Path, path: str) -> None:
    """With Retry-After; Alertmanager gives up on any 4xx and on 429."""
    desk = without_database(tmp_path / "gone")
    answer = desk.client.post(path, json=PAGERDUTY if path == "/v2/enqueue" else ALERTMANAGER)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_database_that_others_keep_locked_is_answered_503(desk: Receiver) -> None:
    """Never a hang: the lock goes only when the answer is there. Sent again, it is taken."""
    with closing(sqlite3.connect(desk.system.settings.data_dir / "escalation.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 503
    assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 202


def test_a_database_that_says_nothing_is_answered_503(postgres_url: str, tmp_path: Path) -> None:
    """Frozen, it accepts connections and keeps them: it comes back to life only when the answer is there."""
    wire = Wire(postgres_url)
    desk = receiver(tmp_path, database_url=wire.url)
    desk.system.store.dispose()
    with wire.frozen():
        assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 503
    assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 202
    with wire.cut_off():
        assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 503
    desk.system.store.dispose()
    wire.cut()


def test_one_bad_key_among_many_alerts_applies_nothing(desk: Receiver) -> None:
    """All of a body, or none of it."""
    good, bad = am_alert(), am_alert(status="odd", fingerprint="ff")
    assert desk.client.post(AM, json={"alerts": [good, bad]}).status_code == 400
    assert desk.system.queries.incidents() == []


@pytest.mark.parametrize(
    "path",
    ["/v2/enqueue/", f"/intake/alertmanager/{KEY}/", "/intake/alertmanager/", f"//intake/alertmanager/{KEY}", "/v2//enqueue"],
)
def test_nothing_is_ever_redirected(desk: Receiver, path: str) -> None:
    """Some senders lose the body, some the page."""
    for method in ("POST", "PUT", "GET", "OPTIONS"):
        assert desk.client.open(path, method=method, json=KUMA).status_code not in range(300, 400)


NASTY = [
    b"",
    b"\x00",
    b"[" * 200_000,
    b'{"routing_key":"\\u0000","event_action":"trigger"}',
    b'{"version":1e999,"action":"trigger","summary":"\\ud800"}',
    b'{"action":"trigger","summary":"\\u0000\\ud800","dedup_key":"\\udfff","details":{"\\u0000":"\\ud800","big":'
    + b"9" * 4000
    + b"}}",
    b'{"alerts":[{"status":"firing","fingerprint":"\\ud800","labels":{"\\u0000":"\\udc00"},"startsAt":"9999-12-31T23:59:59-23:59"}]}',
    b'{"alerts":[{"status":"firing","fingerprint":"x","labels":null,"annotations":[],"startsAt":7,"generatorURL":{}}]}',
]


@pytest.mark.parametrize("body", NASTY)
def test_nasty_bodies_are_taken_or_refused(shared: Receiver, body: bytes) -> None:
    """Through to the database and the pages: NUL, lone surrogates, nesting, numbers without end."""
    for name in FORMATS:
        assert shared.client.post(f"/intake/{name}/{KEY}", data=body).status_code in {202, 400}
    assert shared.logged_in().open("/incidents").status_code == 200


@given(
    path=st.sampled_from(["/v2/enqueue", *(f"/intake/{name}/{KEY}" for name in FORMATS), "/intake/native", "/intake/x/y"]),
    body=st.binary(max_size=60)
    | st.sampled_from([b'{"alerts":[%s]}', b'{"event_action":%s}', b'{"action":"trigger","summary":%s}']),
    inside=st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda x: st.lists(x, max_size=3), max_leaves=4),
    key=st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=10),
)
def test_whatever_comes_in_is_never_our_fault(shared: Receiver, path: str, body: bytes, inside: object, key: str) -> None:
    """Any body, any header: taken or refused, never a 500."""
    data = body.replace(b"%s", repr(inside).replace("'", '"').encode("utf-8", "replace"))
    answer = shared.client.post(path, data=data, headers={"X-Intake-Key": key, "Idempotency-Key": key, "Authorization": key})
    assert answer.status_code in {202, 400, 404}


class BreaksAtCommit:
    """A store that loses its database at the last moment."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[Transaction]:
        with self._store.transaction(patience=patience) as tx:
            yield tx
            raise StoreUnavailable("gone")


def test_2xx_means_committed(desk: Receiver) -> None:
    """What the database did not keep is not thanked for."""
    engine = Engine(BreaksAtCommit(desk.system.store), NoNudge())
    broken = Receiver(replace(desk.system, engine=engine), desk.clock)
    assert broken.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 503
    assert desk.system.queries.incidents() == []
    assert desk.client.post("/v2/enqueue", json=PAGERDUTY).status_code == 202
