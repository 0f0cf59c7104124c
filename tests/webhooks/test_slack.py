"""Slack's buttons on a real engine and SQLite, Slack's private answers on a stand-in."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from escalation.sandbox.signer import slack_headers
from tests.carriers.stubs import StubServer, serving
from tests.webhooks.receiver import Receiver, receiver

SIGNING = "signing-secret"


class Workspace:
    """The receiver, and Slack's side of it: presses are signed, private answers are heard."""

    def __init__(self, there: Receiver, server: StubServer) -> None:
        self.receiver, self.server = there, server

    def send(self, body: bytes, *, secret: str = SIGNING, age: int = 0) -> TestResponse:
        headers = slack_headers(secret, int(self.receiver.clock.now().timestamp()) - age, body)
        kind = "application/x-www-form-urlencoded"
        return self.receiver.client.post("/slack/actions", data=body, headers=headers, content_type=kind)

    def presses(self, action: str, user: str = "UANN", incident: str = "1", at: str = "1.0", **more: Any) -> TestResponse:
        url = f"{self.server.url}/response/1"
        pressed = [{"action_id": action, "value": incident, "action_ts": at}]
        payload = {"type": "block_actions", "user": {"id": user}, "response_url": url, "actions": pressed}
        return self.send(urlencode({"payload": json.dumps(payload)}).encode(), **more)

    def whispered(self) -> list[str]:
        for thread in [t for t in threading.enumerate() if t.name == "whisper"]:
            thread.join(5)
        said = [json.loads(asked.body) for asked in self.server.asked]
        assert all(words["response_type"] == "ephemeral" for words in said)
        return [words["text"] for words in said]

    def status(self) -> str:
        return self.receiver.status(1)


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[Workspace]:
    with serving(lambda _: (200, b"ok")) as server:
        found = receiver(tmp_path, slack_signing_secret=SIGNING, slack_api_url=server.url + "/api/")
        found.trouble()
        yield Workspace(found, server)
        found.system.store.dispose()


def test_a_known_user_acknowledges(slack: Workspace) -> None:
    """200 once it is committed, the story names the person, and they are told in private."""
    assert slack.presses("acknowledge").status_code == 200
    assert slack.status() == "acknowledged"
    assert "Acknowledged by Ann, by slack." in slack.receiver.story(1)
    assert slack.whispered() == ["INC-1 acknowledged. It is yours, thank you."]


def test_escalate_and_resolve_do_what_they_say(slack: Workspace) -> None:
    """The other two buttons."""
    slack.presses("escalate")
    assert "Step 2" in slack.receiver.story(1)
    slack.presses("resolve")
    assert slack.status() == "resolved"


def test_whoever_is_second_learns_who_was_first(slack: Workspace) -> None:
    """In private."""
    slack.presses("acknowledge")
    slack.presses("acknowledge", "UBOB", at="2.0")
    assert "Ann already acknowledged INC-1." in slack.whispered()


def test_an_unknown_user_is_refused_in_private(slack: Workspace) -> None:
    """Nothing changes; only that person reads why."""
    assert slack.presses("acknowledge", "U666").status_code == 200
    assert slack.status() == "triggered"
    [words] = slack.whispered()
    assert "not known" in words


def test_one_press_delivered_twice_is_one(slack: Workspace) -> None:
    """It skips one person, not two."""
    for _ in range(2):
        slack.presses("escalate", at="7.5")
    assert "Step 3" not in slack.receiver.story(1)


@pytest.mark.parametrize(
    ("more", "expected"), [({"secret": "x"}, 403), ({"age": 300}, 200), ({"age": 301}, 403), ({"age": -301}, 403)]
)
def test_only_slack_is_believed_and_only_for_five_minutes(slack: Workspace, more: dict[str, Any], expected: int) -> None:
    """Otherwise 403, nothing but a counter changes, and nobody is answered."""
    assert slack.presses("acknowledge", **more).status_code == expected
    refused = expected == 403
    assert (slack.status() == "triggered") is refused
    assert slack.receiver.system.queries.counters().get("refused_callback", 0) == refused
    assert len(slack.whispered()) == (0 if refused else 1)


def test_without_a_signing_secret_nobody_is_slack(tmp_path: Path) -> None:
    """An empty secret is no secret."""
    with serving(lambda _: (200, b"ok")) as server:
        found = receiver(tmp_path)
        found.trouble()
        assert Workspace(found, server).presses("acknowledge", secret="").status_code == 403


def test_other_payloads_are_taken_note_of(slack: Workspace) -> None:
    """A link button, a made-up incident, an empty form: 200, nothing changes."""
    assert [slack.presses("open").status_code, slack.presses("acknowledge", incident="999").status_code] == [200, 200]
    assert [slack.send(body).status_code for body in (b"", b"payload=", b"payload=%7B", b"\xff\xfe")] == [200] * 4
    assert slack.status() == "triggered"


def test_what_cannot_be_saved_is_not_called_saved(slack: Workspace, tmp_path: Path) -> None:
    """503, so that Slack shows a warning, and words in private."""
    other = sqlite3.connect(tmp_path / "escalation.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert slack.presses("acknowledge").status_code == 503
    other.rollback()
    other.close()
    assert slack.status() == "triggered"
    [words] = slack.whispered()
    assert "could not be saved" in words


def test_a_frozen_slack_does_not_delay_the_answer(tmp_path: Path) -> None:
    """The private answer goes out beside the request."""
    go_on = threading.Event()

    def frozen(_: str) -> tuple[int, bytes]:
        go_on.wait(5)
        return 200, b"ok"

    with serving(frozen) as server:
        found = receiver(tmp_path, slack_signing_secret=SIGNING, slack_api_url=server.url)
        found.trouble()
        workspace = Workspace(found, server)
        assert workspace.presses("acknowledge").status_code == 200
        assert not go_on.is_set()
        go_on.set()
        assert len(workspace.whispered()) == 1


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_cause_a_500(slack: Workspace, body: bytes, signed: bool) -> None:
    """Signed or not, whatever the body."""
    assert slack.send(body, secret=SIGNING if signed else "x").status_code == (200 if signed else 403)
    assert slack.status() == "triggered"
