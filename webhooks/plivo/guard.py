"""Who may speak to us as Plivo. Voice needs signature V3. Texts need it too when any V3 header is there, else V2 will do; V1 never.
The URL that is checked is the one we are configured to be called at, not the Host header's. Not the signatures themselves."""

from __future__ import annotations

import hashlib

from flask import g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from escalation.carriers.plivo.signature import verify_v2, verify_v3
from escalation.errors import StoreUnavailable
from escalation.ports import Patience, Store
from escalation.settings import Settings
from webhooks.refused import Refusals

TEXTS = "/plivo/texts/"
V3, V2 = "X-Plivo-Signature-V3", "X-Plivo-Signature-V2"
MA_V3, MA_V2 = "X-Plivo-Signature-Ma-V3", "X-Plivo-Signature-Ma-V2"


def binds_body() -> bool:
    """Whether the request's signature covers what it says. V2 covers the address only: then the body is a hint."""
    return bool(g.get("plivo_binds_body", False))


class _Reused(Exception):
    """Raised to take the transaction back: what a forger sent is not stored, or sent again it would look like a repeat."""


class Guard:
    """`check` runs before every Plivo route; None lets the request in."""

    def __init__(self, settings: Settings, store: Store, refusals: Refusals) -> None:
        self._public_url = settings.public_url
        self._tokens = settings.plivo_auth_tokens
        self._store = store
        self._refusals = refusals

    def check(self) -> ResponseReturnValue | None:
        if any(name in request.headers for name in (V3, MA_V3, f"{V3}-Nonce")):
            g.plivo_binds_body = self._passes_v3()
            return None if g.plivo_binds_body else self._refuse()
        if request.path.startswith(TEXTS) and self._passes_v2():
            return self._refuse_reuse()
        return self._refuse()

    def _passes_v3(self) -> bool:
        nonce = request.headers.get(f"{V3}-Nonce", "")
        values = [request.headers.get(name, "") for name in (V3, MA_V3)]
        return bool(nonce) and verify_v3("POST", self._url(), _params(request.form), nonce, values, self._tokens)

    def _passes_v2(self) -> bool:
        nonce = request.headers.get(f"{V2}-Nonce", "")
        values = [request.headers.get(name, "") for name in (V2, MA_V2)]
        return bool(nonce) and verify_v2(self._url(), nonce, values, self._tokens)

    def _url(self) -> str:
        """As Plivo called it: our addresses are plain ASCII, so what had to be decoded is not one of them."""
        query = request.query_string.decode("latin-1")
        return f"{self._public_url}{request.path}{'?' + query if query else ''}"

    def _refuse_reuse(self) -> ResponseReturnValue | None:
        """A nonce belongs to one body: the same again is Plivo's own repeat, with another body somebody took the signature."""
        nonce = request.headers[f"{V2}-Nonce"]
        # Of the form, not of the bytes: they are read by now, and equal forms mean the same.
        body = hashlib.sha256(repr(sorted(request.form.items(multi=True))).encode("utf-8", "replace")).hexdigest()
        try:
            with self._store.transaction(patience=Patience.CALLER) as tx:
                is_new = tx.first_seen(f"v2:{nonce}")
                if tx.first_seen(f"v2:{nonce}:{body}") and not is_new:
                    raise _Reused
        except _Reused:
            return self._refuse()
        except StoreUnavailable:
            return "", 503
        return None

    def _refuse(self) -> ResponseReturnValue:
        self._refusals.count()
        return "", 403


def _params(form: MultiDict[str, str]) -> dict[str, object]:
    return {key: values[0] if len(values) == 1 else values for key, values in form.lists()}
