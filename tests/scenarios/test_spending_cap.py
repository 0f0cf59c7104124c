"""Money has an end, paging has none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from escalation.domain.alert import Severity
from escalation.domain.cost import Cap, Prices
from escalation.domain.events import Resolved
from escalation.domain.incident import Via
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel, ContactMethod, Target, TargetKind
from tests.builders import policy, site, step
from tests.scenarios.night import Night

CALL = (Rung(Channel.VOICE),)
OPS = Target(TargetKind.EMAIL, "ops@example.org")


def capped(night: Night, per_day: int) -> None:
    """Each minute of a call costs one, Ann is in Slack, and the mailbox of the operators is told."""
    found = site(policy=policy(step("ann", ladder=CALL), step("bob", ladder=CALL)))
    ann = found.roster.people["ann"]
    ann = replace(ann, contacts=(*ann.contacts, ContactMethod(Channel.SLACK, ann.chat)))
    roster = replace(found.roster, people=found.roster.people | {"ann": ann})
    money = {"prices": Prices(call=Decimal(1), text=Decimal(1)), "spending_cap": Cap(Decimal(per_day), (OPS,))}
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=roster, **money), "")  # type: ignore[arg-type]


def call(night: Night, number: int, severity: Severity) -> None:
    night.trouble(f"trouble {number}", key=f"db-{number}", severity=severity)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.passes(seconds=30)


def test_low_urgency_goes_to_slack_when_the_cap_is_reached_and_high_urgency_still_rings(night: Night) -> None:
    """Four calls of five are 80 %, the fifth reaches the cap: alarmed once each. The next warning stands in Slack in the same second, the
    next error rings, and tomorrow a warning rings again."""
    capped(night, 5)
    for number in range(1, 6):
        call(night, number, Severity.WARNING)
        if number == 4:
            night.mail.reads("Today's spending cap is used up to 80 %", "have cost 4.00")
    night.mail.reads("Today's spending cap is reached", "have cost 5.00")
    began = night.clock.now()
    night.trouble("disk is filling", key="db-6", severity=Severity.WARNING)
    night.slack.reads("disk is filling")
    assert night.clock.now() == began
    night.story_says("Ann by voice on", "held back, today's spending cap of 5.00 is reached.", number=6)
    call(night, 7, Severity.ERROR)
    night.nothing_else()
    assert "escalation_spent_today 6.0" in night.app.test_client().get("/metrics").text
    night.system.engine.tell(6, Resolved("ann", Via.CONSOLE))
    night.settle()
    night.clock.move(days=1)
    night.world.advance_to(night.clock.now().timestamp())
    call(night, 8, Severity.WARNING)
