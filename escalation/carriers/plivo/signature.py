"""Whether a request really came from Plivo: signature versions 3 (voice, covers URL, query and form) and 2 (texts, covers the
URL's path and nothing else). Pure; total on any input: what cannot be checked is False. Not the policy of which version an
address demands, and no memory of nonces: those are the receiver's.

V3 signs `<url without query>[?<sorted query>][.<sorted form>].<nonce>`, the query decoded and not encoded again, the form as
keys and values run together. A form without a query gets `?` and no dot (Plivo's prose suggests otherwise).

Where Plivo's SDKs differ we follow the Python one, with these exceptions: a percent-encoded non-ASCII query verifies here (as
in Go and Node) where Python raises; `get` means GET; spaces around a listed signature do not matter; an empty token never
verifies, since anybody can sign with it."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qs, urlparse, urlunparse

Params = Mapping[str, object]


def verify_v3(
    method: str, url: str, params: Params | None, nonce: str, header_values: Sequence[str], tokens: Sequence[str]
) -> bool:
    """`url` as Plivo called it (public scheme, host, port, query; a fragment is ignored). `params`: the form of a POST, a repeated
    key's values as a list; of a GET pass the whole URL and nothing here. `header_values`: X-Plivo-Signature-V3 and
    X-Plivo-Signature-Ma-V3, each perhaps a list joined by commas. `tokens`: several while they are being rotated."""
    try:
        signed = _base(method.upper(), url, params or {})
        return signed is not None and _any_matches(f"{signed}.{nonce}", header_values, tokens)
    except Exception:  # anybody may post here, and Plivo's own validator raises on some of it: a refusal, never a 500
        return False


def verify_v2(url: str, nonce: str, header_values: Sequence[str], tokens: Sequence[str]) -> bool:
    """Neither query nor body is covered: what arrives with this alone is a hint."""
    try:
        return _any_matches(_bare(url) + nonce, header_values, tokens)
    except Exception:  # as above
        return False


def _base(method: str, url: str, params: Params) -> str | None:
    query: Params = parse_qs(urlparse(url).query, keep_blank_values=True)
    if method == "GET":
        both = _query(dict(params) | dict(query))
        return _bare(url) + (f"?{both}" if both else "")
    if method != "POST":
        return None
    asked, form = _query(query), _form(params)
    if not params:
        return _bare(url) + (f"?{asked}" if asked else "")
    return f"{_bare(url)}?{asked}{'.' if asked else ''}{form}"


def _bare(url: str) -> str:
    parts = urlparse(url)
    return urlunparse((parts.scheme, parts.netloc, parts.path, "", "", ""))


def _query(params: Params) -> str:
    return "&".join(f"{key}={value}" for key, value in _pairs(params))


def _form(params: Params) -> str:
    return "".join(f"{key}{_form(value) if isinstance(value, Mapping) else value}" for key, value in _pairs(params))


def _pairs(params: Params) -> Iterable[tuple[str, object]]:
    """Sorted by key, in byte order (upper case first); a repeated key's values sorted."""
    for key in sorted(params):
        value = params[key]
        if isinstance(value, list | tuple):
            yield from ((key, each) for each in sorted(map(str, value)))
        else:
            yield key, value


def _any_matches(text: str, header_values: Sequence[str], tokens: Sequence[str]) -> bool:
    said = [part.strip().encode() for value in header_values for part in value.split(",")]
    expected = [_sign(token, text) for token in tokens if token]
    # Counted, not found: every pair is compared, so that the time it takes tells nothing.
    return sum(hmac.compare_digest(one, other) for one in expected for other in said) > 0


def _sign(token: str, text: str) -> bytes:
    return b64encode(hmac.digest(token.encode(), text.encode(), "sha256"))
