"""Steps that are for some incidents only."""

from __future__ import annotations

from dataclasses import replace

from escalation.domain.alert import Severity
from escalation.domain.conditions import Condition
from escalation.domain.incident import Status
from tests.builders import policy, step
from tests.scenarios.night import Night

WORST = Condition((Severity.CRITICAL,))


def test_a_warning_rings_nobody_who_is_only_for_the_worst(night: Night) -> None:
    """Ann sleeps on, Bob is called in the same second, and no mail tells of a hole that is none."""
    night.apply(policy(replace(step("ann"), condition=WORST), step("bob")))
    night.trouble("disk is filling", severity=Severity.WARNING)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Step 1 of 2 is passed over: it is for critical, and this is warning.")


def test_nobody_hears_of_it_is_never_the_end(night: Night) -> None:
    """Complaint 10: where no step applies the last resort hears of it at once."""
    night.apply(policy(replace(step("ann"), condition=WORST)))
    night.trouble("disk is filling", severity=Severity.WARNING)
    assert night.status() is Status.EXHAUSTED
    night.mail.reads("INC-1", "exhausted")
