"""What a transaction must know of codes that were sent to numbers: a part of `ports.Transaction`; and the carrier that speaks one. Not an
implementation (the store's `sql_verified`), not the rules (`domain.verification`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol, runtime_checkable

from escalation.domain.verification import Code, Way


class NumberCodes(Protocol):
    """A number is known by its mark alone."""

    def codes_sent(self, mark: str, since: datetime) -> list[datetime]:
        """When codes went to that number since then, for whomever. Whoever else asks waits until this transaction ends."""

    def keep_code(self, person: str, mark: str, way: Way, nonce: str, by: str) -> Code:
        """A code is about to be sent there."""

    def withdraw_code(self, id: int) -> None:
        """It certainly did not go out."""

    def code(self, id: int) -> Code | None:
        """One of them; None when there is none, or another one has gone to that number since."""

    def newest_codes(self, person: str, marks: Collection[str], since: datetime) -> list[Code]:
        """Of each number the last one that was sent for that person since then; nobody else changes them until this transaction ends."""

    def miss_codes(self, ids: Collection[int]) -> None:
        """Somebody guessed, and it was none of these."""

    def use_code(self, id: int, by: str) -> None:
        """It came back: that number is that person's."""

    def verified_numbers(self) -> set[tuple[str, str]]:
        """(person, mark) of all that were shown to be theirs, also of numbers that are nobody's any more."""

    def is_calling(self, address: str) -> bool:
        """Whether a call of ours may be on that phone."""

    def forget_codes(self, before: datetime, limit: int) -> int:
        """The same as `forget_incidents` for codes that went out by then and never came back."""


@runtime_checkable
class Speaker(Protocol):
    """A carrier that can call somebody and have a code spoken."""

    def speak_code(self, address: str, code_id: int) -> None:
        """Places the call; the receiver is asked for what it says. One request with one total deadline of 10 s. Raises `CarrierError`."""
