"""Everything that can be made to go wrong, as a list of faults that are used up as they strike. A fault says what
happens, to what and how often; carrying it out is for whoever asked (`gate.py`, `callbacks.py`, `texting.py`, `switchboard.py`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import httpx

ON_REQUESTS = frozenset({"status", "timeout", "down"})
ON_CALLBACKS = frozenset({"lost", "doubled", "late", "reordered"})
ON_DELIVERY = frozenset({"undelivered", "unreachable"})
KINDS = ON_REQUESTS | ON_CALLBACKS | ON_DELIVERY
OTHER_SERVICES = frozenset({"slack", "webhook", "mail"})


class SandboxTimeout(httpx.ReadTimeout):
    """Raised out of the WSGI app in virtual time, so that an httpx client behind WSGITransport sees a read timeout."""


class SandboxDown(httpx.ConnectError):
    """Raised out of the WSGI app in virtual time: nobody listens there, nothing was sent."""


@dataclass
class Fault:
    """`on`: for requests `POST Call`, `Call`, `Message`, `Transfer`, `Slack`, … (`*` = all of Plivo's API); for callbacks
    `Ring`, `Answer`, `Action`, `Hangup`, `Status`, `Inbound`, … (`*` = all). `times=None`: every time, while it lasts.
    `accept=True`: the request is carried out first and only the answer goes wrong."""

    kind: str
    on: str = "*"
    times: int | None = 1
    start: float = 0.0
    until: float | None = None
    status: int = 500
    accept: bool = False
    by: float = 30.0
    code: str = ""
    to: str = ""
    error: str = ""

    def strikes(self, subject: str, now: float) -> bool:
        in_time = self.start <= now and (self.until is None or now < self.until)
        return in_time and self.times != 0 and self._names(subject.lower())

    def _names(self, subject: str) -> bool:
        resource = subject.rpartition(" ")[2]
        if self.on == "*":
            return resource not in OTHER_SERVICES
        return self.on.lower() in (subject, resource)

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class Faults:
    """`world.faults`. Every method adds one fault; several of a kind strike in the order they were added."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.pending.append(fault)
        return fault

    def answer(
        self,
        status: int,
        on: str = "*",
        *,
        accept: bool = False,
        times: int | None = 1,
        until: float | None = None,
        error: str = "",
    ) -> Fault:
        """Answer with this status instead, before or (`accept=True`) after carrying the request out."""
        return self.add(Fault("status", on, times, 0.0, until, status=status, accept=accept, error=error))

    def timeout(
        self, on: str = "*", *, accept: bool = False, times: int | None = 1, until: float | None = None, by: float = 30.0
    ) -> Fault:
        """Never answer: the client runs into its read timeout. `by` is how long a real server holds the line."""
        return self.add(Fault("timeout", on, times, 0.0, until, accept=accept, by=by))

    def down(self, on: str = "*", *, until: float | None = None, times: int | None = None) -> Fault:
        """Connection refused until a time (or until `up`)."""
        return self.add(Fault("down", on, times, 0.0, until))

    def up(self) -> None:
        self.pending = [fault for fault in self.pending if fault.kind != "down"]

    def lose(self, on: str = "*", *, times: int | None = 1, until: float | None = None) -> Fault:
        """Never deliver it. A request for XML that is lost is a failed fetch; anything else Plivo believes delivered."""
        return self.add(Fault("lost", on, times, 0.0, until))

    def double(self, on: str = "*", *, times: int | None = 1, by: float = 1.0) -> Fault:
        return self.add(Fault("doubled", on, times, by=by))

    def delay(self, on: str = "*", *, by: float = 30.0, times: int | None = 1) -> Fault:
        return self.add(Fault("late", on, times, by=by))

    def reorder(self, on: str = "*", *, times: int | None = 1, by: float = 60.0) -> Fault:
        """Held back until the next callback about the same call or message was sent, `by` seconds at most."""
        return self.add(Fault("reordered", on, times, by=by))

    def undelivered(self, code: str, *, to: str = "", status: str = "undelivered", times: int | None = 1) -> Fault:
        """A text ends as `undelivered` or `failed` with this error code."""
        return self.add(Fault("undelivered", "*", times, code=code, to=to, error=status))

    def unreachable(self, code: int, *, to: str = "", times: int | None = 1) -> Fault:
        """A call fails without ringing, with this hangup code (3080, 5010, …)."""
        return self.add(Fault("unreachable", "*", times, code=str(code), to=to))

    def clear(self) -> None:
        self.pending.clear()

    def take(self, kinds: frozenset[str], subject: str, to: str = "") -> Fault | None:
        """The first fault that strikes this subject, counted as used."""
        now = self._now()
        for fault in self.pending:
            if fault.kind in kinds and fault.strikes(subject, now) and (not fault.to or fault.to.lstrip("+") == to):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
