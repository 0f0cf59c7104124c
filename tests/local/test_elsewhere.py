"""Alerts over HTTP from the command line: what is sent, and what each answer means."""

from __future__ import annotations

import json

import httpx
import pytest

from escalation.errors import BadInput, StoreUnavailable, UnknownKey
from escalation.local.elsewhere import send

URL, KEY = "https://paging.example.org/", "k" * 32
ACCEPTED = {"status": "success", "alerts": [{"what": "opened", "incident": "INC-7", "dedup_key": "db-1"}]}


def sent_to(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> dict[str, str]:
    def receive(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return send(URL, KEY, {"action": "trigger"}, "delivery", httpx.MockTransport(receive))


def test_the_key_goes_in_a_header_and_never_in_the_address() -> None:
    """Addresses are in every proxy's log."""
    seen: list[httpx.Request] = []
    assert sent_to(httpx.Response(202, json=ACCEPTED), seen) == {"what": "opened", "incident": "INC-7", "dedup_key": "db-1"}
    assert str(seen[0].url) == "https://paging.example.org/intake/native"
    assert (seen[0].headers["X-Intake-Key"], seen[0].headers["Idempotency-Key"]) == (KEY, "delivery")
    assert json.loads(seen[0].content) == {"action": "trigger"}


def test_every_fault_that_the_receiver_found_is_told() -> None:
    """As it would be here."""
    with pytest.raises(BadInput) as caught:
        sent_to(httpx.Response(400, json={"errors": ["'summary' is missing", "'action' is wrong"]}))
    assert caught.value.faults == ["'summary' is missing", "'action' is wrong"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, text="<html>"), BadInput),
        (httpx.Response(413), BadInput),
        (httpx.Response(403), UnknownKey),
        (httpx.Response(503), StoreUnavailable),
        (httpx.Response(302), StoreUnavailable),
        (httpx.Response(200, text="<html>"), StoreUnavailable),
        (httpx.Response(200, json={"alerts": []}), StoreUnavailable),
        (httpx.ConnectError("refused"), StoreUnavailable),
        (httpx.ReadTimeout("slow"), StoreUnavailable),
    ],
)
def test_what_an_answer_means_to_whoever_calls(answer: httpx.Response | Exception, error: type[Exception]) -> None:
    """Away means: try again. Bad input means: do not. Somebody else's web site is not a success."""
    with pytest.raises(error):
        sent_to(answer)


@pytest.mark.parametrize("url", ["paging.example.org", "ftp://paging.example.org", "http://"])
def test_a_url_that_is_none_is_bad_input(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(BadInput):
        send(url, KEY, {})
