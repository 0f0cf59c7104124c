"""Several troubles of one service, and one phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain.alert import Action, Severity
from escalation.domain.dedup import What
from escalation.domain.grouping import Grouping
from escalation.domain.incident import Status
from tests.builders import NIGHT, alert, site
from tests.scenarios.night import Night, on_both_databases


def grouped(night: Night, grouping: Grouping | None) -> None:
    found = site()
    services = {"payments": replace(found.services["payments"], grouping=grouping)}
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, services=services), "")


@pytest.fixture
def night(night: Night) -> Iterator[Night]:
    """All troubles of the service belong together."""
    grouped(night, Grouping())
    yield night


@on_both_databases
def test_several_troubles_are_one_incident_and_it_is_over_with_the_last(night: Night) -> None:
    """One phone rings once; each is right again by itself, and the timeline tells both."""
    night.trouble("db-1 is down", key="db-1")
    night.ann.phone.rings()
    assert [night.trouble(f"db-{n} is down", key=f"db-{n}") for n in (2, 3)] == [1, 1]
    night.ann.phone.presses("1").hears("acknowledged")
    night.after(seconds=30)
    for key, status in (("db-1", Status.ACKNOWLEDGED), ("db-3", Status.ACKNOWLEDGED), ("db-2", Status.RESOLVED)):
        night.takes(alert(f"{key} is up", action=Action.RESOLVE, key=key))
        assert night.status() is status
    night.story_says("Belongs to it, too: critical, db-2 is down", "Right again: db-1 is up; 2 others are not")
    assert night.trouble("db-2 is down", key="db-2") == 2
    night.takes(alert(action=Action.RESOLVE, key="db-2"))
    night.ann.phone.rang_and_stopped()


def test_a_worse_member_pages_again_and_the_others_do_not(night: Night) -> None:
    """Complaint 6, wrong grouping hides new alerts: each has a key of its own, and worse than the worst so far is a new page."""
    night.trouble("db-1 is slow", key="db-1", severity=Severity.WARNING)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=1)
    night.trouble("db-2 is slow", key="db-2", severity=Severity.WARNING)
    night.after(minutes=1)
    night.ann.phone.is_silent()
    night.trouble("db-3 is down", key="db-3", severity=Severity.CRITICAL)
    night.ann.phone.rings().listens(8).hears("db-3 is down").hears("and 2 more").presses("1")
    night.story_says("Worse than before: warning became critical")


def test_one_that_fires_again_is_open_again(night: Night) -> None:
    """Though it had been right in between; and a repeat is a repeat."""
    night.trouble("db-1 is down", key="db-1")
    night.ann.phone.rings().presses("1")
    night.trouble("db-2 is down", key="db-2")
    for action in (Action.RESOLVE, Action.TRIGGER, Action.TRIGGER):
        night.takes(alert("db-2", key="db-2", action=action))
    night.takes(alert(key="db-1", action=Action.RESOLVE))
    assert night.status() is Status.ACKNOWLEDGED
    night.takes(alert(key="db-2", action=Action.RESOLVE))
    assert night.status() is Status.RESOLVED
    assert night.story().count("Belongs to it, too") == 2


def test_after_the_window_it_is_an_incident_of_its_own(night: Night) -> None:
    """Counted from the first alert: a group does not grow for ever."""
    night.trouble("db-1 is down", key="db-1")
    night.ann.phone.rings().presses("1")
    night.after(minutes=4.9)
    assert night.trouble("db-2 is down", key="db-2") == 1
    night.after(minutes=0.2)
    assert night.trouble("db-3 is down", key="db-3") == 2
    night.ann.phone.rings().presses("1")


def test_labels_tell_groups_apart(night: Night) -> None:
    """One incident for each rack."""
    grouped(night, Grouping(("rack",)))
    first = [night.trouble(key=f"db-{n}", details={"rack": rack}) for n, rack in enumerate("aba")]
    assert first == [1, 2, 1]
    for key in ("db-0", "db-1", "db-2"):
        night.takes(alert(key=key, action=Action.RESOLVE))
    assert night.status(1) is night.status(2) is Status.RESOLVED
    night.after(seconds=5)
    night.ann.phone.rang_and_stopped()


def test_the_same_delivery_twice_is_one_member(night: Night) -> None:
    """Identities count for members as for everything."""
    night.trouble("db-1 is down", key="db-1")
    night.ann.phone.rings().presses("1")
    for _ in range(2):
        night.takes(alert("db-2 is down", key="db-2", identity="delivery-2"))
    assert night.incident().members == 2
    assert night.story().count("Belongs to it, too") == 1


def test_a_late_resolve_of_an_older_occurrence_ends_no_member(night: Night) -> None:
    """When another member began does not matter to it."""
    night.trouble("db-1 is down", key="db-1", occurred_at=NIGHT)
    night.ann.phone.rings().presses("1")
    night.trouble("db-2 is down", key="db-2", occurred_at=NIGHT - timedelta(minutes=10))
    night.takes(alert(key="db-1", action=Action.RESOLVE, occurred_at=NIGHT - timedelta(minutes=1)))
    assert night.incident().members == 2
    night.takes(alert(key="db-2", action=Action.RESOLVE, occurred_at=NIGHT - timedelta(minutes=10)))
    assert night.incident().members == 1


def test_members_end_by_themselves_although_grouping_was_switched_off(night: Night) -> None:
    """What is open goes on as it began."""
    night.trouble("db-1 is down", key="db-1")
    night.ann.phone.rings().presses("1")
    night.trouble("db-2 is down", key="db-2")
    grouped(night, None)
    night.takes(alert(key="db-1", action=Action.RESOLVE))
    assert night.status() is Status.ACKNOWLEDGED
    taken = night.system.engine.take([alert(key="db-2", action=Action.RESOLVE)])
    assert (taken[0].what, night.status()) == (What.RESOLVED, Status.RESOLVED)
    assert night.trouble("db-3 is down", key="db-3") == 2
    assert night.trouble("db-4 is down", key="db-4") == 3
    for key in ("db-3", "db-4"):
        night.takes(alert(key=key, action=Action.RESOLVE))
    night.ann.sms.reads("INC-2")  # the phone was still taken by the first call
    night.after(seconds=5)
    night.ann.phone.rang_and_stopped()


def test_whoever_resolves_the_incident_resolves_all_of_it(night: Night) -> None:
    """And what fires again then is a new one."""
    night.trouble("db-1 is down", key="db-1")
    night.trouble("db-2 is down", key="db-2")
    night.ann.phone.rings().presses("1")
    with night.system.store.read() as tx:
        assert tx.members(1) == 2
    night.takes(alert(key="db-1", action=Action.ACKNOWLEDGE))
    night.takes(*[alert(key=k, action=Action.RESOLVE) for k in ("db-1", "db-2")])
    assert night.status() is Status.RESOLVED
