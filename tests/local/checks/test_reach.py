"""`doctor` names who did not press the key of the call before their shift."""

from __future__ import annotations

from datetime import timedelta

from escalation.config.apply import apply
from escalation.local.checks.finding import Level
from tests.builders import NIGHT
from tests.local.ward import CONFIGURATION, Ward


def test_who_is_unreachable_is_named_until_they_press_the_key(ward: Ward) -> None:
    """Complaint 4: a phone in do-not-disturb is found out before the shift. By the short name, with what to do."""
    wanting = CONFIGURATION.replace('phone: "+15550100002"', 'phone: "+15550100002", readiness: 1d')
    apply(ward.system.store, wanting, ward.folder)
    assert ward.found("readiness")["readiness"] is Level.OK
    for answered, level in ((False, Level.WARNING), (True, Level.OK)):
        with ward.system.store.transaction() as tx:
            tx.ask_reach("bob", NIGHT, timedelta(0))
            tx.reached("bob", answered=answered)
        assert ward.found("readiness")["readiness"] is level


def test_where_nobody_asked_for_it_all_is_well(ward: Ward) -> None:
    """An old answer of somebody who does not want it any more counts for nothing."""
    with ward.system.store.transaction() as tx:
        tx.ask_reach("bob", NIGHT, timedelta(0))
        tx.reached("bob", answered=False)
    assert ward.found("readiness")["readiness"] is Level.OK
