"""Who is told that the spending cap is near, how, and in which words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from escalation.domain.cap_notices import announcements
from escalation.domain.cost import Cap, Spent
from escalation.domain.policy import Policy, Site, Step
from escalation.domain.roster import Channel, ContactMethod
from tests.builders import NIGHT, policy, site, target

CAP = Cap(Decimal(20))
SMS_ONLY = replace(policy(), last_resort=Step((target("ann"),)))


def told(what: Site, cap: Cap = CAP, percent: int = 80) -> list[tuple[str, Channel]]:
    return [(one.to, one.channel) for one in announcements(what, cap, Decimal("16.01"), percent, NIGHT)]


def reading(*handles: str, policy: Policy | None = None, last_resort: Step | None = None) -> Site:
    """A site in which these people have a mailbox, and Ann is in Slack too."""
    found = site(policy=policy, last_resort=last_resort or Step(()))
    people = {
        h: replace(p, contacts=(*p.contacts, ContactMethod(Channel.EMAIL, f"{h}@example.org"))) if h in handles else p
        for h, p in found.roster.people.items()
    }
    ann = replace(people["ann"], contacts=(*people["ann"].contacts, ContactMethod(Channel.SLACK, "UANN")))
    return replace(found, roster=replace(found.roster, people=people | {"ann": ann}))


@pytest.mark.parametrize(
    ("cap", "last_resort", "whom"),
    [
        (CAP, Step(()), [("email:ops@example.org", Channel.EMAIL)]),
        (CAP, Step((target("slack:#ops"), target("email:ops@example.org"))), [("slack:#ops", Channel.SLACK), ("email:ops@example.org", Channel.EMAIL)]),
        (Cap(Decimal(20), (target("team:payments"),)), Step(()), [("ann", Channel.SLACK), ("bob", Channel.EMAIL)]),
    ],
)  # fmt: skip
def test_the_last_resorts_are_told_unless_others_are_named(cap: Cap, last_resort: Step, whom: list[tuple[str, Channel]]) -> None:
    """Each once; Lee, who has a phone only, is not: a text would cost more of it."""
    assert told(reading("bob", last_resort=last_resort), cap) == whom


def test_nobody_is_told_by_what_costs_money() -> None:
    """The last resort is a phone."""
    assert told(site(policy=SMS_ONLY)) == []


def test_it_says_what_was_spent_of_what() -> None:
    """Of which day."""
    near, reached = (announcements(site(), CAP, Decimal("20.5"), percent, NIGHT)[0] for percent in (80, 100))
    assert (near.subject, reached.subject) == ("Today's spending cap is used up to 80 %", "Today's spending cap is reached")
    assert (
        "spending cap of 20.00 is reached. Calls and texts are taken to have cost 20.50 since midnight UTC (2026-11-23)."
        in reached.text
    )


def test_each_percentage_day_and_cap_is_told_for_itself() -> None:
    """The same twice is one: an identity of its own for each."""
    said = [(CAP, 80, 0), (CAP, 100, 0), (CAP, 80, 1), (Cap(Decimal(30)), 80, 0), (CAP, 80, 0)]
    found = [
        announcements(site(), cap, Decimal(16), percent, NIGHT.replace(day=23 + day))[0].identity for cap, percent, day in said
    ]
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("spent", "told", "of", "untold"),
    [("15", 0, 0, 0), ("16", 0, 0, 80), ("16", 80, 20, 0), ("20", 80, 20, 100), ("20", 100, 20, 0), ("25", 0, 0, 100),
     ("16", 100, 20, 0), ("25", 100, 30, 100)],
)  # fmt: skip
def test_a_percentage_is_told_once_a_day_of_each_cap(spent: str, told: int, of: int, untold: int) -> None:
    """Also when a call turns out to have cost nothing; a cap that was changed is another one."""
    assert Spent(Decimal(spent), told, Decimal(of)).untold(CAP) == untold
