"""Who may speak to us as Plivo: signatures, tokens, addresses, and any bytes at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.sandbox.signer import v2_headers, v3_headers
from tests.webhooks.plivo.line import (
    FORM,
    OLDER,
    TOKEN,
    Plivo,
    calling,
    counter,
    status,
)
from tests.webhooks.receiver import PUBLIC_URL


def test_an_unsigned_request_is_refused_and_counted(ringing: Plivo) -> None:
    """403, and nothing but the counter changes."""
    before = ringing.receiver.story(1)
    for what in ("answer", "key/0", "hangup", "fallback", "message", "ring"):
        assert ringing.receiver.client.post(f"/plivo/calls/1-1-1/{what}", data=FORM | {"Digits": "1"}).status_code == 403
    assert (status(ringing), ringing.receiver.story(1)) == ("triggered", before)
    assert counter(ringing, "refused_callback") == 6


@pytest.mark.parametrize(
    ("tokens", "expected"), [((TOKEN, "x"), 200), (("x", TOKEN), 200), ((OLDER, "x"), 200), (("x", "y"), 403), (("", ""), 403)]
)
def test_either_signature_by_either_token_will_do(plivo: Plivo, tokens: tuple[str, str], expected: int) -> None:
    """The number's own token or the main account's, the new one or the one that is being rotated out."""
    plivo.tokens = tokens
    assert plivo.call("ring").status_code == expected


def test_the_signature_binds_the_form_and_the_address(ringing: Plivo) -> None:
    """A key changed on the way, or a signature of another address."""
    path = "/plivo/calls/1-1-1/key/0"
    headers = v3_headers("POST", PUBLIC_URL + path, FORM | {"Digits": "2"}, "n", (TOKEN, TOKEN))
    client = ringing.receiver.client
    assert client.post(path, data=FORM | {"Digits": "1"}, headers=headers).status_code == 403
    assert client.post("/plivo/calls/1-1-1/key/1", data=FORM | {"Digits": "2"}, headers=headers).status_code == 403
    assert status(ringing) == "triggered"


def test_the_host_header_decides_nothing(plivo: Plivo) -> None:
    """Behind a proxy it is another; an attacker writes what he likes. The configured URL is what was signed."""
    path, client = "/plivo/calls/1-1-1/ring", plivo.receiver.client
    headers = v3_headers("POST", PUBLIC_URL + path, FORM, "n", (TOKEN, TOKEN))
    assert client.post(path, data=FORM, headers=headers | {"Host": "internal:8000"}).status_code == 200
    headers = v3_headers("POST", "https://evil.example" + path, FORM, "n", (TOKEN, TOKEN))
    assert client.post(path, data=FORM, headers=headers | {"Host": "evil.example"}).status_code == 403


def test_the_query_is_part_of_what_was_signed(plivo: Plivo) -> None:
    """Signed with the query it came with, and refused with another."""
    path, client = "/plivo/calls/1-1-1/ring", plivo.receiver.client
    headers = v3_headers("POST", f"{PUBLIC_URL}{path}?a=1", FORM, "n", (TOKEN, TOKEN))
    assert client.post(f"{path}?a=1", data=FORM, headers=headers).status_code == 200
    assert client.post(f"{path}?a=2", data=FORM, headers=headers).status_code == 403


def test_v2_is_not_enough_for_a_call(ringing: Plivo) -> None:
    """It does not bind the key that was pressed."""
    assert ringing.post_v2("/plivo/calls/1-1-1/key/0", Digits="1", **FORM).status_code == 403


def test_a_text_may_come_with_v2_but_not_beside_a_wrong_v3(plivo: Plivo) -> None:
    """Whoever sends V3 is held to it; V1 is nothing."""
    path, client = "/plivo/texts/1-1-1/status", plivo.receiver.client
    v2 = v2_headers(PUBLIC_URL + path, "n", (TOKEN, TOKEN))
    assert client.post(path, data={"Status": "sent"}, headers=v2).status_code == 200
    assert client.post(path, data={"Status": "sent"}, headers=v2 | {"X-Plivo-Signature-V3": "x"}).status_code == 403
    assert client.post(path, data={}, headers={"X-Plivo-Signature": "x"}).status_code == 403


def test_a_v2_nonce_belongs_to_one_form(plivo: Plivo) -> None:
    """Plivo's own repeat passes; the same signature on another body was taken from somewhere."""
    path = "/plivo/texts/1-1-1/status"
    codes = [
        plivo.post_v2(path, nonce="once", Status=said).status_code for said in ("sent", "sent", "delivered", "delivered", "sent")
    ]
    assert codes == [200, 200, 403, 403, 200]


def test_without_an_account_nobody_is_plivo(tmp_path: Path) -> None:
    """No token configured: an empty one signs nothing."""
    plivo = calling(tmp_path, plivo_auth_id="", plivo_auth_tokens=(), plivo_from_number="")
    plivo.tokens = ("", "")
    assert plivo.call("ring").status_code == 403


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_bytes_cause_a_500_or_change_anything(ringing: Plivo, data: st.DataObject) -> None:
    """Unsigned: 403, 404 or 405, whatever address, headers and body."""
    what = data.draw(st.sampled_from(["answer", "key/0", "hangup", "silent/1", "key/x", "key/-1", "key/" + "9" * 40, ""]))
    name = data.draw(st.sampled_from(["1-1-1", "x", "1-1-1%00", "%ff"]))
    values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
    headers = data.draw(st.dictionaries(st.sampled_from(["X-Plivo-Signature-V3", "X-Plivo-Signature-V3-Nonce"]), values))
    kind = data.draw(st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]))
    body = data.draw(st.binary(max_size=200))
    answer = ringing.receiver.client.post(f"/plivo/calls/{name}/{what}", data=body, headers=headers, content_type=kind)
    assert answer.status_code in (400, 403, 404, 405)
    assert status(ringing) == "triggered"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_that_is_signed_causes_a_500_either(ringing: Plivo, data: st.DataObject) -> None:
    """Any form: XML for the phone, 200 for news, and only a 1 acknowledges."""
    keys = st.sampled_from(["CallUUID", "CallStatus", "Digits", "Event", "Machine", "HangupCauseCode", "Duration", "TotalCost"])
    text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60).filter(lambda said: said.strip() != "1")
    form = data.draw(st.dictionaries(keys, text, max_size=6))
    what = data.draw(st.sampled_from(["answer", "key/3", "silent/1", "message", "fallback", "ring", "machine", "hangup"]))
    answer = ringing.post(f"/plivo/calls/1-1-1/{what}", **form)
    assert answer.status_code == 200
    assert status(ringing) != "acknowledged"
