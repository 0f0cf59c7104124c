"""The pretend carrier's whole state and its one timeline. Everything that will happen is an action on the agenda; in
tests `advance_to` runs it in order on the caller's thread, in a running server `runner.py` does. It has no HTTP routes
(`app.py`) and never calls the product while a request to it is being answered."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from escalation.sandbox.account import Account, digits_of
from escalation.sandbox.agenda import Action, Agenda, Entry, Pacer
from escalation.sandbox.callbacks import Callbacks
from escalation.sandbox.calls import Call
from escalation.sandbox.clock import MovableClock, RealClock, VirtualClock
from escalation.sandbox.courier import Courier
from escalation.sandbox.faults import Faults
from escalation.sandbox.habits import Habit
from escalation.sandbox.journal import Journal
from escalation.sandbox.mail import Mailbox
from escalation.sandbox.phones import Phone
from escalation.sandbox.slack import Slack
from escalation.sandbox.switchboard import Switchboard
from escalation.sandbox.texting import Texting


@dataclass(frozen=True)
class Unexpected:
    """Somebody dialled or texted a number that nobody declared."""

    number: str
    kind: str
    at: float


class World:
    """See the package's docstring for what tests use of it."""

    def __init__(  # noqa: PLR0913 - each is one thing that a test may want otherwise
        self,
        account: Account | None = None,
        clock: MovableClock | None = None,
        deliver: httpx.Client | None = None,
        *,
        message_url: str = "",
        message_method: str = "POST",
        callback_host: str | None = None,
        split_uuids: bool = False,
        message_signatures: str = "V2",
        detects_humans: bool = False,
        calls_per_second: float = 2.0,
        texts_per_second: float = 5.0,
        requests_per_5s: int = 300,
        latency: float = 0.0,
        base_url: str = "http://sandbox.test",
        seed: int | None = 0,
    ) -> None:
        self.account = account or Account()
        self.clock: MovableClock = clock or VirtualClock()
        self.courier = Courier(deliver, frozenset({callback_host.lower()}) if callback_host else None)
        self.message_url, self.message_method = message_url, message_method
        self.split_uuids = split_uuids
        self.message_signatures = message_signatures
        self.detects_humans = detects_humans
        self.requests_per_5s = requests_per_5s
        self.latency = latency
        self.base_url = base_url
        self.lock = threading.RLock()
        self.wake: Callable[[], None] = lambda: None
        self.skip: Callable[[float], None] = self.advance
        self.log = Journal()
        self.faults = Faults(self.now)
        self.phones: dict[str, Phone] = {}
        self.unexpected: list[Unexpected] = []
        self._agenda = Agenda()
        self._random = random.Random(seed)
        self._advancing = False
        self.callbacks = Callbacks(self)
        self.switchboard = Switchboard(self, Pacer(calls_per_second))
        self.texting = Texting(self, Pacer(texts_per_second))
        self.slack = Slack(self)
        self.mailbox = Mailbox(self)

    # -- time

    def now(self) -> float:
        return self.clock.now()

    def utc(self, at: float | None = None) -> datetime:
        return datetime.fromtimestamp(self.now() if at is None else at, UTC)

    @property
    def is_real(self) -> bool:
        return isinstance(self.clock, RealClock)

    def after(self, seconds: float, action: Action) -> Entry:
        return self.at(self.now() + seconds, action)

    def at(self, when: float, action: Action) -> Entry:
        entry = self._agenda.put(when, action)
        self.wake()
        return entry

    def next_due(self) -> float | None:
        return self._agenda.next_due()

    def advance_to(self, when: float) -> None:
        """Run everything due up to `when` in order of time, callbacks included, and leave the clock there."""
        if self._advancing:
            raise RuntimeError("the sandbox's time is being advanced already")
        self._advancing = True
        try:
            while self.run_next(when):
                pass
        finally:
            self._advancing = False
        self.clock.move_to(when)

    def advance(self, seconds: float = 0.0) -> None:
        """`advance()` runs what is due now: a key press, a callback that was just enqueued."""
        self.advance_to(self.now() + seconds)

    def run_next(self, until: float) -> bool:
        entry = self._agenda.take(until)
        if entry is None:
            return False
        self.clock.move_to(entry.at)
        entry.action()
        return True

    # -- what tests and the control API look at

    @property
    def calls(self) -> list[Call]:
        return self.switchboard.calls

    @property
    def client(self) -> httpx.Client | None:
        return self.courier.client

    @client.setter
    def client(self, client: httpx.Client) -> None:
        self.courier.client = client

    def phone(self, number: str, name: str = "", habits: list[Habit] | None = None) -> Phone:
        """Declare a phone, or find it again; a number that was never declared is not in service."""
        digits = digits_of(number)
        phone = self.phones.setdefault(digits, Phone(self, "+" + digits))
        phone.name = name or phone.name
        if habits is not None:
            phone.habits = list(habits)
        return phone

    def phone_or_note(self, digits: str, kind: str) -> Phone | None:
        phone = self.phones.get(digits)
        if phone is None:
            self.unexpected.append(Unexpected("+" + digits, kind, self.now()))
            self.note("unexpected", number="+" + digits, what=kind)
        return phone

    def note(self, kind: str, **data: object) -> None:
        with self.lock:
            self.log.add(self.now(), kind, data)

    # -- made-up things ----------------------------------------------------------------------------------------------

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_nonce(self) -> str:
        return str(self._random.randrange(10**19, 10**20))
