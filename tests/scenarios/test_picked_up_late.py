"""Whoever picks up at the last ring is not cut off because we could not note it."""

from __future__ import annotations

from escalation.domain.incident import AttemptStatus
from tests.processes import until
from tests.scenarios.night import Night, on_both_databases


def answered(night: Night) -> bool:
    return night.incident().attempts[0].status is AttemptStatus.ANSWERED


def acknowledges(night: Night) -> None:
    """Ann hears all of it, does nothing, hears the incident itself now that it can be read, presses 1: it is hers."""
    night.until(lambda: "Press 1" in " ".join(night.ann.phone.phone.heard), seconds=40, or_else="no menu was heard")
    night.until(lambda: "db-1 is down" in " ".join(night.ann.phone.phone.heard), seconds=40, or_else="the incident was not read")
    night.ann.phone.presses("1").hears("acknowledged")
    (call,) = night.ann.phone.phone.calls
    assert call.hangup is None or call.hangup.source != "API Request"


@on_both_databases
def test_the_database_is_away_when_she_picks_up(night: Night) -> None:
    """She gets the menu that needs none; the answer is noted once it is back, and the ring timer hangs up on nobody."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.after(seconds=22.5)
    with night.database_away():
        night.ann.phone.picks_up()
        night.after(seconds=3)
    assert until(lambda: answered(night))
    acknowledges(night)


def test_the_answer_does_not_come_through_and_the_fallback_does(night: Night) -> None:
    """Plivo tries three times, then asks the address that needs nothing."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.after(seconds=22.5)
    night.world.faults.lose("Answer", times=3)
    night.ann.phone.picks_up()
    night.until(lambda: night.ann.phone.phone.heard, seconds=20, or_else="nothing was heard")
    assert until(lambda: answered(night))
    acknowledges(night)
