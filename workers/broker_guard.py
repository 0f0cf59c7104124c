"""Guard against a regression of Celery 5.7.0: a broker that restarts while a worker holds an unacknowledged message ends the
worker (`'NoneType' object has no attribute 'hostname'`: the consumer closes a connection whose client was just taken away,
and giving back what was held wants a new one). A channel that remembers its connection parameters survives, and what was
running is acknowledged once. To be deleted with the release that mends it: `tests/workers/test_broker_guard.py` tells."""

from __future__ import annotations

from typing import Any

from kombu import transport
from kombu.transport import redis as kombu_redis


class SteadyChannel(kombu_redis.Channel):
    """A Redis channel that outlives its connection."""

    _remembered: dict[bool, dict[str, Any]]

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection.client is None:
            return self._last_connparams(asynchronous)
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]  # not in the stubs
        self.__dict__.setdefault("_remembered", {})[asynchronous] = dict(params)
        return params

    def _last_connparams(self, asynchronous: bool) -> dict[str, Any]:
        try:
            return dict(self._remembered[asynchronous])
        except (AttributeError, KeyError):
            # A connection error is what the consumer expects here and goes on from.
            raise ConnectionError("the broker connection is gone") from None


class SteadyTransport(kombu_redis.Transport):
    Channel = SteadyChannel


def install() -> None:
    """Makes every Redis broker connection of this process a steady one."""
    for scheme in ("redis", "rediss"):
        transport.TRANSPORT_ALIASES[scheme] = f"{__name__}:SteadyTransport"
        transport._transport_cache.pop(scheme, None)  # type: ignore[attr-defined]  # noqa: SLF001  # else an earlier look-up stays
