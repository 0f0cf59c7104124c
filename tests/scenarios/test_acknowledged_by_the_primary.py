"""The common night: Ann's phone rings, she presses 1, and nobody else hears of it."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.scenarios.night import Night, on_both_databases

pytestmark = on_both_databases


def test_acknowledged_by_the_primary(night: Night) -> None:
    """One call, one key, "acknowledged" spoken after the commit; no text, no second call, nobody else."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().listens().hears("db-1 is down").hears("payments").presses("1").hears("acknowledged")
    assert night.status() is Status.ACKNOWLEDGED
    night.after(minutes=20)
    night.ann.phone.is_silent()
    night.story_says("acknowledged by Ann, by phone")
