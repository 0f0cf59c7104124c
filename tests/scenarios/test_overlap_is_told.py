"""Somebody hears that one phone is to be two while there is time to change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.overrides import Override
from escalation.domain.roster import Target, TargetKind
from tests.builders import NIGHT, site
from tests.domain.schedules import plain, weekly
from tests.scenarios.night import Night, on_both_databases

WEEK, DAY = timedelta(days=7), timedelta(days=1)
OPS = Target(TargetKind.SLACK, "#ops")


@on_both_databases
def test_a_shift_that_is_taken_beside_ones_own_is_told_once(night: Night) -> None:
    """Whichever timekeeper sees it first, restarted or not, and though time passes; another one is told too."""
    begin = NIGHT.date() - WEEK
    schedules = {
        "primary": plain(weekly("ann", starts=begin), name="primary"),
        "search": plain(weekly("bob", starts=begin), name="search"),
    }
    found = site()
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, schedules=schedules, notify={"search": (OPS,)})), "")
    night.passes(minutes=6)
    take = Override(0, "search", NIGHT + DAY, NIGHT + 2 * DAY, "ann")
    night.system.engine.arrange(take, by="ann")
    night.passes(minutes=6)
    night.slack.reads("Ann is on call in primary and search at once", "override add")
    night.another_timekeeper().turn(night.clock.now())
    night.passes(hours=1)
    night.passes(hours=20)
    night.system.engine.arrange(replace(take, start=NIGHT + 4 * DAY, end=NIGHT + 5 * DAY), by="ann")
    night.passes(minutes=6)
    night.slack.reads("Ann is on call in primary and search at once")
