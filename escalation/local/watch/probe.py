"""Asks a site whether it could page somebody now. Anything but its own plain yes is no: no answer, a redirect, a captive portal's page, an
answer that never ends. What it says is used for nothing but the names of its faults."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import httpx

from escalation.deadline import DEADLINE, within

LONGEST = 64 * 1024
MOST = 5  # faults in a text message
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,30}")


class Probe:
    """One site. `name` is its host: what a text message says."""

    def __init__(self, url: str, *, deadline: float = DEADLINE) -> None:
        """Raises `ValueError` when that is no address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("not an address like https://pager.example.org")
        self.name = parts.hostname if parts.port in (None, 80, 443) else f"{parts.hostname}:{parts.port}"
        self._url = url if parts.path.rstrip("/") else f"{parts.scheme}://{parts.netloc}/readyz"
        self._deadline = deadline
        # A connection of yesterday may be dead without our knowing; proxies of this machine are not what carriers come by.
        self._http = httpx.Client(
            timeout=deadline, follow_redirects=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def fault(self) -> str:
        """Empty when it is ready, else what is wrong in a few words. Never raises."""
        try:
            return within(self._deadline, self._asked)
        except TimeoutError:
            return "no answer in time"
        except Exception as error:
            return f"no answer ({type(error).__name__})"

    def _asked(self) -> str:
        with self._http.stream("GET", self._url) as answer:
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > LONGEST:
                    return f"HTTP {answer.status_code} without an end"
            return judged(answer.status_code, body)


def judged(status: int, body: bytes) -> str:
    """What `/readyz` said."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    if status == 200:
        return "" if said.get("status") == "ready" else "an answer that is not the pager's"
    faults = said.get("faults")
    named = [str(f.get("what", "")) for f in faults if isinstance(f, dict)] if isinstance(faults, list) else []
    known = [name for name in named if _NAME.fullmatch(name)][:MOST]
    return f"not ready: {', '.join(known)}" if known else f"HTTP {status}"
