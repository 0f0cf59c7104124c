"""Five hundred alerts for one person."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.builders import alert, policy, step
from tests.scenarios.night import Night

MANY = 500


def test_a_storm_of_500_is_one_call_and_one_key(night: Night) -> None:
    """Complaint 5, alert storms. At most one call, no text, the count spoken; the phone asks for a moment while it commits."""
    night.apply(policy(step("ann")))
    night.takes(*[alert(f"db-{n} is down", key=f"db-{n}") for n in range(MANY)])
    night.ann.phone.rings().listens(20).hears("500 incidents").hears("and 497 more").presses("1")
    night.until(lambda: night.ann.phone.phone.call is None, seconds=120)
    night.ann.phone.hears("one moment, please").hears("Acknowledged. 500 incidents are yours")
    assert {night.status(n) for n in range(1, MANY + 1)} == {Status.ACKNOWLEDGED}
    night.after(seconds=60)
