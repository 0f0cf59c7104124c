"""Empty chairs."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.builders import policy, step
from tests.scenarios.night import Night


def test_an_empty_step_is_skipped_at_once_loudly(night: Night) -> None:
    """Bob rings in the same second, and the last resort hears of the hole."""
    night.apply(policy(step("nobody"), step("bob")))
    night.trouble("db-1 is down")
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.mail.reads("INC-1")
    night.story_says("Step 1 skipped")


def test_an_empty_team_is_nobody(night: Night) -> None:
    """A policy that leads nowhere is exhausted at once."""
    night.apply(policy(step("team:holiday")))
    night.trouble("db-1 is down")
    assert night.status() is Status.EXHAUSTED
    night.mail.reads("INC-1", "exhausted")


def test_a_number_that_does_not_exist_ends_the_step_at_once(night: Night) -> None:
    """Only permanent failures do: nobody waits five minutes for them."""
    night.apply(policy(step("ann"), step("bob")))
    night.world.faults.unreachable(3050, to="+15550100001", times=None)
    night.world.faults.undelivered("50", to="+15550100001", times=None)
    night.trouble("db-1 is down")
    night.until(lambda: night.incident().step == 1, seconds=10)
    night.bob.phone.rings().presses("1")
    night.mail.reads("INC-1")
