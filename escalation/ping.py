"""The outgoing dead-man's ping: one request to a watcher elsewhere, which alarms when it hears nothing. Whether there is reason to say that
all is well is decided by whoever calls it. The address is as good as a password: it is in no log and no exception."""

from __future__ import annotations

import logging

import httpx

from escalation.deadline import DEADLINE, within

log = logging.getLogger(__name__)


class Ping:
    """`send` never raises. A watcher that cannot be reached is said once, and once that it can be again."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None, *, deadline: float = DEADLINE) -> None:
        self._url = url
        self._deadline = deadline
        self._fails = False
        # A redirect would take the address to whoever it points to, and it is not the watcher's yes.
        self._http = httpx.Client(transport=transport, timeout=deadline, follow_redirects=False)

    def send(self) -> bool:
        """Whether it was heard."""
        fault = self._asked()
        if fault and not self._fails:
            log.warning("the dead-man's ping is not heard: %s", fault)
        elif self._fails and not fault:
            log.warning("the dead-man's ping is heard again")
        self._fails = bool(fault)
        return not fault

    def _asked(self) -> str:
        try:
            status = within(self._deadline, self._status)
        except Exception as error:  # its text may quote the address
            return type(error).__name__
        return "" if 200 <= status < 300 else f"HTTP {status}"

    def _status(self) -> int:
        with self._http.stream("GET", self._url) as answer:  # what it says beside its status is left unread, it may be endless
            return answer.status_code
