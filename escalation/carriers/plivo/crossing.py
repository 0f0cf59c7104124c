"""The point of no return of a request: the moment its first byte goes out. Until then a request that ran out of time can be called
off for certain, and "the carrier may have it" need not be said. Thread-safe; knows httpcore's event names and nothing else of it."""

from __future__ import annotations

import threading


class CalledOff(Exception):
    """Raised in the thread that was about to send, after whoever waited for it has left."""


class Crossing:
    """`crossed` from the start: nobody will say when anything goes out (a stand-in for the network), so it must be assumed."""

    def __init__(self, *, crossed: bool = False) -> None:
        self._lock = threading.Lock()
        self._crossed = crossed
        self._closed = False

    def trace(self, event: str, _: object) -> None:
        """To be called with each event of the request (httpx's `trace` extension). Raises `CalledOff` where it must stop."""
        if event.endswith("send_request_headers.started"):
            with self._lock:
                if self._closed:
                    raise CalledOff
                self._crossed = True

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> bool:
        """From now on nothing goes out. True when something may have before."""
        with self._lock:
            self._closed = True
            return self._crossed
