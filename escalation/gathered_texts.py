"""When a text waits for others to the same phone, and what it gathers then: forty incidents of one person are not forty texts. The first one
after a quiet time never waits. Not the rows (the store's `sql_texts`), not the words (the domain's `storm_words`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from escalation.domain.incident import Attempt, Incident, TimerKind
from escalation.domain.joined import Headline, Part
from escalation.domain.roster import Channel
from escalation.ports import Transaction
from escalation.shared_texts import LastText

GATHERS = timedelta(minutes=1)
TIME_TO_READ = timedelta(seconds=30)
MOST = 100  # in one text: its code is to acknowledge them while the carrier waits for our answer
IS_TOLD_SOON = timedelta(seconds=10)  # those whom a call spoke for, that it is over; later than that and nobody tells them
LOOK_AGAIN = timedelta(seconds=1)
_SKEW = timedelta(seconds=2)  # of hosts; more is a clock that was put back


def may_be_gathered(incident: Incident, attempt: Attempt) -> bool:
    return attempt.channel is Channel.SMS and not incident.policy.test_number


def waits_until(tx: Transaction, incident: Incident, attempt: Attempt) -> datetime | None:
    """None: it goes now, and others wait for it. A call that nobody took is told to all whom it spoke for, one after the other: the text
    behind it waits that second, and tells of all."""
    if tx.call_is_being_told(attempt.address, tx.now - IS_TOLD_SOON):
        return tx.now + LOOK_AGAIN
    last = tx.last_text(attempt.address)
    if last is not None and _is_waited_for(tx, incident, last):
        return last.until
    if last is not None:
        tx.overrule_texts(attempt.address)
    held = tx.hold_texts(attempt.address, incident.id, attempt.number, attempt.try_, tx.now + GATHERS)
    return None if held else tx.now + LOOK_AGAIN


def _is_waited_for(tx: Transaction, incident: Incident, last: LastText) -> bool:
    """Not when all that it told of is over or somebody's, when this one is more severe than any of it, or its step would be over."""
    if last.host[0] == incident.id or not tx.now < last.until <= tx.now + GATHERS + _SKEW:
        return False
    step = incident.timer(TimerKind.STEP)
    if step is not None and step.due_at < last.until + TIME_TO_READ:
        return False
    told = tx.titles(tx.named(*last.host) or [last.host])
    return bool(told) and incident.severity.rank >= min(headline.severity.rank for headline in told)


def gather(tx: Transaction, incident: Incident, attempt: Attempt, try_: int) -> None:
    """All that waits for that phone goes with it; what had gone with a try before that got lost, again."""
    host = (incident.id, attempt.number)
    named = dict([host, *tx.named(*host), *tx.waiting_texts(attempt.address, incident.id, MOST)])
    if len(named) > 1:
        tx.write_of(attempt.address, *host, try_, list(named.items())[:MOST])


def told_of(tx: Transaction, host: Part, try_: int) -> list[Headline]:
    """What that text has to tell of, the worst first; nothing where it tells of one."""
    menu = tx.menu(*host, try_, 0)
    told = tx.titles(menu.said) if menu else []
    return told if len(told) > 1 else []
