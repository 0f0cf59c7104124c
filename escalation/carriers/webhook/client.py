"""The webhook carrier: posts a brief as signed JSON to a URL of the site's own, so that a last resort can be something that is
not a telephone company. `docs/webhook.md` tells the receiver how to check it. Not the way alerts come in (`intake`)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable

import httpx

from escalation.deadline import DEADLINE, within
from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.errors import CarrierError, Verdict
from escalation.ports import Clock, Notice

PURPOSE = b"escalation webhook v1"  # what the key is for: the secret key itself never signs


def signing_key(secret_key: str) -> str:
    """The key a receiver checks with (hex text, used as it stands)."""
    return hmac.new(secret_key.encode(), PURPOSE, hashlib.sha256).hexdigest()


def signature(key: str, at: int, body: bytes) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""
    return f"t={at},v1=" + hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


class WebhookClient:
    """The `Carrier` for URLs."""

    name = "webhook"
    channels = frozenset({Channel.WEBHOOK})

    def __init__(self, secret_key: str, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        self._key = signing_key(secret_key) if secret_key else ""
        self._clock = clock
        # Redirects stay off: the signed brief would follow them to wherever they point.
        self._http = httpx.Client(transport=transport, timeout=DEADLINE, follow_redirects=False)

    def send(self, notice: Notice) -> str:
        """One POST; any 2xx is acceptance. The reference is the `Idempotency-Key`, the same for every try of an attempt."""
        self._send(notice.address, payload(notice), identity(notice))
        return identity(notice)

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        """A body without an incident."""
        self._send(address, {"version": 1, "id": identity, "subject": subject, "text": text}, identity)

    def _send(self, address: str, said: dict[str, object], identity: str) -> None:
        if not self._key:  # everybody can compute that signature
            raise CarrierError(Verdict.CREDENTIALS, "webhook: no secret key to sign with (ESCALATION_SECRET_KEY)")
        body = json.dumps(said).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": identity,
            "X-Escalation-Signature": signature(self._key, int(self._clock.now().timestamp()), body),
        }
        self._must_accept(_asked(lambda: self._post(address, body, headers)))

    def alive(self) -> bool:
        """Never claims it: each address is a server of its own, and the only question that has no effect is no answer to
        whether it takes a page. The next accepted one says that it is back."""
        return False

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        # Streamed and left unread: what a receiver says beside its status is of no use, and may be endless.
        with self._http.stream("POST", url, content=body, headers=headers) as answer:
            return answer.status_code

    @staticmethod
    def _must_accept(status: int) -> None:
        if 200 <= status < 300:
            return
        if status in (408, 425, 429):
            raise CarrierError(Verdict.RETRY, f"webhook: HTTP {status}")
        raise CarrierError(Verdict.PERMANENT if status < 500 else Verdict.UNKNOWN, f"webhook: HTTP {status}")


def _asked(request: Callable[[], int]) -> int:
    try:
        return within(DEADLINE, request)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
        raise CarrierError(Verdict.PERMANENT, "webhook: not a URL that can be posted to") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise CarrierError(Verdict.RETRY, "webhook: no connection", outage=True) from None
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise CarrierError(Verdict.UNKNOWN, f"webhook: no answer ({type(error).__name__})") from None


def identity(notice: Notice) -> str:
    """Names the attempt for good: with the incident's opening time, since a fresh database counts from 1 again."""
    return f"{notice.brief.short_id}-{int(notice.brief.opened_at.timestamp())}-{notice.attempt}"


def payload(notice: Notice) -> dict[str, object]:
    """The body, as `docs/webhook.md` lists it."""
    brief = notice.brief
    return {"version": 1, "id": identity(notice), "attempt": notice.attempt, "try": notice.try_} | _said(brief)


def _said(brief: Brief) -> dict[str, object]:
    return {
        "incident": brief.short_id,
        "incident_id": brief.incident_id,
        "service": brief.service,
        "severity": brief.severity.value,
        "status": brief.status.value,
        "summary": brief.summary,
        "source": brief.source,
        "details": {str(k): _plain(v) for k, v in brief.details.items()},
        "links": [{"href": link.href, "text": link.text} for link in brief.links],
        "opened_at": brief.opened_at.isoformat(),
        "responder": brief.responder,
        "acknowledged_by": brief.acknowledged_by,
        "next": brief.next,
        "link": brief.link,
    }


def _plain(value: object) -> object:
    """JSON has no NaN and no dates: what it cannot carry goes as text, never as a refused page."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)
    return value
