"""`SMTP_URL` taken apart: `smtp://user:pass@host:port`, `smtps://…`, `?starttls`. Pure. Not the connection (`client`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from escalation.errors import BadSettings

_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """`tls` from the first byte (smtps), or `starttls` before anything personal is said."""

    host: str
    port: int
    tls: bool = False
    starttls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> Server:
        """User and password percent-encoded. Raises `BadSettings`, never with the URL in it."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BadSettings(["SMTP_URL: not a URL"]) from None
        if parts.scheme not in _PORTS or not host:
            raise BadSettings(["SMTP_URL: must be smtp://host or smtps://host"])
        starttls = "starttls" in parse_qs(parts.query, keep_blank_values=True)
        usual = 587 if starttls else _PORTS[parts.scheme]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host, port or usual, parts.scheme == "smtps", starttls, user, password)
