"""People hear of their shifts: a day before, an hour before, and when they begin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.overrides import Override
from escalation.domain.roster import Channel, ShiftNotices
from tests.builders import NIGHT, policy, site, step
from tests.domain.schedules import plain, weekly
from tests.scenarios.night import Night, on_both_databases

HANDOFF = NIGHT.replace(hour=8)  # nine in Berlin, five hours from now
WEEK = timedelta(days=7)


def scheduled(night: Night) -> None:
    """Ann until Monday at nine, then Bob, who wants texts an hour before and when it begins."""
    schedule = plain(weekly("ann", "bob", starts=NIGHT.date() - WEEK), name="primary")
    found = site(policy=policy(step("schedule:primary"), step("lee")))
    notices = ShiftNotices(Channel.SMS, (timedelta(hours=1), timedelta(0)))
    people = {h: replace(p, notices=notices) for h, p in found.roster.people.items()}
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, people=people, schedules={"primary": schedule})), "")


def passes(night: Night, **by: float) -> None:
    """Time passes, and the timekeeper looks twice."""
    night.after(**by)
    for _ in range(2):
        night.clock.move(seconds=31)
        night.settle()


@on_both_databases
def test_a_shift_is_told_an_hour_before_and_when_it_begins(night: Night) -> None:
    """GoAlert #583: once each, by text as Bob prefers, whichever timekeeper, restarted or not; nobody is paged by it."""
    scheduled(night)
    passes(night, hours=3)
    night.bob.phone.is_silent()
    passes(night, hours=1)
    night.bob.sms.reads("On call in primary in 59 min", "You take over from Ann", "Mon 2026-11-23 09:00")
    night.another_timekeeper().turn(night.clock.now())
    passes(night, hours=1)
    night.bob.sms.reads("On call in primary now")
    night.another_timekeeper().turn(night.clock.now())
    passes(night, hours=5)


def test_who_takes_the_shift_is_told_and_who_gave_it_is_not(night: Night) -> None:
    """Complaint: notices that know nothing of swaps."""
    scheduled(night)
    night.system.engine.arrange(Override(0, "primary", HANDOFF, HANDOFF + WEEK, "lee", "bob"), by="lee")
    passes(night, hours=4)
    night.lee.sms.reads("On call in primary in 1 h")
    passes(night, hours=1)
    night.lee.sms.reads("On call in primary now", "Then Ann")


def test_a_shift_that_began_while_we_were_away_is_not_told_for_long(night: Night) -> None:
    """Bob knows by then."""
    scheduled(night)
    with night.paused(hours=7):
        pass
    passes(night, minutes=1)
