"""Who is on call changes while a phone rings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain.overrides import Absence, Override
from tests.builders import NIGHT, policy, site, step
from tests.domain.schedules import plain, weekly
from tests.scenarios.night import Night

WEEK = timedelta(days=7)


def scheduled(night: Night) -> None:
    """Ann has the week, Bob the next one."""
    schedule = plain(weekly("ann", "bob", starts=NIGHT.date() - WEEK), name="primary")
    found = site(policy=policy(step("schedule:primary"), step("lee")))
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, schedules={"primary": schedule})), "")


def test_an_override_rings_the_new_one_at_once_and_hangs_up_the_old(night: Night) -> None:
    """Bob takes Ann's shift while her phone rings: hers stops, his rings in the same second, and his 1 counts."""
    scheduled(night)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    now = night.clock.now()
    night.system.engine.arrange(Override(0, "primary", now, now + WEEK, "bob", "ann"), by="bob")
    night.settle()
    night.ann.phone.was_hung_up_on()
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Acknowledged by Bob")


def test_whoever_falls_ill_while_the_phone_rings_is_covered(night: Night) -> None:
    """The next in the rotation rings, by whoever reported it; taken back before anybody answered, it is hers again."""
    scheduled(night)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    now = night.clock.now()
    [ill] = night.system.engine.arrange(Absence("ann", now, now + WEEK), by="lee")
    night.settle()
    night.ann.phone.was_hung_up_on()
    night.bob.phone.rings()
    night.system.engine.take_back(ill, "lee")
    night.settle()
    night.bob.phone.was_hung_up_on()
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_a_slot_that_is_emptied_while_the_phone_rings_is_skipped_in_the_same_second(night: Night) -> None:
    """Her phone stops, the next step's rings, and the last resort hears that nobody was there."""
    scheduled(night)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    now = night.clock.now()
    night.system.engine.arrange(Override(0, "primary", now, now + WEEK), by="ann")
    night.settle()
    night.ann.phone.was_hung_up_on()
    night.lee.phone.rings().presses("1").hears("acknowledged")
    night.story_says("Nobody is on call in the schedule primary")
    night.mail.reads("db-1 is down")


def test_an_override_of_later_disturbs_nobody(night: Night) -> None:
    """It is not on yet."""
    scheduled(night)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    later = night.clock.now() + timedelta(hours=1)
    night.system.engine.arrange(Override(0, "primary", later, later + WEEK, "bob"), by="bob")
    night.settle()
    night.bob.phone.is_silent()
    night.ann.phone.presses("1").hears("acknowledged")


def test_the_timekeeper_tells_what_whoever_arranged_it_could_not(night: Night) -> None:
    """They died between the commit and the telling."""
    scheduled(night)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    now = night.clock.now()
    with night.system.store.transaction() as tx:
        tx.arrange(Override(0, "primary", now, now + WEEK, "bob", "ann"), "bob")
    night.after(seconds=2)
    night.ann.phone.was_hung_up_on()
    night.bob.phone.rings().presses("1")
