"""Where the world can stop: before and after each commit that wrote something, each re-read of a claim, each nudge, each request to a
carrier, and the moment in which a request was sent and its answer not seen. Thin wrappers around the ports count these boundaries
and die at the chosen ones. Not what happens then (`night`), not what must hold (`promises`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from escalation.domain.incident import Status
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Editable, Job, Notice, Nudge, Patience, Telephone
from escalation.store.sql import SqlStore

# What changes a row. A heartbeat changes nothing that anybody is called by: its commit is no boundary.
WRITES = frozenset({"first_seen", "create", "save", "note", "count", "claim", "finish", "defer", "hold_phone", "free_phone", "block",
                    "unblock", "carrier_down", "carrier_up", "carrier_answers", "apply", "bump",
                    "repeat", "shut", "forget", "join_call", "speak", "press", "told", "take_slot"})  # fmt: skip
SOCKETS = (Channel.SLACK, Channel.EMAIL)  # whose libraries have no transport of httpx's; the others' requests are counted there
WANTED = (Status.TRIGGERED, Status.EXHAUSTED)


class Death(BaseException):
    """Everything of ours stops here. Not an `Exception`: nothing that goes on after a fault may go on after this."""


@dataclass
class Fate:
    """Counts boundaries; `strikes` says at which, by number (from 1) and name, everything dies. `untold` is the page that was sent
    and of which the engine does not know yet: only what died then may be sent once more. `may_double` counts those."""

    strikes: Callable[[int, str], bool] = lambda number, name: False
    passed: list[str] = field(default_factory=list)
    sending: tuple[int, int] | None = None
    untold: tuple[int, int] | None = None
    may_double: Counter[tuple[int, int]] = field(default_factory=Counter)
    deaths: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    open: int = 0  # transactions
    tried: set[tuple[int, str]] = field(default_factory=set)  # incident, address

    def at(self, name: str) -> None:
        self.passed.append(name)
        if self.strikes(len(self.passed), name):
            self.deaths.append(f"{len(self.passed)}: {name}")
            self.doubt()
            raise Death(name)

    def doubt(self) -> None:
        if self.untold:
            self.may_double[self.untold] += 1
        self.untold = None

    @contextmanager
    def inside(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def outside(self, what: str) -> None:
        """What others can see must not happen before what it rests on is committed."""
        if self.open:
            self.unwanted.append(f"{what} inside of a transaction")

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        self.at(f"before {what}")
        yield
        self.at(f"after {what}")


class Watched:
    """A transaction that remembers what was done in it."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.did: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tx, name)
        return found if not callable(found) else self._noting(name, found)

    def _noting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **values: Any) -> Any:
            done = method(*args, **values)
            if name in WRITES or name == "holds" or (name == "unnudged" and done):
                self.did.append(name)
            return done

        return noted


class MortalStore:
    """Implements `ports.Store` around the real one."""

    def __init__(self, inner: SqlStore, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[Any]:
        with self._inner.transaction(patience=patience) as tx, self._fate.inside():
            watched = Watched(tx)
            yield watched
            name = f"commit ({', '.join(dict.fromkeys(watched.did))})"
            if watched.did:
                self._fate.at(f"before {name}")
        if watched.did:
            if watched.did != ["holds"]:
                self._fate.untold = None  # told: whatever was sent before is known now
            self._fate.at(f"after {name}")

    @contextmanager
    def read(self, *, patience: Patience = Patience.WORKER) -> Iterator[Any]:
        """Changes nothing; but the claim's last look is a boundary too."""
        with self._inner.read(patience=patience) as tx:
            watched = Watched(tx)
            yield watched
        if watched.did:
            self._fate.at("after the re-read")


class MortalNudge:
    """Implements `ports.Nudge`."""

    def __init__(self, inner: Nudge, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def wake(self, jobs: Sequence[Job]) -> None:
        if jobs:
            self._fate.outside("a nudge")
            with self._fate.around("nudge"):
                self._inner.wake(jobs)


class MortalTransport(httpx.BaseTransport):
    """The wire to the carrier. What it did with a request is known; whether we hear of it is not."""

    def __init__(self, inner: httpx.BaseTransport, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = f"request {request.method} {request.url.path.split('/')[4] if request.url.path.count('/') > 4 else 'Account'}"
        self._fate.outside(name)
        self._fate.at(f"before {name}")
        self._fate.untold = self._fate.sending
        answer = self._inner.handle_request(request)
        self._fate.at(f"{name} was sent, before its answer")
        return answer


class MortalCarrier:
    """Implements `ports.Carrier`. Looks at each page that goes out whether the incident still wants it, as committed then."""

    def __init__(self, inner: Carrier, store: SqlStore, fate: Fate) -> None:
        self._inner = inner
        self._store = store
        self._fate = fate
        self.name, self.channels = inner.name, inner.channels

    def send(self, notice: Notice) -> str:
        self._look(notice)
        self._fate.tried.add((notice.incident_id, notice.address))
        if notice.channel in SOCKETS:
            self._fate.at(f"before sending by {notice.channel}")
        self._fate.sending = (notice.incident_id, notice.attempt)
        try:
            reference = self._inner.send(notice)
        except CarrierError as error:
            if error.verdict is Verdict.UNKNOWN:
                self._fate.doubt()
            self._fate.untold = None
            raise
        finally:
            self._fate.sending = None
        self._fate.untold = (notice.incident_id, notice.attempt)
        self._fate.at(f"{notice.channel} was answered")
        return reference

    def _look(self, notice: Notice) -> None:
        with self._store.read() as tx:
            (incident,) = tx.peek([notice.incident_id])
        if incident.status not in WANTED:
            self._fate.unwanted.append(f"{incident.short_id} attempt {notice.attempt}: sent while {incident.status}")

    def alive(self) -> bool:
        return self._inner.alive()


class MortalTelephone(MortalCarrier):
    """Implements `ports.Telephone` too."""

    _inner: Telephone

    def hang_up(self, reference: str) -> None:
        with self._fate.around("hanging up"):
            self._inner.hang_up(reference)

    def leave_message(self, notice: Notice, reference: str) -> None:
        with self._fate.around("leaving a message"):
            self._inner.leave_message(notice, reference)


class MortalEditor(MortalCarrier):
    """Implements `ports.Editable` too."""

    _inner: Editable

    def edit(self, notice: Notice, reference: str) -> None:
        with self._fate.around("editing"):
            self._inner.edit(notice, reference)


def mortal(carrier: Carrier, store: SqlStore, fate: Fate) -> MortalCarrier:
    kind = MortalTelephone if isinstance(carrier, Telephone) else MortalEditor if isinstance(carrier, Editable) else MortalCarrier
    return kind(carrier, store, fate)


def all_mortal(carriers: dict[Channel, Carrier], store: SqlStore, fate: Fate) -> dict[Channel, Carrier]:
    return {channel: mortal(carrier, store, fate) for channel, carrier in carriers.items()}
