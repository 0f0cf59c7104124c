"""The monitor says it is over."""

from __future__ import annotations

from escalation.domain.alert import Action
from escalation.domain.incident import Status
from tests.builders import alert
from tests.scenarios.night import Night


def test_resolved_by_the_monitor_while_ringing(night: Night) -> None:
    """Complaint 12, paged after resolve: the phone stops; nobody is told anything more."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.takes(alert(action=Action.RESOLVE))
    night.after(seconds=1)
    night.ann.phone.was_hung_up_on()
    night.after(minutes=20)
    assert night.status() is Status.RESOLVED


def test_a_phone_picked_up_in_that_very_moment_hears_that_it_is_over(night: Night) -> None:
    """Not the menu of an incident that is resolved."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.workers.alive = False
    night.takes(alert(action=Action.RESOLVE))
    night.ann.phone.picks_up()
    night.after(seconds=5)
    night.ann.phone.hears("resolved")
    night.workers.alive = True
    night.after(seconds=20)
