"""What is paid to a carrier, by the prices that the configuration says, and how much of it a day may cost. Not the bill: that one the carrier
writes, and an attempt keeps. Not what is held back for it (`capped`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from escalation.domain.roster import Channel, Target

FREE = Decimal(0)
CENT = Decimal("0.01")
MINUTE = timedelta(minutes=1)
PAID = (Channel.VOICE, Channel.SMS)
FREE_WAYS = (Channel.SLACK, Channel.EMAIL)  # of a person
NEAR, REACHED = 80, 100  # percent of the cap, at each of which somebody is told once a day


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

    def estimate(self, channel: Channel, texts: int = 1) -> Decimal:
        """Before it is sent, when nobody knows how long a call will last: as if somebody listened for a minute."""
        match channel:
            case Channel.VOICE:
                return self.cost(1, 0)
            case Channel.SMS:
                return self.cost(0, texts)
            case _:
                return FREE


@dataclass(frozen=True, slots=True)
class Cap:
    """`per_day`: what calls and texts may cost from midnight to midnight UTC, in the currency of the prices. `notify`: who is told when it
    is near or reached; with nobody named the last resorts are."""

    per_day: Decimal
    notify: tuple[Target, ...] = ()

    def passed(self, spent: Decimal) -> int:
        """The highest percentage to be told of that was passed; 0 for none."""
        return next((percent for percent in (REACHED, NEAR) if spent * 100 >= self.per_day * percent), 0)


@dataclass(frozen=True, slots=True)
class Spent:
    """One day's estimate, and the highest percentage of which somebody was told that day, `of` which cap."""

    amount: Decimal = FREE
    told: int = 0
    of: Decimal = FREE

    def untold(self, cap: Cap) -> int:
        """The percentage to be told now; 0 for none. Another cap is told of anew."""
        passed = cap.passed(self.amount)
        return passed if passed > (self.told if self.of == cap.per_day else 0) else 0


def minutes_begun(connected: timedelta) -> int:
    """A call that nobody picked up has none."""
    return -(-connected // MINUTE)


def money(amount: Decimal) -> str:
    """`20.00`, `0.013`: with as many places as it has, two at least."""
    cents = amount.quantize(CENT)
    return f"{cents if cents == amount else amount.normalize():f}"
