"""Signatures: Plivo's published vectors, agreement with the official SDK, and no input that makes them raise."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.plivo.signature import verify_v2, verify_v3

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from plivo.utils import signature_v3 as sdk
    from plivo.utils import validate_signature, validate_v3_signature

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors" / "signature_vectors.json").read_text())
KEY_IN_BOTH = "get_key_in_both"

ascii_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
forms = st.dictionaries(
    st.text("abcXYZ_09-", min_size=1, max_size=8), texts | st.lists(texts, min_size=1, max_size=3), max_size=6
)
queries = st.lists(st.tuples(st.text("abcXYZ_09", min_size=1, max_size=4), ascii_text), max_size=4)
paths = st.text("abz/._-~", max_size=12)


def named(section: str) -> Any:
    return pytest.mark.parametrize("vector", [pytest.param(v, id=v["name"]) for v in VECTORS[section]])


def check(vector: dict[str, Any], header: str, *, token: str = "") -> bool:
    tokens = [token or vector["auth_token"]]
    return verify_v3(vector["method"], vector["uri"], vector["params"], vector["nonce"], [header], tokens)


@named("v3")
def test_every_v3_vector_verifies(vector: dict[str, Any]) -> None:
    """The portable ones are the conformance test; where SDKs differ we follow Python's, and Go's where Python cannot."""
    assert check(vector, vector["signature"])
    assert not check(vector, vector["signature"], token="another")
    assert not check(vector, vector["signature"].swapcase())


def test_the_vectors_that_are_not_portable_are_the_known_ones() -> None:
    """Nothing we rely on is in a corner where Plivo's own SDKs disagree."""
    strange = {v["name"] for v in VECTORS["v3"] if not v["portable"]}
    assert strange == {
        "post_repeated_values",
        "get_repeated_query",
        KEY_IN_BOTH,
        "post_unicode_percent_query",
        "post_numbers_and_bool",
    }


@named("v3_validator_behaviour")
def test_headers_are_judged_as_a_receiver_should(vector: dict[str, Any]) -> None:
    """Several signatures in a header, none, a changed form, nonce, scheme or path."""
    wanted = vector["a_receiver_should_accept"]
    assert check(vector, vector["header_value"]) is (True if wanted is None else wanted)


@named("v2")
def test_every_v2_vector_verifies(vector: dict[str, Any]) -> None:
    """Only scheme, host, port and path are covered."""
    assert verify_v2(vector["uri"], vector["nonce"], [vector["signature"]], [vector["auth_token"]])
    assert not verify_v2(vector["uri"], vector["nonce"], [vector["signature"]], ["another"])


@named("v2_validator_behaviour")
def test_v2_refuses_another_nonce_or_path(vector: dict[str, Any]) -> None:
    """A signature belongs to one nonce and one path."""
    assert verify_v2(vector["uri"], vector["nonce"], [vector["header_value"]], [vector["auth_token"]]) is False


def test_any_header_any_listed_signature_and_any_token_will_do() -> None:
    """Plain and Ma header, lists with spaces, and two tokens while they are rotated."""
    one = VECTORS["v3"][0]
    rest = (one["method"], one["uri"], one["params"], one["nonce"])
    assert verify_v3(*rest, ["", f"wrong= , {one['signature']} "], ["old", one["auth_token"]])
    assert not verify_v3(*rest, ["", "wrong="], ["old", one["auth_token"]])
    assert not verify_v3(*rest, [], [one["auth_token"]])


def test_an_empty_token_never_verifies() -> None:
    """Anybody can sign with an empty key: an unset token must not open the door."""
    forged = sign("POST", "https://pager.example.com/x", {"a": "1"}, "7", "")
    assert not verify_v3("POST", "https://pager.example.com/x", {"a": "1"}, "7", [forged], [""])


def sign(method: str, url: str, params: dict[str, Any], nonce: str, token: str) -> str:
    base = sdk.construct_get_url(url, dict(params)) if method == "GET" else sdk.construct_post_url(url, params)
    signed: bytes = sdk.get_signature_v3(token.encode(), base.decode(), nonce)
    return signed.decode()


@given(st.sampled_from(["GET", "POST"]), paths, queries, forms, ascii_text, st.booleans())
def test_v3_agrees_with_the_official_validator(
    method: str, path: str, query: list[tuple[str, str]], form: dict[str, Any], nonce: str, tampered: bool
) -> None:
    """Whatever the SDK accepts we accept, whatever it refuses we refuse."""
    url = f"https://pager.example.com/{path}" + (f"?{urlencode(query)}" if query else "")
    signature = sign(method, url, form, nonce, "token")
    asked = dict(form) | ({"Digits": "1"} if tampered else {})
    expected = validate_v3_signature(method, url, nonce, "token", signature, dict(asked))
    assert verify_v3(method, url, asked, nonce, [signature], ["token"]) is expected


@given(paths, queries, ascii_text, st.booleans())
def test_v2_agrees_with_the_official_validator(path: str, query: list[tuple[str, str]], nonce: str, tampered: bool) -> None:
    """The same for the version that texts carry."""
    url = f"https://pager.example.com/{path}"
    with_query = url + (f"?{urlencode(query)}" if query else "")
    vector = VECTORS["v2"][0]
    signature = v2_signature(url, nonce) if not tampered else vector["signature"]
    expected = validate_signature(with_query, nonce, signature, "token")
    assert verify_v2(with_query, nonce, [signature], ["token"]) is expected
    assert tampered or expected


def v2_signature(url: str, nonce: str) -> str:
    signed: bytes = sdk.encode(sdk.sign(b"token", (url + nonce).encode(), sdk.sha256).digest()).strip()
    return signed.decode()


anything = st.text() | st.binary() | st.none() | st.integers() | st.lists(st.text(), max_size=3)


@given(st.text(), st.text(), st.dictionaries(st.text(), anything), st.text(), st.lists(st.text()), st.lists(st.text()))
def test_text_of_any_kind_is_refused_and_never_raises(
    method: str, url: str, params: dict[str, Any], nonce: str, headers: list[str], tokens: list[str]
) -> None:
    """Half a surrogate pair, a host in brackets, no URL at all: the SDK raises on some of it."""
    assert verify_v3(method, url, params, nonce, headers, tokens) is False
    assert verify_v3("POST", url, params, nonce, headers, tokens) is False
    assert verify_v2(url, nonce, headers, tokens) is False


@given(st.lists(anything, min_size=6, max_size=6))
def test_not_even_the_wrong_types_make_it_raise(rubbish: list[Any]) -> None:
    """A caller's mistake is a refusal too."""
    assert verify_v3(*rubbish) is False
    assert verify_v2(rubbish[1], rubbish[3], rubbish[4], rubbish[5]) is False
