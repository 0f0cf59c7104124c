"""What we sign, the official SDK's validators accept, and the published vectors come out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import validate_v3_signature

from escalation.sandbox import Account
from escalation.sandbox.signer import slack_headers, v2_signature, v3_signature
from tests.sandbox.product import ANN, URL, Bench, Seen, menu, say
from tests.sandbox.product import bench as make_bench

VECTORS = Path(__file__).parents[1] / "vectors" / "signature_vectors.json"


def vectors(version: str) -> list[dict[str, Any]]:
    if not VECTORS.exists():
        return []
    return [each for each in json.loads(VECTORS.read_text())[version] if each.get("portable", True)]


def accepts_v3(seen: Seen, token: str, header: str = "V3") -> bool:
    """GET is validated with the full URL and no parameters."""
    params = dict(seen.params) if seen.method == "POST" else {}
    nonce, signature = seen.headers["X-Plivo-Signature-V3-Nonce"], seen.headers[f"X-Plivo-Signature-{header}"]
    return bool(validate_v3_signature(seen.method, seen.url, nonce, token, signature, params))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["answer", "answer?incident=INC-42&step=1", "answer?b=2&a=#rc=2&rp=all"])
def test_the_sdk_accepts_every_voice_callback(method: str, path: str) -> None:
    """Ring, answer, action and hangup, over the URL without its fragment."""
    bench = make_bench()
    bench.product.answers = {"answer": menu(method=method), "keys": say("Thank you.")}
    bench.call(answer_url=f"{URL}/{path}", answer_method=method, ring_method=method, hangup_method=method)
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(3)
    bench.world.phone(ANN).press("1")
    bench.world.advance(30)
    assert bench.product.story == ["ring", "answer", "keys", "hangup"]
    assert {seen.method for seen in bench.product.seen} == {method}
    token = bench.world.account.auth_token
    assert all(accepts_v3(seen, token) and accepts_v3(seen, token, "Ma-V3") for seen in bench.product.seen)
    assert not any(accepts_v3(seen, "another token") for seen in bench.product.seen)


def test_voice_callbacks_have_no_v2_and_texts_no_v3_by_default(bench: Bench) -> None:
    """As the documentation has it."""
    bench.call()
    bench.text()
    bench.world.advance(5)
    ring, status = bench.product.at("ring")[0], bench.product.at("status")[0]
    assert "X-Plivo-Signature-V3" in ring.headers and "X-Plivo-Signature-V2" not in ring.headers
    assert "X-Plivo-Signature-V2" in status.headers and "X-Plivo-Signature-V3" not in status.headers


def test_the_sdk_accepts_the_v2_signature_of_texts(bench: Bench) -> None:
    """Which covers neither query nor body."""
    bench.text(url=f"{URL}/status?incident=INC-42")
    bench.world.advance(5)
    headers = bench.product.at("status")[0].headers
    nonce, token = headers["X-Plivo-Signature-V2-Nonce"], bench.world.account.auth_token
    assert validate_signature(f"{URL}/status", nonce, headers["X-Plivo-Signature-V2"], token)
    assert validate_signature(f"{URL}/status", nonce, headers["X-Plivo-Signature-Ma-V2"], token)


def test_texts_carry_v3_on_demand() -> None:
    """Integrations have seen it."""
    bench = make_bench(message_signatures="V2 V3")
    bench.text()
    bench.world.advance(5)
    seen = bench.product.at("status")[0]
    assert accepts_v3(seen, bench.world.account.auth_token)
    assert "X-Plivo-Signature-V2" in seen.headers


def test_a_subaccounts_callbacks_carry_the_main_accounts_signature_too() -> None:
    """Plain with its own token, Ma with the main one."""
    bench = make_bench(account=Account(auth_id="SASANDBOX00000000001", auth_token="sub", main_token="main"))
    bench.call()
    bench.world.advance(2)
    ring = bench.product.at("ring")[0]
    assert accepts_v3(ring, "sub") and accepts_v3(ring, "main", "Ma-V3")
    assert not accepts_v3(ring, "main")


@pytest.mark.parametrize("vector", vectors("v3"), ids=lambda vector: vector["name"])
def test_v3_vectors(vector: dict[str, Any]) -> None:
    """Those on which all of Plivo's own SDKs agree."""
    signature = v3_signature(vector["method"], vector["uri"], vector["params"], vector["nonce"], vector["auth_token"])
    assert signature == vector["signature"]


@pytest.mark.parametrize("vector", vectors("v2"), ids=lambda vector: vector["name"])
def test_v2_vectors(vector: dict[str, Any]) -> None:
    """Published by Plivo and computed with its SDK."""
    assert v2_signature(vector["uri"], vector["nonce"], vector["auth_token"]) == vector["signature"]


def test_slacks_signature_is_v0_over_timestamp_and_body() -> None:
    """Computed here a second time, from Slack's description."""
    body = urlencode({"payload": "{}"}).encode()
    headers = slack_headers("secret", 1_700_000_000, body)
    expected = hmac.new(b"secret", b"v0:1700000000:" + body, hashlib.sha256).hexdigest()
    assert headers == {"X-Slack-Request-Timestamp": "1700000000", "X-Slack-Signature": f"v0={expected}"}
    assert len(base64.b64decode(v2_signature(URL, "1", "t"))) == 32
