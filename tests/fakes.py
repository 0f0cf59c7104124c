"""Fakes of the ports, as features: a clock that is moved by hand, a nudge that remembers, a carrier that answers as told, a store in
which others are faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.errors import CarrierError
from escalation.ports import Job, Notice, OpenIncident, Patience, Store, Transaction
from tests.builders import NIGHT


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = NIGHT) -> None:
        self.at = start

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class FakeNudge:
    """Remembers who was woken; a broken one loses everything."""

    jobs: list[Job] = field(default_factory=list)

    def wake(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs


@dataclass
class FakeCarrier:
    """Brings everything; `answers` are used one a request, then it accepts. `on_send` runs in the middle of a request."""

    name: str = "fake"
    channels: frozenset[Channel] = frozenset(Channel)
    answers: list[CarrierError | Exception] = field(default_factory=list)
    sent: list[Notice] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    edited: list[tuple[str, str]] = field(default_factory=list)
    works: bool = True
    on_send: Callable[[Notice], None] = lambda notice: None
    on_hang_up: Callable[[], object] = lambda: None
    on_edit: Callable[[Brief], object] = lambda brief: None

    def send(self, notice: Notice) -> str:
        self.sent.append(notice)
        self.on_send(notice)
        if self.answers:
            raise self.answers.pop(0)
        return f"ref-{notice.attempt}-{notice.try_}"

    def alive(self) -> bool:
        return self.works

    def hang_up(self, reference: str) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.hung_up.append(reference)
        self.on_hang_up()

    def leave_message(self, notice: Notice, reference: str) -> None:
        self.messages.append(reference)

    def edit(self, notice: Notice, reference: str) -> None:
        if self.answers:
            raise self.answers.pop(0)
        self.on_edit(notice.brief)
        self.edited.append((reference, notice.brief.status))


@dataclass
class RacedStore:
    """A real store in which others are faster: between a look that locks nothing and whatever follows from it the next of the
    `rivals` acts, in a transaction of its own."""

    store: Store
    rivals: list[Callable[[], object]]

    @contextmanager
    def transaction(self, *, patience: Patience = Patience.WORKER) -> Iterator[Transaction]:
        with self.store.transaction(patience=patience) as tx:
            yield RacedTransaction(tx, self.rivals)


class RacedTransaction:
    """The real transaction but for the moment after a look."""

    def __init__(self, tx: Transaction, rivals: list[Callable[[], object]]) -> None:
        self._tx = tx
        self._rivals = rivals

    def look(self, service: str, dedup_key: str) -> OpenIncident | None:
        found = self._tx.look(service, dedup_key)
        if self._rivals:
            self._rivals.pop(0)()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)
