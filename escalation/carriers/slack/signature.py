"""Slack's v0 request signature. Pure: bytes and the time in, yes or no out. Not the guard that answers 403 (`webhooks`)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

TOLERANCE = 300  # seconds, as in Slack's documentation: older is a replay


def verify(secret: str, timestamp: str, body: bytes, header: str, now: datetime) -> bool:
    """Whether `header` (`X-Slack-Signature`) signs the raw body at `timestamp` (`X-Slack-Request-Timestamp`, seconds).
    Never raises: whatever cannot be read is not signed. Without a secret nothing is."""
    return is_signed(secret, timestamp, body, header) and is_fresh(timestamp, now)


def is_signed(secret: str, timestamp: str, body: bytes, header: str) -> bool:
    """The half of it that needs no clock."""
    if not secret or not _is_time(timestamp):
        return False
    signed = b"v0:" + timestamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    # As bytes: compare_digest raises on text that is not ASCII, and the header is anybody's.
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "replace"))


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Whether a time that was signed is neither old (a replay) nor to come."""
    return _is_time(timestamp) and abs(int(now.timestamp()) - int(timestamp)) <= TOLERANCE


def _is_time(timestamp: str) -> bool:
    return timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
