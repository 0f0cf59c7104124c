"""A warning in the night."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.alert import Severity
from escalation.domain.conditions import Hours
from escalation.domain.week import Week, daily
from tests.builders import policy, site, step
from tests.scenarios.night import Night

HOURS = Hours(ZoneInfo("Europe/Berlin"), Week.of(daily(range(7), time(22), time(5))))  # the night begins at 04:00 there


def test_a_warning_lets_ann_sleep_and_rings_when_her_quiet_hours_end(night: Night) -> None:
    """Nothing is dialled or sent for an hour; then her phone rings, once."""
    found = site(policy=policy(step("ann"), step("bob")))
    people = {**found.roster.people, "ann": replace(found.roster.people["ann"], quiet=HOURS)}
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, people=people)), "")
    began = night.clock.now()
    night.trouble("disk is filling", severity=Severity.WARNING)
    night.after(minutes=59)
    night.nothing_else()
    night.after(minutes=1)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    assert night.clock.now() - began < timedelta(minutes=63)
    night.story_says("Ann has quiet hours", "Acknowledged by Ann")
