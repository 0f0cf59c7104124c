"""Whether a database is plainly away: nobody listens where it should be. Asked with a bare socket, in a millisecond, by whoever can go
on without it, before what talks to databases is loaded. Not whether it works: that only the store can tell."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from escalation.errors import StoreUnavailable

PORT = 5432
BY_LIBPQ = ("host", "service")  # said in the URL's query: libpq knows how to go there


def database(url: str, seconds: float) -> None:
    """Raises `StoreUnavailable` for a PostgreSQL that refuses us, or says nothing for so many seconds. Silent for every other database,
    and for places that are not one host and port."""
    if place := _place(url):
        try:
            socket.create_connection(place, seconds).close()
        except OSError as error:  # its text has the address
            raise StoreUnavailable(f"the database is away ({type(error).__name__})") from None


def _place(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORT
    except ValueError:  # several hosts, or no URL at all: the store says so
        return None
    if not parts.scheme.startswith("postgres") or not host or "," in host or any(name in parts.query for name in BY_LIBPQ):
        return None
    return host, port
