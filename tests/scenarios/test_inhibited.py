"""The network is down, and everything behind it says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.incident import Status, Via
from escalation.domain.maintenance import Scope
from escalation.domain.policy import Inhibition, Service
from tests.builders import alert, policy, site, step
from tests.scenarios.night import Night, on_both_databases

NETWORK_KEY = "n" * 32
RULE = Inhibition("network", Scope(("network",)), Scope(("payments",)))


def network(action: Action = Action.TRIGGER, **values: object) -> Alert:
    return replace(alert("core-1 is down", key="core-1", action=action, **values), key=NETWORK_KEY)


def applied(night: Night, *rules: Inhibition) -> None:
    """The network's phone is Bob's, the payments' Ann's."""
    found = site(policy=policy(step("ann"), step("lee")))
    services = found.services | {"network": Service("network", (NETWORK_KEY,), "network")}
    policies = found.policies | {"network": policy(step("bob"), step("lee"))}
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, services=services, policies=policies, inhibit=rules), "")


@pytest.fixture
def night(night: Night) -> Iterator[Night]:
    """With the rule."""
    applied(night, RULE)
    yield night


@on_both_databases
def test_a_child_is_recorded_and_paged_when_its_parent_is_over(night: Night) -> None:
    """One phone rings for the network; the database is still down when the network is back, and then Ann is called."""
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.trouble("db-1 is down")
    night.after(minutes=20)
    night.story_says("held back until 2026-11-23 07:00 UTC, network: INC-1 of network is open", number=2)
    night.takes(network(Action.RESOLVE))
    night.after(seconds=2)
    night.ann.phone.rings().presses("1")


def test_a_child_that_is_right_again_is_resolved_though_it_was_held(night: Night) -> None:
    """Resolved for inhibited (alertmanager #2754: orphaned pages): its resolve reaches it, and nobody is woken."""
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.trouble("db-1 is down")
    night.takes(alert(action=Action.RESOLVE))
    assert night.status(2) is Status.RESOLVED
    night.takes(network(Action.RESOLVE))
    night.after(minutes=10)


def test_the_resolve_of_a_child_that_was_paged_reaches_it_under_an_open_parent(night: Night) -> None:
    """Alertmanager #2754 the other way: nothing swallows it, and the phone stops."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.takes(alert(action=Action.RESOLVE))
    night.after(seconds=1)
    night.ann.phone.was_hung_up_on()
    assert night.status(1) is Status.RESOLVED


def test_a_child_that_rang_before_goes_on_ringing(night: Night) -> None:
    """It may have a cause of its own."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.after(seconds=2)
    night.ann.phone.presses("1").hears("acknowledged")


def test_unless_the_rule_says_otherwise(night: Night) -> None:
    """Its phone stops, and rings again when the parent is over."""
    applied(night, replace(RULE, stops=True))
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.after(seconds=2)
    night.ann.phone.was_hung_up_on()
    night.after(minutes=5)
    night.takes(network(Action.RESOLVE))
    night.after(seconds=2)
    night.ann.phone.rings().presses("1")


def test_a_parent_that_somebody_has_for_ever_hides_nobody_for_ever(night: Night) -> None:
    """Acknowledged and forgotten: four hours after it opened, the child is paged."""
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.trouble("db-1 is down")
    for _ in range(8):
        night.after(minutes=29)
        night.system.engine.tell(1, ev.Unacknowledged("bob", Via.CLI))
        night.system.engine.tell(1, ev.Acknowledged("bob", Via.CLI))
        night.workers.jobs.clear()
    night.ann.phone.is_silent()
    night.after(minutes=8)
    night.until(lambda: night.status(2) is Status.TRIGGERED, seconds=60)
    night.ann.phone.rings().presses("1")


def test_a_worse_child_of_a_rule_for_mild_ones_is_paged(night: Night) -> None:
    """Complaint 6, grouping hides what is new: limited by severity, the worse comes through."""
    applied(night, replace(RULE, children=Scope(("payments",), at_most=Severity.WARNING)))
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.trouble("db-1 is slow", severity=Severity.WARNING)
    night.after(minutes=1)
    night.ann.phone.is_silent()
    night.trouble("db-1 is down", severity=Severity.CRITICAL)
    night.ann.phone.rings().presses("1")


def test_a_rule_that_is_taken_out_holds_nobody_any_more(night: Night) -> None:
    """Within a second."""
    night.takes(network())
    night.bob.phone.rings().presses("1")
    night.trouble("db-1 is down")
    night.after(minutes=1)
    applied(night)
    night.after(seconds=2)
    night.ann.phone.rings().presses("1")
