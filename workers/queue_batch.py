"""What the open queue's two kinds of broker have in common: messages, taken in batches, and the promise about them. Not a broker
(`queue_redis`, `queue_rabbit`), and not what messages mean (`queue_intake`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

EVENTS = "incident-events"
REJECTED = "incident-events.rejected"

# Messages of one transaction: on SQLite it keeps every other writer waiting, a key press too.
BATCH = 50


@dataclass(frozen=True, slots=True)
class Message:
    """`delivery` names this message, so that it is not taken twice: for how long that holds is the broker's matter. `name` is the
    dedup_key of a trigger that brought none."""

    body: bytes
    delivery: str
    name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order in which they came. `name` is the source's word for them."""

    name: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The batch's message with this number cannot be used. The reason holds nothing of its body."""

    number: int
    reason: str
    at: datetime


class Source(Protocol):
    """A connection to a broker. Whatever a method raises means: close it, open another, and take again; nothing is lost by that."""

    def take(self, seconds: float) -> Batch | None:
        """What waits, at most `BATCH` messages; None after so many seconds without any. What was taken stays with the broker
        until `done`, and comes again when we die before that."""

    def done(self, batch: Batch, rejected: Sequence[Rejected]) -> None:
        """After the commit. The rejected ones are safe in their own queue before the broker forgets the batch."""

    def keep(self) -> None:
        """Every second or so while a batch waits for the database: the broker must not think that we died."""

    def close(self) -> None:
        """Gives back what is not done."""
