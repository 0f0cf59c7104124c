"""Telling somebody that the spending cap is near or reached: whom, by ways that cost nothing, and in which words. Once a day for each
percentage, which the ledger knows. Not what is held back then (`capped`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from escalation.domain.announcement import Announcement, identity, way
from escalation.domain.cost import FREE_WAYS, REACHED, Cap, money
from escalation.domain.policy import Site
from escalation.domain.roster import Target

HELD = "Once it is reached, low urgency goes by Slack and e-mail until midnight UTC; high urgency rings on."
WORTH_IT = timedelta(hours=6)


def announcements(site: Site, cap: Cap, spent: Decimal, percent: int, now: datetime) -> list[Announcement]:
    """One to each, about that percentage."""
    subject, text = words(cap, spent, percent, now)
    people = {who.handle: who for target in targets(site, cap) for who in site.roster.resolve(target, now)}
    told = [(handle, way(who, FREE_WAYS)) for handle, who in people.items()]
    day = f"{now:%Y-%m-%d} {cap.per_day}"
    return [
        Announcement(identity("spending", str(percent), day, handle), handle, channel, subject, text, now + WORTH_IT)
        for handle, channel in told
        if channel
    ]


def targets(site: Site, cap: Cap) -> list[Target]:
    """Whom the cap names, else every last resort there is."""
    steps = [site.last_resort, *(policy.last_resort for policy in site.policies.values())]
    return list(cap.notify) or [target for step in steps for target in step.targets]


def words(cap: Cap, spent: Decimal, percent: int, now: datetime) -> tuple[str, str]:
    """Subject and text."""
    said = "is reached" if percent >= REACHED else f"is used up to {percent} %"
    return f"Today's spending cap {said}", f"Today's spending cap of {money(cap.per_day)} {said}. {sum_of(spent, now)} {HELD}"


def sum_of(spent: Decimal, now: datetime) -> str:
    return f"Calls and texts are taken to have cost {money(spent)} since midnight UTC ({now:%Y-%m-%d})."
