"""Signs what the sandbox sends the way Plivo (V3, V2) and Slack (v0) do. Written from the published rule and deliberately
not shared with the product's verifier: a mistake must not be on both sides and pass. It verifies nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit


def _mac(token: str, text: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()).decode()


def v3_signature(method: str, url: str, params: Mapping[str, str], nonce: str, token: str) -> str:
    return _mac(token, v3_base(method, url, params) + "." + nonce)


def v3_base(method: str, url: str, params: Mapping[str, str]) -> str:
    """The part before the nonce. For a POST with fields there is a `?` even when the URL has no query, and a dot between
    query and fields only when it has one."""
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    query = parse_qsl(parts.query, keep_blank_values=True)
    if method.upper() == "GET":
        pairs = _pairs([*query, *params.items()])
        return f"{bare}?{pairs}" if pairs else bare
    fields = "".join(f"{key}{value}" for key, value in sorted(params.items()))
    pairs = _pairs(query)
    if not pairs and not fields:
        return bare
    return f"{bare}?{pairs}{'.' if pairs and fields else ''}{fields}"


def _pairs(items: list[tuple[str, str]]) -> str:
    return "&".join(f"{key}={value}" for key, value in sorted(items))


def v2_signature(url: str, nonce: str, token: str) -> str:
    """Covers scheme, host and path only: neither query nor body."""
    parts = urlsplit(url)
    return _mac(token, urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")) + nonce)


def v3_headers(method: str, url: str, params: Mapping[str, str], nonce: str, tokens: tuple[str, str]) -> dict[str, str]:
    return {
        "X-Plivo-Signature-V3": v3_signature(method, url, params, nonce, tokens[0]),
        "X-Plivo-Signature-Ma-V3": v3_signature(method, url, params, nonce, tokens[1]),
        "X-Plivo-Signature-V3-Nonce": nonce,
    }


def v2_headers(url: str, nonce: str, tokens: tuple[str, str]) -> dict[str, str]:
    return {
        "X-Plivo-Signature-V2": v2_signature(url, nonce, tokens[0]),
        "X-Plivo-Signature-Ma-V2": v2_signature(url, nonce, tokens[1]),
        "X-Plivo-Signature-V2-Nonce": nonce,
    }


def slack_headers(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    text = b"v0:" + str(timestamp).encode() + b":" + body
    return {
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": "v0=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
    }
