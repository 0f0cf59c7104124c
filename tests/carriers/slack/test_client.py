"""Posting to Slack: what goes out, and what each answer comes to."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from escalation.carriers.slack.client import SlackClient
from escalation.domain.incident import Status
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Editable, Notice
from tests.carriers.stubs import Asked, StubServer, brief, closed_port, notice, serving

OK = json.dumps({"ok": True, "channel": "C123", "ts": "1700.000100"}).encode()


def client(server: StubServer) -> SlackClient:
    return SlackClient("xoxb-secret", api_url=server.url + "/api/")


def page(status: Status = Status.TRIGGERED) -> Notice:
    return notice(Channel.SLACK, "#ops", brief(status))


def said(asked: Asked) -> dict[str, object]:
    """The request's fields, whichever way the SDK wrote them."""
    if asked.headers["Content-Type"].startswith("application/json"):
        found: dict[str, object] = json.loads(asked.body)
        return found
    return {k: v[0] for k, v in parse_qs(asked.body.decode()).items()}


def refused(status: int, body: bytes) -> CarrierError:
    with serving(lambda _: (status, body)) as server, pytest.raises(CarrierError) as caught:
        client(server).send(page())
    assert len(server.asked) == 1
    return caught.value


def test_it_is_a_carrier_that_can_edit() -> None:
    """The ports it promises."""
    slack: Carrier = SlackClient("t")
    assert isinstance(slack, Editable)
    assert slack.name == "slack"
    assert slack.channels == frozenset({Channel.SLACK})


def test_it_posts_with_the_token_and_returns_where_the_message_is() -> None:
    """chat.postMessage to the address; the reference names channel and message."""
    with serving(lambda _: (200, OK)) as server:
        assert client(server).send(page()) == "C123:1700.000100"
    [asked] = server.asked
    assert asked.path == "/api/chat.postMessage"
    assert asked.headers["Authorization"] == "Bearer xoxb-secret"
    assert said(asked)["channel"] == "#ops"
    assert "db-1 is down" in str(said(asked)["blocks"])


def test_it_edits_the_message_in_place() -> None:
    """chat.update with the reference's channel and ts, and how the incident stands now."""
    with serving(lambda _: (200, OK)) as server:
        client(server).edit(page(Status.RESOLVED), "C123:1700.000100")
    [asked] = server.asked
    assert asked.path == "/api/chat.update"
    assert (said(asked)["channel"], said(asked)["ts"]) == ("C123", "1700.000100")
    assert "✅" in str(said(asked)["text"])


def test_without_a_token_the_incoming_webhook_takes_it_and_nothing_can_be_edited() -> None:
    """The plain way: posted, no reference, and an edit does nothing."""
    with serving(lambda _: (200, b"ok")) as server:
        slack = SlackClient(webhook_url=server.url + "/services/T/B/x")
        assert slack.send(page()) == ""
        slack.edit(page(), "")
    assert [a.path for a in server.asked] == ["/services/T/B/x"]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("invalid_auth", Verdict.CREDENTIALS),
        ("token_revoked", Verdict.CREDENTIALS),
        ("not_authed", Verdict.CREDENTIALS),
        ("missing_scope", Verdict.CREDENTIALS),
        ("channel_not_found", Verdict.PERMANENT),
        ("is_archived", Verdict.PERMANENT),
        ("not_in_channel", Verdict.PERMANENT),
        ("ratelimited", Verdict.RETRY),
        ("fatal_error", Verdict.UNKNOWN),
        ("something_new", Verdict.RETRY),
    ],
)
def test_slacks_codes_become_verdicts(code: str, verdict: Verdict) -> None:
    """Slack says no with 200 and a code."""
    assert refused(200, json.dumps({"ok": False, "error": code}).encode()).verdict is verdict


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (429, b'{"ok": false, "error": "ratelimited"}', Verdict.RETRY),
        (500, b"", Verdict.UNKNOWN),
        (503, b'{"ok": false, "error": "service_unavailable"}', Verdict.UNKNOWN),
        (200, b"<html>", Verdict.RETRY),
        (200, b"[]", Verdict.RETRY),
        (200, b"7", Verdict.UNKNOWN),
        (200, b"\xff\xfe", Verdict.UNKNOWN),
    ],
)
def test_other_answers_become_verdicts(status: int, body: bytes, verdict: Verdict) -> None:
    """Nothing but Slack's own yes is a yes, and what may have been posted is unknown."""
    assert refused(status, body).verdict is verdict


def test_a_cut_line_is_unknown() -> None:
    """The message may have been posted."""
    with serving(lambda _: None) as server, pytest.raises(CarrierError) as caught:
        client(server).send(page())
    assert caught.value.verdict is Verdict.UNKNOWN


def test_a_refused_connection_is_tried_again() -> None:
    """Nothing was sent."""
    with pytest.raises(CarrierError) as caught:
        SlackClient("xoxb-secret", api_url=f"http://127.0.0.1:{closed_port()}").send(page())
    assert caught.value.verdict is Verdict.RETRY


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (404, b"no_service", Verdict.CREDENTIALS),
        (403, b"action_prohibited", Verdict.CREDENTIALS),
        (410, b"channel_is_archived", Verdict.PERMANENT),
        (404, b"channel_not_found", Verdict.PERMANENT),
        (429, b"rate_limited", Verdict.RETRY),
        (500, b"", Verdict.UNKNOWN),
        (200, b"<html>please log in</html>", Verdict.UNKNOWN),
    ],
)
def test_an_incoming_webhooks_answers_become_verdicts(status: int, body: bytes, verdict: Verdict) -> None:
    """A revoked webhook is our credentials' trouble; a login page's 200 is no acceptance."""
    with serving(lambda _: (status, body)) as server, pytest.raises(CarrierError) as caught:
        SlackClient(webhook_url=server.url).send(page())
    assert caught.value.verdict is verdict


def test_an_answer_that_quotes_us_is_not_repeated() -> None:
    """Only codes that we know appear in a reason: timelines and logs show it."""
    assert "555" not in refused(200, b'{"ok": false, "error": "no such user +15550100100"}').reason


def test_nothing_configured_is_a_matter_of_credentials() -> None:
    """Alarmed, and retried: somebody may set it up."""
    with pytest.raises(CarrierError) as caught:
        SlackClient().send(page())
    assert caught.value.verdict is Verdict.CREDENTIALS


def test_it_is_alive_when_slack_takes_the_token() -> None:
    """auth.test decides, and a dead line is simply not alive."""
    with serving(lambda _: (200, OK)) as server:
        assert client(server).alive()
    with serving(lambda _: (200, b'{"ok": false, "error": "invalid_auth"}')) as server:
        assert not client(server).alive()
    assert not SlackClient("t", api_url=f"http://127.0.0.1:{closed_port()}").alive()


def test_an_incoming_webhook_is_alive_when_it_refuses_an_empty_message() -> None:
    """The question posts nothing."""
    with serving(lambda _: (400, b"no_text")) as server:
        assert SlackClient(webhook_url=server.url).alive()
    assert json.loads(server.asked[0].body) == {"text": ""}
    with serving(lambda _: (404, b"no_service")) as server:
        assert not SlackClient(webhook_url=server.url).alive()
