"""Any bytes become alerts that can be stored and spoken, or `BadAlert`; never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.alert import Alert
from escalation.errors import BadAlert
from escalation.intake import FORMATS, native, reading
from tests.intake.bodies import ALERTMANAGER, GRAFANA, NATIVE, PAGERDUTY

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**18, max_value=10**400),
    st.floats(),
    st.text(st.characters(), max_size=20),  # lone surrogates and NUL among them
    st.sampled_from(
        ["trigger", "resolve", "firing", "resolved", "critical", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
    ),
)
NAMES = st.one_of(
    st.text(max_size=5),
    st.sampled_from(sorted({*PAGERDUTY, *PAGERDUTY["payload"], *ALERTMANAGER, *GRAFANA["alerts"][0], *NATIVE, "href"})),
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=20)
BASES = st.sampled_from([PAGERDUTY, ALERTMANAGER, GRAFANA, NATIVE])


def outcome(name: str, body: object) -> list[Alert]:
    try:
        return FORMATS[name](body, "k")
    except BadAlert as error:
        assert error.faults
        return []


def storable(alert: Alert) -> bool:
    links = [(one.href, one.text) for one in alert.links]
    said = json.dumps([alert.summary, alert.source, alert.dedup_key, alert.details, links], allow_nan=False)
    text = json.loads(said)
    flat = json.dumps(text, ensure_ascii=False)
    flat.encode()  # a lone surrogate would raise
    return "\\u0000" not in flat and len(flat) < 200_000


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://x/\n\nAcknowledged by: Ann", "https://x/Acknowledged%20by:%20Ann"),
        ("https://x/\r\nBcc:\ta@b.c\u2028\u202e\x85", "https://x/Bcc:a@b.c"),
        (" https://x/a b ", "https://x/a%20b"),
        ("https:// x", None),
        ("java\nscript:x", None),
    ],
)
def test_an_address_has_no_line_ends_inside(href: str, kept: str | None) -> None:
    """In a mail it would begin a line of its own, in words that are not ours."""
    found = reading.link(href)
    assert (found and found.href) == kept


@pytest.mark.parametrize("name", FORMATS)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_quietly(name: str, body: bytes) -> None:
    """Bytes that are no JSON never do harm."""
    assert all(storable(alert) for alert in outcome(name, body))


@pytest.mark.parametrize("name", FORMATS)
@given(base=BASES, over=st.dictionaries(NAMES, JSON, max_size=6), inner=st.dictionaries(NAMES, JSON, max_size=6))
def test_arbitrary_json_is_an_alert_or_refused(
    name: str, base: dict[str, Any], over: dict[str, Any], inner: dict[str, Any]
) -> None:
    """Real bodies with any field replaced by anything."""
    body = base | over
    for place in ("payload", "labels"):
        if isinstance(body.get(place), dict):
            body[place] = body[place] | inner
    if isinstance(body.get("alerts"), list):
        body["alerts"] = [one | inner if isinstance(one, dict) else one for one in body["alerts"]]
    assert all(storable(alert) for alert in outcome(name, json.dumps(body).encode()))
    assert all(storable(alert) for alert in outcome(name, body))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "JSON parse error"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number is too long"),
        (b" " * (reading.MAX_BODY + 1), "longer than"),
    ],
)
def test_each_kind_of_rubbish_has_its_word(body: bytes, fault: str) -> None:
    """The sender's owner can tell what is wrong."""
    with pytest.raises(BadAlert, match=fault):
        native.parse(body, "k")


def test_what_cannot_be_stored_or_spoken_is_replaced() -> None:
    """NUL, lone surrogates and control characters, in values and in names."""
    body = b'{"action":"trigger","summary":"a\\u0000b\\ud800c\\u0007","details":{"x\\u0000":"\\udfff"}}'
    (alert,) = native.parse(body, "k")
    assert alert.summary == "a\ufffdb\ufffdc\ufffd"
    assert alert.details == {"x\ufffd": "\ufffd"}


def test_of_doubled_names_the_last_counts() -> None:
    """As in every JSON reader the senders were tried with."""
    assert native.parse(b'{"action":"resolve","action":"trigger","summary":"one","summary":"two"}', "k")[0].summary == "two"


def test_a_byte_order_mark_is_no_fault() -> None:
    """PowerShell writes one."""
    assert native.parse(b'\xef\xbb\xbf{"action":"trigger","summary":"x"}', "k")[0].summary == "x"


def test_details_are_bounded_in_every_direction() -> None:
    """Half a megabyte of details does not travel to every page and message."""
    deep: object = "end"
    for _ in range(300):
        deep = {"d": deep}
    huge = {
        "deep": deep,
        "long": "x" * 100_000,
        "wide": list(range(10_000)),
        "big": 10**300,
        **{str(n): "y" * 500 for n in range(500)},
    }
    (alert,) = native.parse(json.dumps({"action": "trigger", "summary": "s", "details": huge}).encode(), "k")
    assert len(json.dumps(alert.details)) < 50_000
    assert alert.details["big"] == "a very large number"
    assert alert.details["deep"] == {"d": {"d": {"d": {"d": {"d": "…"}}}}}


@pytest.mark.parametrize("spelling", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_become_text(spelling: str) -> None:
    """PostgreSQL's JSON refuses them, Python writes them."""
    (alert,) = native.parse(f'{{"action":"trigger","summary":"s","details":{{"v":{spelling}}}}}', "k")
    assert isinstance(alert.details["v"], str)
