"""The stand-ins beside Plivo: what Slack was shown, buttons pressed with its signature, mail kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from escalation.sandbox import PretendSMTP
from tests.sandbox.product import URL, Bench

BLOCKS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Disk full"}},
    {"type": "actions", "block_id": "page", "elements": [
        {"type": "button", "action_id": "acknowledge", "value": "INC-42", "text": {"type": "plain_text", "text": "Ack"}}]},
]  # fmt: skip


def slack(bench: Bench, method: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {bench.world.slack.token if token is None else token}"}
    return dict(bench.api.post(f"http://sandbox.test/api/{method}", json=body, headers=headers, auth=None).json())


@pytest.fixture(autouse=True)
def without_basic_auth(bench: Bench) -> None:
    bench.api.auth = None  # type: ignore[assignment]


def test_a_message_is_posted_and_changed(bench: Bench) -> None:
    """By channel and ts, as the Web API has it."""
    posted = slack(bench, "chat.postMessage", {"channel": "C1", "text": "Disk full", "blocks": BLOCKS})
    assert posted["ok"] and posted["channel"] == "C1"
    changed = slack(bench, "chat.update", {"channel": "C1", "ts": posted["ts"], "text": "Acknowledged", "blocks": []})
    assert changed["ok"]
    (message,) = bench.world.slack.messages
    assert (message.text, message.updates, message.blocks) == ("Acknowledged", 1, [])


def test_slacks_errors_are_200_with_ok_false(bench: Bench) -> None:
    """In its own words."""
    bench.world.slack.channels = {"C1"}
    assert slack(bench, "auth.test", {})["ok"]
    assert slack(bench, "auth.test", {}, token="xoxb-wrong")["error"] == "invalid_auth"
    assert slack(bench, "auth.test", {}, token="")["error"] == "not_authed"
    assert slack(bench, "chat.postMessage", {"channel": "C2", "text": "x"})["error"] == "channel_not_found"
    assert slack(bench, "chat.postMessage", {"channel": "C1"})["error"] == "no_text"
    assert slack(bench, "chat.update", {"channel": "C1", "ts": "1.1", "text": "x"})["error"] == "message_not_found"
    assert slack(bench, "chat.delete", {})["error"] == "unknown_method"


def test_a_rate_limit_on_demand(bench: Bench) -> None:
    """429 with Retry-After."""
    bench.world.faults.answer(429, "Slack")
    answer = bench.api.post("http://sandbox.test/api/chat.postMessage", json={"channel": "C1", "text": "x"})
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["error"]) == (429, "1", "ratelimited")


def test_a_webhook_says_ok_in_plain_words(bench: Bench) -> None:
    """And refuses what Slack refuses."""
    hook = "http://sandbox.test/services/T0/B0/xyz"
    assert bench.api.post(hook, json={"text": "Disk full"}).text == "ok"
    assert bench.api.post(hook, json={"colour": "red"}).status_code == 400
    assert bench.world.slack.messages[0].via == "webhook"


def test_a_pressed_button_arrives_signed_as_block_actions(bench: Bench) -> None:
    """slack_sdk's verifier takes it; another secret's does not."""
    got: list[tuple[bytes, dict[str, str]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        got.append((request.content, dict(request.headers)))
        return httpx.Response(200)

    bench.world.client = httpx.Client(transport=httpx.MockTransport(answer))
    bench.world.slack.actions_url = f"{URL}/slack/actions"
    posted = slack(bench, "chat.postMessage", {"channel": "C1", "text": "Disk full", "blocks": BLOCKS})
    bench.world.slack.press(posted["ts"], "acknowledge", user="U7", username="ann")
    assert got == []
    bench.world.advance()
    ((body, headers),) = got
    payload = json.loads(httpx.QueryParams(body.decode())["payload"])
    assert (payload["type"], payload["user"]["id"]) == ("block_actions", "U7")
    (action,) = payload["actions"]
    assert (action["action_id"], action["value"], action["block_id"]) == ("acknowledge", "INC-42", "page")
    expected = hmac.new(
        bench.world.slack.signing_secret.encode(),
        b"v0:" + headers["x-slack-request-timestamp"].encode() + b":" + body, hashlib.sha256,
    ).hexdigest()  # fmt: skip
    assert headers["x-slack-signature"] == f"v0={expected}"
    verifier = SignatureVerifier(bench.world.slack.signing_secret)
    assert verifier.generate_signature(timestamp=headers["x-slack-request-timestamp"], body=body) == headers["x-slack-signature"]
    assert bench.world.slack.presses[-1].status == 200
    responded = bench.api.post(payload["response_url"], json={"replace_original": True, "text": "Acknowledged by Ann"})
    assert responded.json() == {"ok": True}
    assert bench.world.slack.messages[0].text == "Acknowledged by Ann"


def test_a_button_that_is_not_there_cannot_be_pressed(bench: Bench) -> None:
    """A test would hide a missing button otherwise."""
    posted = slack(bench, "chat.postMessage", {"channel": "C1", "text": "Disk full"})
    with pytest.raises(LookupError):
        bench.world.slack.press(posted["ts"], "acknowledge")


def test_words_for_one_person_only(bench: Bench) -> None:
    """Ephemeral messages cannot be changed by ts."""
    shown = slack(bench, "chat.postEphemeral", {"channel": "C1", "user": "U7", "text": "Already acknowledged"})
    assert shown["ok"]
    assert bench.world.slack.messages[0].user == "U7"
    assert not slack(bench, "chat.update", {"channel": "C1", "ts": shown["message_ts"], "text": "x"})["ok"]


def test_mail_without_sockets(bench: Bench) -> None:
    """Given to a mail client in place of smtplib.SMTP."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "pager@example.com", "ann@example.com", "Disk full"
    mail.set_content("Wake up.")
    with PretendSMTP(bench.world) as client:
        client.send_message(mail)
    (kept,) = bench.world.mailbox
    assert (kept.recipients, kept.subject, kept.text) == (("ann@example.com",), "Disk full", "Wake up.\n")
    bench.world.faults.down("Mail")
    with pytest.raises(smtplib.SMTPResponseException):
        PretendSMTP(bench.world).send_message(mail)
