"""What is sent is counted by the prices of the configuration, where it has a cap: in the transaction that claims it, so that two claims at
once are both counted and one that is taken back is not. An estimate: what the carrier bills is known later, if ever. Not the rows (the
store's `sql_spending`)."""

from __future__ import annotations

from decimal import Decimal

from escalation.domain.cost import FREE
from escalation.domain.roster import Channel
from escalation.domain.wording import messages
from escalation.ports import Notice, Transaction


def count(tx: Transaction, notice: Notice) -> Decimal:
    """Last in its transaction, as the day's row is everybody's; returns what was counted."""
    site = tx.site()
    if site.spending_cap is None:
        return FREE
    price = site.prices.estimate(notice.channel, messages(notice.brief) if notice.channel is Channel.SMS else 1)
    if price:
        tx.spend(price)
    return price
