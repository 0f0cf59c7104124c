"""What is paid to a carrier, by the prices that the configuration says. Not the bill: that one the carrier writes, and an attempt keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

FREE = Decimal(0)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Prices:
    """In one currency: `call` of each minute begun once somebody or something picked up, `text` of each message that a text is billed
    as."""

    call: Decimal = FREE
    text: Decimal = FREE

    @property
    def known(self) -> bool:
        return self != Prices()

    def cost(self, minutes: int, texts: int) -> Decimal:
        return minutes * self.call + texts * self.text


def minutes_begun(connected: timedelta) -> int:
    """A call that nobody picked up has none."""
    return -(-connected // MINUTE)
