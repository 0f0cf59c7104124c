"""Alerts to a receiver elsewhere: one POST in our own format, its answer in our own errors. Carries the key in a header, never in
the address."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecodeError

import httpx

from escalation.deadline import within
from escalation.errors import BadInput, StoreUnavailable, UnknownKey

SECONDS = 5.0  # in all; a receiver waits 2 s for its database


def send(
    url: str, key: str, body: Mapping[str, object], identity: str = "", transport: httpx.BaseTransport | None = None
) -> dict[str, str]:
    """The receiver's word on one alert: `what`, `incident`, `dedup_key`. The same `identity` again changes nothing there. Raises
    `BadInput` for what it refused, `StoreUnavailable` when it or its database is away (nothing is known to be stored: send again)."""
    headers = {"X-Intake-Key": key} | ({"Idempotency-Key": identity} if identity else {})

    def post() -> httpx.Response:
        with httpx.Client(timeout=SECONDS, transport=transport) as client:
            return client.post(f"{url.rstrip('/')}/intake/native", json=dict(body), headers=headers)

    try:
        answer = within(SECONDS, post)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise BadInput(["--url: not a URL with http(s) and a host"]) from None
    except (httpx.HTTPError, TimeoutError) as error:
        raise StoreUnavailable(f"the receiver cannot be reached ({type(error).__name__})") from None
    return _told(answer)


def _told(answer: httpx.Response) -> dict[str, str]:
    if answer.is_success:
        try:
            (one,) = answer.json()["alerts"]
            return {name: str(one[name] or "") for name in ("what", "incident", "dedup_key")}
        except (JSONDecodeError, KeyError, TypeError, ValueError):
            raise StoreUnavailable("what answers at that URL is not a receiver of ours") from None
    if answer.status_code in (400, 413):
        raise BadInput(_faults(answer))
    if answer.status_code in (401, 403):
        raise UnknownKey(["the receiver does not know this key"])
    raise StoreUnavailable(f"the receiver answered {answer.status_code}")


def _faults(answer: httpx.Response) -> list[str]:
    try:
        return [str(fault) for fault in answer.json()["errors"]]
    except (JSONDecodeError, KeyError, TypeError):
        return [f"the receiver refused it ({answer.status_code})"]
