"""Signed, expiring links to one incident, the code a text reply must name, and what opens a calendar. Short, because a text message is 160
characters; pure HMAC over ids, nothing personal in them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

SIGNATURE_BYTES = 9  # 72 bits: not guessable through a web form within a link's lifetime
CALENDAR_BYTES = 18  # a feed's address does not end by itself, and reads without a login
TOKEN = re.compile(r"([0-9a-z]{1,13})\.([0-9a-z]{1,6})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{12})\Z")


def token(secret: str, incident_id: int, page: int, expires_at: datetime) -> str:
    """`<incident>.<page>.<expiry>.<signature>`, numbers in base 36, expiry in epoch seconds."""
    body = f"{_base36(incident_id)}.{_base36(page)}.{_base36(int(expires_at.timestamp()))}"
    return f"{body}.{_sign(secret, body)}"


def read(secret: str, text: str, now: datetime) -> tuple[int, int] | None:
    """(incident id, page number) of a token that we signed and that has not expired; None for anything else."""
    match = TOKEN.match(text)
    if match is None or not secret:
        return None
    body = text.rpartition(".")[0]
    if not hmac.compare_digest(_sign(secret, body), match[4]) or int(match[3], 36) < now.timestamp():
        return None
    return int(match[1], 36), int(match[2], 36)


def reply_code(secret: str, incident_id: int, page: int) -> str:
    """Four digits, 1000 to 9999, the same for a page each time it is asked for."""
    digest = hmac.digest(secret.encode(), f"reply {incident_id} {page}".encode(), hashlib.sha256)
    return str(1000 + int.from_bytes(digest[:8], "big") % 9000)


def reply_code_for_all(secret: str, incident_id: int, attempt: int) -> str:
    """The same for a text that tells of several incidents: named by the attempt that it goes out for, and means all that it named."""
    digest = hmac.digest(secret.encode(), f"reply for all {incident_id} {attempt}".encode(), hashlib.sha256)
    return str(1000 + int.from_bytes(digest[:8], "big") % 9000)


def self_test_key(secret: str) -> str:
    """The intake key of the self-test, which nobody needs to write down; as long as others are."""
    return hmac.digest(secret.encode(), b"self-test intake key", hashlib.sha256).hex()[:32]


def calendar_token(secret: str, owner: str, edition: int) -> str:
    """24 characters that say nothing. A new edition makes the ones before void."""
    digest = hmac.digest(secret.encode(), f"calendar {edition} {owner}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:CALENDAR_BYTES]).decode()


def calendar_owner(secret: str, text: str, editions: Mapping[str, int]) -> str | None:
    """Whose calendar that token opens, of all there are; each is compared, so how long it takes tells nothing."""
    given, found = text.encode(errors="replace"), None
    for owner, edition in editions.items():
        if hmac.compare_digest(calendar_token(secret, owner, edition).encode(), given):
            found = owner
    return found if secret else None


def calendar_uid(secret: str, schedule: str, person: str, start: datetime) -> str:
    """The name of one person's shift in every calendar that shows it, and in no other site's."""
    said = f"calendar event {start.timestamp():.0f} {schedule}\n{person}".encode()
    return hmac.digest(secret.encode(), said, hashlib.sha256).hex()[:32]


def _sign(secret: str, body: str) -> str:
    digest = hmac.digest(secret.encode(), b"link " + body.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"
