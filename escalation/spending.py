"""What is sent is counted by the prices of the configuration, where it has a cap: in the transaction that claims it, so that two claims at
once are both counted and one that is taken back is not. An estimate: how long a call lasted corrects it, the bill itself is never asked for. Not
the rows (the store's `sql_spending`)."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal

from escalation.domain import events as ev
from escalation.domain.cap_notices import announcements, words
from escalation.domain.capped import may_be_held_back
from escalation.domain.cost import FREE, REACHED, Cap, Spent, minutes_begun
from escalation.domain.incident import Attempt, Incident
from escalation.domain.policy import Site
from escalation.domain.roster import Channel
from escalation.domain.wording import messages
from escalation.ports import Notice, Transaction

log = logging.getLogger(__name__)


def count(tx: Transaction, notice: Notice) -> Decimal:
    """Last in its transaction, as the day's row is everybody's; returns what was counted."""
    site = tx.site()
    if site.spending_cap is None:
        return FREE
    price = site.prices.estimate(notice.channel, messages(notice.brief) if notice.channel is Channel.SMS else 1)
    if price:
        _spend(tx, site, site.spending_cap, price)
    return price


def correct(tx: Transaction, incident: Incident, event: ev.Event) -> None:
    """A call was counted as one minute, and lasted longer, or nobody picked up. Those that had joined it cost nothing of their own."""
    if not isinstance(event, ev.AttemptEnded):
        return
    site = tx.site()
    more = site.prices.cost(minutes_begun(timedelta(seconds=event.seconds)) - 1, 0) if site.spending_cap else FREE
    if not more or tx.is_member(incident.id, event.attempt):
        return
    if more > 0 and site.spending_cap:
        _spend(tx, site, site.spending_cap, more)
    else:
        tx.take_back_spending(-more)


def reached(tx: Transaction, incident: Incident, attempt: Attempt) -> Decimal | None:
    """The cap, where it is used up and may hold this one back."""
    site = tx.site()
    cap = site.spending_cap
    if cap is None or not may_be_held_back(incident, attempt, site.roster, tx.now):
        return None
    return cap.per_day if cap.passed(tx.spent_today().amount) >= REACHED else None


def held_back(tx: Transaction) -> None:
    """Last in its transaction, as `count` is. The cap may have been lowered to less than was spent: whoever meets it so tells."""
    site = tx.site()
    if site.spending_cap:
        _alarm(tx, site, site.spending_cap, tx.spent_today())


def _spend(tx: Transaction, site: Site, cap: Cap, price: Decimal) -> None:
    """Whoever passes 80 or 100 % has it told, in the same transaction: it is told once, and not for what was taken back."""
    _alarm(tx, site, cap, tx.spend(price))


def _alarm(tx: Transaction, site: Site, cap: Cap, spent: Spent) -> None:
    if percent := spent.untold(cap):
        tx.spending_told(percent, cap.per_day)  # first: whoever else found it waits here, and announces the same
        for what in announcements(site, cap, spent.amount, percent, tx.now):
            tx.announce(what)
        log.warning("%s", words(cap, spent.amount, percent, tx.now)[1])
