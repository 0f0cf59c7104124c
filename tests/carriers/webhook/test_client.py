"""The signed webhook: what a receiver gets and can check, and what its answers come to."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx
import pytest

from escalation.carriers.webhook.client import WebhookClient, identity, signing_key
from escalation.domain.alert import Link
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Notice
from tests.carriers.stubs import NOW, StoppedClock, brief, closed_port, notice, serving

SECRET = "a site's secret"


def page(url: str = "https://pager.example/hook", **changes: object) -> Notice:
    return notice(Channel.WEBHOOK, url, brief(**changes))  # type: ignore[arg-type]


def client(status: int, seen: list[httpx.Request] | None = None) -> WebhookClient:
    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, headers={"Location": "https://elsewhere.example"} if status == 302 else {})

    return WebhookClient(SECRET, StoppedClock(), httpx.MockTransport(answer))


def verdict(carrier: WebhookClient, url: str = "https://pager.example/hook") -> Verdict:
    with pytest.raises(CarrierError) as caught:
        carrier.send(page(url))
    assert url not in caught.value.reason
    return caught.value.verdict


def test_it_is_a_carrier() -> None:
    """The port it promises."""
    carrier: Carrier = client(200)
    assert carrier.name == "webhook"
    assert carrier.channels == frozenset({Channel.WEBHOOK})


def test_without_a_secret_nothing_is_sent_and_the_site_is_told() -> None:
    """Everybody can compute the signature of an empty key: a receiver would believe whoever likes to page it."""
    seen: list[httpx.Request] = []
    carrier = WebhookClient("", StoppedClock(), httpx.MockTransport(lambda request: seen.append(request) or httpx.Response(200)))
    with pytest.raises(CarrierError) as caught:
        carrier.send(page())
    assert (caught.value.verdict, caught.value.alarm, seen) == (Verdict.CREDENTIALS, True, [])
    assert "secret key" in caught.value.reason


def test_a_receiver_can_check_it_as_the_guide_says() -> None:
    """t and v1 from the header, HMAC-SHA256 of "t.body" with the derived key, and nothing else."""
    seen: list[httpx.Request] = []
    client(204, seen).send(page())
    t, v1 = (part.split("=", 1)[1] for part in seen[0].headers["X-Escalation-Signature"].split(","))
    key = hmac.new(SECRET.encode(), b"escalation webhook v1", hashlib.sha256).hexdigest()
    assert hmac.new(key.encode(), t.encode() + b"." + seen[0].content, hashlib.sha256).hexdigest() == v1
    assert int(t) == int(NOW.timestamp())
    assert key == signing_key(SECRET)


def test_it_says_what_a_person_would_be_told() -> None:
    """The incident as JSON."""
    seen: list[httpx.Request] = []
    client(200, seen).send(page(details={"host": "db-1", "at": NOW}, links=(Link("https://x", "X"),), link="https://p/i/1"))
    said = json.loads(seen[0].content)
    assert said["incident"] == "INC-42"
    assert (said["status"], said["severity"], said["summary"]) == ("triggered", "critical", "db-1 is down")
    assert said["details"] == {"host": "db-1", "at": str(NOW)}
    assert said["links"] == [{"href": "https://x", "text": "X"}]
    assert said["link"] == "https://p/i/1"


def test_a_details_value_that_json_lacks_is_sent_as_text() -> None:
    """Not-a-number in an alert must not cost a page."""
    seen: list[httpx.Request] = []
    client(200, seen).send(page(details={"load": float("nan")}))
    assert json.loads(seen[0].content)["details"] == {"load": "nan"}


def test_every_try_of_an_attempt_has_the_same_key_and_another_attempt_another() -> None:
    """A receiver can tell a repeat from a second page."""
    said, url = brief(), "https://x"
    keys = [identity(notice(Channel.WEBHOOK, url, said, attempt, try_)) for attempt, try_ in ((3, 1), (3, 2), (4, 1))]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_acceptance(status: int) -> None:
    """The reference is the key it was sent with."""
    seen: list[httpx.Request] = []
    assert client(status, seen).send(page()) == seen[0].headers["Idempotency-Key"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, Verdict.PERMANENT),
        (400, Verdict.PERMANENT),
        (404, Verdict.PERMANENT),
        (408, Verdict.RETRY),
        (429, Verdict.RETRY),
        (500, Verdict.UNKNOWN),
        (503, Verdict.UNKNOWN),
    ],
)
def test_refusals_become_verdicts(status: int, expected: Verdict) -> None:
    """By the status alone, and after one request: redirects are not followed."""
    seen: list[httpx.Request] = []
    assert verdict(client(status, seen)) is expected
    assert len(seen) == 1


def test_a_refused_connection_is_tried_again_and_a_cut_one_is_unknown() -> None:
    """Before anything was sent, and after."""
    carrier = WebhookClient(SECRET, StoppedClock())
    assert verdict(carrier, f"http://127.0.0.1:{closed_port()}/") is Verdict.RETRY
    with serving(lambda _: None) as server:
        assert verdict(carrier, server.url) is Verdict.UNKNOWN


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://[::1", "http://x\ny/", ""])
def test_what_is_no_url_never_will_be(url: str) -> None:
    """A fault of the configuration, not of the line."""
    with pytest.raises(CarrierError) as caught:
        WebhookClient(SECRET, StoppedClock()).send(page(url))
    assert caught.value.verdict is Verdict.PERMANENT
