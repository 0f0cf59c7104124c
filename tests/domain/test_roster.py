"""Whom a target stands for at an instant, and what the machine makes of a schedule that nobody is on call in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from escalation.domain.events import RosterChanged, Triggered
from escalation.domain.incident import Incident
from escalation.domain.machine import Decision, advance
from escalation.domain.overrides import Absence, Override
from escalation.domain.roster import Roster
from escalation.domain.timeline import EntryKind
from tests.builders import NIGHT, alert, incident, policy, roster, step, target
from tests.domain.schedules import plain, weekly

WEEK = timedelta(days=7)
LONG = (NIGHT - WEEK, NIGHT + WEEK)


def on_call(*turns: str, **arranged: object) -> Roster:
    """Of the schedule `primary`; in the night's week the first turn is on."""
    schedule = plain(weekly(*turns, starts=NIGHT.date() - WEEK), name="primary")
    return replace(roster(), schedules={"primary": schedule}, **arranged)  # type: ignore[arg-type]


def handles(people: Roster, at: datetime = NIGHT) -> list[str]:
    return [r.handle for r in people.resolve(target("schedule:primary"), at)]


def begun(people: Roster, *targets: str) -> Decision:
    return advance(incident(policy(step(*targets), step("lee"))), Triggered(alert()), people, NIGHT)


def paged(found: Incident) -> list[str]:
    return [p.responder for p in found.pages if not p.closed and p.step >= 0]


def test_a_schedule_stands_for_whoever_is_on_call_at_the_instant() -> None:
    """The next week it is the next one."""
    people = on_call("ann", "bob lee")
    assert (handles(people), handles(people, NIGHT + WEEK)) == (["ann"], ["bob", "lee"])


def test_what_was_arranged_counts() -> None:
    """Bob took Ann's shift; then he is away, and the next in line covers."""
    took = Override(1, "primary", *LONG, takes="bob")
    assert handles(on_call("ann", "bob", overrides=(took,))) == ["bob"]
    assert handles(on_call("ann", "bob", absences=(Absence("ann", *LONG),))) == ["bob"]


def test_whoever_is_on_call_but_no_longer_a_person_is_nobody() -> None:
    """An override may outlive a configuration."""
    assert handles(on_call("ann", overrides=(Override(1, "primary", *LONG, takes="gone"),))) == []


def test_a_step_pages_who_is_on_call_when_it_begins() -> None:
    """And nobody else of the rotation."""
    assert paged(begun(on_call("ann", "bob"), "schedule:primary").incident) == ["ann"]


def test_an_empty_slot_is_skipped_at_once_and_says_which_schedule_and_why() -> None:
    """In red, and the next step rings in the same second."""
    decision = begun(on_call("", "bob"), "schedule:primary")
    loud = [e.text for e in decision.entries if e.kind is EntryKind.ALARM]
    assert paged(decision.incident) == ["lee"]
    assert loud == [
        "Nobody is on call in the schedule primary: an empty slot of the rotation.",
        "Step 1 skipped: nobody in it can be reached.",
    ]


def test_a_hole_is_said_also_where_the_step_has_others() -> None:
    """Bob is paged, and the hole is seen."""
    decision = begun(on_call(""), "schedule:primary", "bob")
    assert paged(decision.incident) == ["bob"]
    assert "Nobody is on call in the schedule primary: an empty slot of the rotation." in [e.text for e in decision.entries]


def test_a_schedule_that_is_gone_is_nobody() -> None:
    """An incident keeps its policy; the schedule was removed since."""
    decision = begun(roster(), "schedule:primary")
    assert paged(decision.incident) == ["lee"]
    assert "There is no schedule primary any more." in [e.text for e in decision.entries]


def test_a_change_in_mid_step_pages_the_new_and_leaves_the_old() -> None:
    """Bob takes over while Ann rings."""
    before = begun(on_call("ann", "bob"), "schedule:primary").incident
    after = advance(
        before, RosterChanged(), on_call("ann", "bob", overrides=(Override(1, "primary", *LONG, "bob", "ann"),)), NIGHT
    )
    assert paged(after.incident) == ["bob"]
    assert [p.closed for p in after.incident.pages] == ["no longer on call", ""]
