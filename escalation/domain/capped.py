"""What may be held back once the day's spending cap is reached, and by what its people are told instead. Never what is of high urgency, a last
resort or a test call; and nothing where nobody else would be told: an incident is not lost for money. Not the sums (`cost`), not what becomes of
the attempt (`claims`)."""

from __future__ import annotations

from datetime import datetime

from escalation.domain.cost import FREE_WAYS, PAID
from escalation.domain.incident import LAST_RESORT, Attempt, Incident, Outcome, Page
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel, Roster
from escalation.domain.urgency import Urgency


def may_be_held_back(incident: Incident, attempt: Attempt, roster: Roster, at: datetime) -> bool:
    page = incident.page_of(attempt)
    if attempt.channel not in PAID or page.step == LAST_RESORT or incident.policy.test_number:
        return False
    return incident.urgency(at) is Urgency.LOW and _is_told_otherwise(incident, page, roster, at)


def _is_told_otherwise(incident: Incident, page: Page, roster: Roster, at: datetime) -> bool:
    """The person by a way that costs nothing and has not proved to be none, or in the end the last resort."""
    lost = {a.channel for a in incident.attempts if a.page == page.number and a.outcome is Outcome.UNREACHABLE}
    if any(channel not in lost for channel in free_ways(page, roster)):
        return True
    last = incident.policy.last_resort, incident.policy.site_last_resort
    return any(roster.resolve(target, at) for step in last for target in step.targets)


def free_ways(page: Page, roster: Roster) -> tuple[Channel, ...]:
    person = roster.responder(page.responder)
    return tuple(channel for channel in FREE_WAYS if person and person.contact(channel))


def with_free_ways(page: Page, roster: Roster) -> tuple[Rung, ...]:
    """Its ladder with each of them next, where it was not come to yet."""
    gone, rest = page.ladder[: page.rung + 1], page.ladder[page.rung + 1 :]
    new = tuple(Rung(channel) for channel in free_ways(page, roster) if channel not in {rung.channel for rung in gone})
    return (*gone, *new, *(rung for rung in rest if Rung(rung.channel) not in new))


def only_costs(page: Page) -> bool:
    """Whether nothing that comes next is free."""
    return all(rung.channel in PAID for rung in page.ladder[page.rung + 1 :])


def was_all_held_back(incident: Incident) -> bool:
    """Everybody in this round, and nobody could be told otherwise: the same again would come to the same."""
    began = incident.turn - len(incident.policy.steps)
    pages = [page for page in incident.pages if page.step != LAST_RESORT and page.turn > began]
    return bool(pages) and all(page.closed == Outcome.CAPPED for page in pages)
