"""The day before a shift a phone rings for a test, and wants a key."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from escalation.domain.incident import Incident, Status
from escalation.domain.overrides import Override
from escalation.domain.policy import READINESS
from escalation.domain.roster import ShiftNotices
from tests.builders import NIGHT, policy, site, step
from tests.domain.schedules import plain, weekly
from tests.scenarios.night import PUBLIC, Night, on_both_databases

DAY, WEEK = timedelta(days=1), timedelta(days=7)
HANDOFF = NIGHT.replace(hour=8) + DAY  # Tuesday, nine in Berlin: 29 hours from now, it is four in the morning


def scheduled(night: Night, *, wanting: str = "ann bob lee", first: str = "schedule:primary") -> None:
    """Ann until Tuesday at nine, then Bob; whoever wants is called a day before."""
    schedule = plain(weekly("ann", "bob", starts=(NIGHT - 6 * DAY).date(), days=(1,)), name="primary")
    found = site(policy=policy(step(first), step("lee")))
    people = {
        h: replace(p, notices=ShiftNotices(None, ()), readiness=DAY if h in wanting.split() else None)
        for h, p in found.roster.people.items()
    }
    with night.system.store.transaction() as tx:
        tx.apply(replace(found, roster=replace(found.roster, people=people, schedules={"primary": schedule})), "")


def passes(night: Night, **by: float) -> None:
    """To a moment at which the timekeeper looks."""
    night.after(**by)


def begun(night: Night) -> list[Incident]:
    rows = night.system.queries.incidents(open_only=False)
    return [night.incident(row.id) for row in reversed(rows) if row.service == READINESS]


def reachable(night: Night, who: str) -> str | None:
    told = night.browser().get("/metrics", base_url=PUBLIC).get_data(as_text=True)
    found = re.search(rf'^escalation_person_reachable{{person="{who}"}} (\S+)$', told, re.MULTILINE)
    return found[1] if found else None


@on_both_databases
def test_the_phone_rings_a_day_before_and_the_key_is_the_proof(night: Night) -> None:
    """Complaint 4: a test of readiness before the shift. It says that it is one; two timekeepers call once; no figure counts it."""
    scheduled(night)
    passes(night, hours=4, minutes=55)
    night.bob.phone.is_silent()
    passes(night, minutes=5)
    night.bob.phone.rings().listens(12).hears("This is a test").hears("Nothing is wrong").hears("Tue 2026-11-24 09:00")
    night.bob.phone.presses("1").hears("Thank you, calls reach you")
    night.another_timekeeper().turn(night.clock.now())
    passes(night, hours=12)
    [test] = begun(night)
    assert (test.status, test.acknowledged_by, reachable(night, "bob")) == (Status.RESOLVED, "bob", "1.0")
    night.story_says("Reachable: the key was pressed.", number=test.id)
    assert reachable(night, "ann") is None


def test_a_phone_that_picks_up_is_no_person(night: Night) -> None:
    """Complaint 4: phone in do-not-disturb, a voicemail. Called twice, ten minutes apart, then it is over; nobody else hears of it."""
    scheduled(night)
    passes(night, hours=5)
    night.bob.phone.rings().picks_up_as_machine()
    night.after(minutes=9)
    night.bob.phone.is_silent()
    night.until(lambda: night.bob.phone.phone.ringing, seconds=120)
    night.bob.phone.rings().is_ignored()
    passes(night, hours=3)
    [test] = begun(night)
    assert (test.status, test.acknowledged_by, reachable(night, "bob")) == (Status.RESOLVED, "", "0.0")
    night.story_says("Not reachable: no key was pressed.", number=test.id)


def test_other_keys_prove_nothing_and_call_nobody(night: Night) -> None:
    """Escalating a test pages nobody: there is nobody else in it."""
    scheduled(night)
    passes(night, hours=5)
    night.bob.phone.rings().presses("2")
    passes(night, hours=1)
    assert reachable(night, "bob") == "0.0"


def test_nobody_is_called_at_night(night: Night) -> None:
    """The shift begins at four in the morning: the day before at four is no time for a test, nine is."""
    scheduled(night, wanting="lee")
    begin = NIGHT + DAY
    night.system.engine.arrange(Override(0, "primary", begin, begin + timedelta(hours=2), "lee"), by="lee")
    passes(night, hours=4, minutes=55)
    night.lee.phone.is_silent()
    passes(night, minutes=5)
    night.lee.phone.rings().presses("1")


def test_while_somebody_is_paged_no_test_rings(night: Night) -> None:
    """It can wait: afterwards it comes."""
    scheduled(night)
    night.after(hours=4, minutes=59, seconds=50)
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    passes(night, seconds=20)
    night.bob.phone.is_silent()
    night.ann.phone.presses("1").hears("acknowledged")
    passes(night, minutes=2)
    night.bob.phone.rings().presses("1").hears("Thank you")


def test_who_did_not_ask_for_it_is_not_called(night: Night) -> None:
    """By default nobody is."""
    scheduled(night, wanting="ann")
    passes(night, hours=5)
    passes(night, hours=3)
    assert begun(night) == []


def test_two_who_begin_together_are_called_together(night: Night) -> None:
    """One test does not wait for another: a team would not be done by the evening."""
    scheduled(night, wanting="bob lee")
    night.system.engine.arrange(Override(0, "primary", HANDOFF, HANDOFF + WEEK, "bob"), by="bob")
    schedule = plain(weekly("ann", "lee", starts=(NIGHT - 6 * DAY).date(), days=(1,)), name="second")
    with night.system.store.transaction() as tx:
        found = tx.site()
        both = {**found.roster.schedules, "second": schedule}
        tx.apply(replace(found, roster=replace(found.roster, schedules=both, overrides=(), absences=())), "")
    passes(night, hours=5)
    night.bob.phone.rings()
    night.lee.phone.rings().presses("1")
    night.bob.phone.presses("1")


def test_a_page_does_not_wait_for_a_test_that_rings(night: Night) -> None:
    """It is told in the same call, in earnest, and one key is the answer to both."""
    scheduled(night, first="bob")
    passes(night, hours=5)
    night.bob.phone.rings()
    page = night.trouble("db-1 is down")
    night.bob.phone.listens(25).hears("db-1 is down")
    night.bob.phone.presses("1")
    night.after(seconds=40)
    assert (night.status(page), reachable(night, "bob")) == (Status.ACKNOWLEDGED, "1.0")
