"""Carries one HTTP request out to the product and tells what came of it. `Courier` does it on the spot (tests, virtual
time), `PooledCourier` on a thread (a running server) so that nobody waits holding the World's lock. No retries here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Envelope:
    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""
    connect_timeout: float = 2.0
    read_timeout: float = 40.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failure` is `ct` (no connection), `rt` (no answer), `refused` (a host we may not call) or empty. `lasted` is the
    time the failure took, which in virtual time nobody has waited yet."""

    status: int = 0
    body: bytes = b""
    content_type: str = ""
    failure: str = ""
    lasted: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.failure and 200 <= self.status < 300


Then = Callable[[Outcome], None]


@dataclass
class Courier:
    """`client` may be set after the World was made: product and sandbox each need the other first. Only the hosts
    (or host:port) in `allowed` may be called; None allows all (tests, where the client has no network anyway)."""

    client: httpx.Client | None = None
    allowed: frozenset[str] | None = None
    virtual: bool = True
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": "Plivo", "Accept": "*/*"})

    def carry(self, envelope: Envelope, then: Then) -> None:
        then(self.attempt(envelope))

    def close(self) -> None:
        """Nothing is open."""

    def may_call(self, url: str) -> bool:
        if self.allowed is None:
            return True
        parts = urlsplit(url)
        return not self.allowed.isdisjoint({(parts.hostname or "").lower(), parts.netloc.lower()})

    def attempt(self, envelope: Envelope) -> Outcome:
        if not self.may_call(envelope.url):
            return Outcome(failure="refused")
        if self.client is None:
            return Outcome(failure="ct")
        try:
            return self._answer(self._send(self.client, envelope))
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL):
            return Outcome(failure="ct")
        except httpx.ConnectTimeout:
            return Outcome(failure="ct", lasted=envelope.connect_timeout if self.virtual else 0.0)
        except httpx.HTTPError:
            return Outcome(failure="rt", lasted=envelope.read_timeout if self.virtual else 0.0)

    def _send(self, client: httpx.Client, envelope: Envelope) -> httpx.Response:
        timeout = httpx.Timeout(envelope.read_timeout, connect=envelope.connect_timeout)
        headers = {**self.headers, **envelope.headers}
        return client.request(
            envelope.method, envelope.url, headers=headers, content=envelope.body or None, timeout=timeout, follow_redirects=False
        )

    @staticmethod
    def _answer(response: httpx.Response) -> Outcome:
        return Outcome(response.status_code, response.content, response.headers.get("Content-Type", ""))


class PooledCourier(Courier):
    """`then` runs with `lock` held, on the thread that carried the request; `settled` is told afterwards."""

    def __init__(
        self,
        client: httpx.Client,
        allowed: frozenset[str] | None,
        lock: AbstractContextManager[object],
        settled: Callable[[], None],
    ) -> None:
        super().__init__(client, allowed, virtual=False)
        self._lock = lock
        self._settled = settled
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="sandbox-courier")
        self.in_flight = 0

    def carry(self, envelope: Envelope, then: Then) -> None:
        self.in_flight += 1
        self._pool.submit(self._carry, envelope, then)

    def _carry(self, envelope: Envelope, then: Then) -> None:
        outcome = self.attempt(envelope)
        with self._lock:
            self.in_flight -= 1
            then(outcome)
        self._settled()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def form(method: str, url: str, params: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    """Where the parameters go: into the query of a GET, into the body of a POST."""
    if method == "GET":
        query = urlencode(params)
        return (url + ("&" if urlsplit(url).query else "?") + query if query else url), b"", {}
    return url, urlencode(params).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
