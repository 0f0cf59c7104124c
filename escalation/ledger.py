"""What a transaction must know of what a day has cost: a part of `ports.Transaction`. Not an implementation (the store's `sql_spending`), not
what a call or text is taken to cost (the domain's `cost`)."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from escalation.domain.cost import Spent


class Ledger(Protocol):
    """One row for each day, from midnight to midnight UTC."""

    def spend(self, amount: Decimal) -> Spent:
        """Adds it to today's, and returns how today stands then. Whoever else adds to it waits until this transaction ends: last of all."""

    def take_back_spending(self, amount: Decimal) -> None:
        """It was not spent after all; what was counted on a day that is over stays there."""

    def spent_today(self) -> Spent:
        """As it stands, not locked."""

    def spending_told(self, percent: int, of: Decimal) -> None:
        """Somebody is told today that so much of this cap is used up."""
