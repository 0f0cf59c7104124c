"""Somebody hears of a night without anybody while there is time to fill it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.overrides import Absence, Override
from escalation.domain.roster import Target, TargetKind
from tests.builders import NIGHT, policy, site, step
from tests.domain.schedules import plain, weekly
from tests.scenarios.night import Night, on_both_databases

WEEK, DAY = timedelta(days=7), timedelta(days=1)
OPS, MAILBOX = Target(TargetKind.SLACK, "#ops"), Target(TargetKind.EMAIL, "ops@example.org")


def scheduled(night: Night, *turns: str, notify: tuple[Target, ...] = (OPS,)) -> None:
    """Ann has the week that goes on, Monday at nine in Berlin is the next hand-off."""
    schedule = plain(weekly(*turns, starts=NIGHT.date() - WEEK), name="primary")
    found = site(policy=policy(step("schedule:primary"), step("lee")))
    roster = replace(found.roster, schedules={"primary": schedule}, notify={"primary": notify})
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=roster), "")
    night.passes(minutes=6)


@on_both_databases
def test_a_gap_is_told_days_ahead_and_once(night: Night) -> None:
    """Complaint 10: "nobody on call" is known days ahead, whoever of two timekeepers sees it first, and restarted or not."""
    scheduled(night, "ann", "", notify=(OPS, MAILBOX))
    said = ("Nobody is on call in primary", "Mon 2026-11-23 09:00 to Mon 2026-11-30 09:00", "an empty slot", "override add")
    night.slack.reads(*said)
    night.mail.reads(*said)
    night.another_timekeeper().turn(night.clock.now())
    night.passes(hours=1)
    night.passes(hours=5)
    night.another_timekeeper().turn(night.clock.now())


def test_a_gap_that_was_filled_and_comes_back_is_told_again(night: Night) -> None:
    """It is another one then; a part of it that is filled leaves a shorter one, which is another too."""
    scheduled(night, "ann", "")
    night.slack.reads("09:00 to Mon 2026-11-30 09:00")
    begin = NIGHT.replace(hour=8)
    [id] = night.system.engine.arrange(Override(0, "primary", begin, begin + WEEK, "bob"), by="bob")
    night.passes(minutes=6)
    night.system.engine.take_back(id, "bob")
    night.passes(minutes=6)
    night.slack.reads("09:00 to Mon 2026-11-30 09:00")
    night.system.engine.arrange(Override(0, "primary", begin + DAY, begin + WEEK, "bob"), by="bob")
    night.passes(minutes=6)
    night.slack.reads("09:00 to Tue 2026-11-24 09:00")


def test_a_holiday_that_leaves_nobody_is_told(night: Night) -> None:
    """Complaint: PTO conflicts. There is nobody to cover."""
    scheduled(night, "ann")
    night.system.engine.arrange(Absence("ann", NIGHT + DAY, NIGHT + 2 * DAY), by="ann")
    night.passes(minutes=6)
    night.slack.reads("everybody who could is away")


def test_a_gap_without_an_end_is_told_once_though_it_goes_on(night: Night) -> None:
    """Also while days pass."""
    scheduled(night, "")
    night.slack.reads("an end that is not in sight")
    night.passes(hours=20)
    night.passes(hours=20)


def test_nobody_is_told_who_was_not_named(night: Night) -> None:
    """A schedule without `notify`."""
    scheduled(night, "ann", "", notify=())
