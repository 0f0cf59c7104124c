"""Calls that spoke for several incidents and are over: who has to hear of it, and what each is told. The telling is the engine's, a transaction
for each. Not what the end of a call means for an attempt (the domain's `joined`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from escalation.domain import events as ev
from escalation.domain.incident import Incident, Status, Via
from escalation.domain.joined import Ended, news
from escalation.domain.roster import Roster
from escalation.ports import Store

Saying = Callable[[Incident, Roster], ev.Event | None]


Tell = Callable[[int, ev.Event | Saying], object]
Each = Callable[[str, Sequence[Ended], Callable[[Ended], object]], int]  # one that fails stops no other


def tell_all(store: Store, limit: int, tell: Tell, each: Each) -> None:
    """Dying in between, the rest hear it next time: who has heard it is not asked for again."""
    with store.read() as tx:
        ended = tx.ended_members(limit)
    each("the end of a call", ended, lambda one: [tell(one.incident_id, said) for said in sayings(one)])
    if ended:
        with store.transaction() as tx:
            tx.told()


def sayings(ended: Ended) -> Iterator[ev.Event | Saying]:
    """A key that was pressed for all of them counts for this one too, whether or not the caller waited until it was done."""
    if ended.key == "1":
        yield lambda incident, _: _acknowledges(incident, ended.attempt)
    yield news(ended)


def _acknowledges(incident: Incident, number: int) -> ev.Event | None:
    attempt = incident.attempt(number)
    is_wanted = incident.status in (Status.TRIGGERED, Status.EXHAUSTED)
    return ev.Acknowledged(incident.page_of(attempt).responder, Via.PHONE, number) if attempt and is_wanted else None
