"""Slack's v0 signature: what passes, what does not, and that nothing raises."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from escalation.carriers.slack.signature import verify

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def signed(secret: str, timestamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


def test_it_accepts_slacks_published_example() -> None:
    """The worked example of Slack's documentation verifies."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    header = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert verify(SECRET, "1531420618", body, header, datetime.fromtimestamp(1531420618, UTC))


def test_it_accepts_300_seconds_and_refuses_301() -> None:
    """The window is five minutes, in both directions."""
    header = signed(SECRET, STAMP, b"payload=1")
    ages = [-301, -300, 0, 300, 301]
    assert [verify(SECRET, STAMP, b"payload=1", header, NOW + timedelta(seconds=a)) for a in ages] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_it_refuses_a_changed_body_secret_or_time() -> None:
    """Each of the three is bound by the signature."""
    header = signed(SECRET, STAMP, b"payload=1")
    later = str(int(STAMP) + 1)
    assert not verify(SECRET, STAMP, b"payload=2", header, NOW)
    assert not verify("other", STAMP, b"payload=1", header, NOW)
    assert not verify(SECRET, later, b"payload=1", header, NOW)


def test_it_refuses_everything_when_no_secret_is_set() -> None:
    """An empty secret signs nothing: anybody could compute it."""
    assert not verify("", STAMP, b"", signed("", STAMP, b""), NOW)


@given(st.text(), st.binary(), st.text())
def test_it_never_raises(timestamp: str, body: bytes, header: str) -> None:
    """Any text in the headers and any bytes in the body are just not signed."""
    assert verify(SECRET, timestamp, body, header, NOW) is False


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_it_agrees_with_slacks_own_library(body: str) -> None:
    """What slack_sdk signs, we accept."""
    header = SignatureVerifier(SECRET).generate_signature(timestamp=STAMP, body=body)
    assert header is not None
    assert verify(SECRET, STAMP, body.encode(), header, NOW)
