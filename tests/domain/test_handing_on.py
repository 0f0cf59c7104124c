"""What people do about who is asked: a step of their choice, another person or policy, somebody beside. Never is anybody lost by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.commands import CommandKind
from escalation.domain.conditions import Condition
from escalation.domain.incident import LAST_RESORT, Again, Status, TimerKind, Via
from escalation.domain.policy import Policy
from tests.builders import incident, policy, step
from tests.domain.story import Story

ACKNOWLEDGED = ev.Acknowledged("ann", Via.CONSOLE)
DB = replace(policy(step("lee"), step("bob")), name="db")


def ringing(story: Story) -> list[str]:
    return [p.responder for p in story.incident.pages if not p.closed and p.step != LAST_RESORT]


def snoozed(story: Story) -> ev.Snoozed:
    return ev.Snoozed(story.now + timedelta(hours=1), "ann", Via.CLI)


def to_step(number: int, *, turn: int = 0) -> ev.Escalated:
    return ev.Escalated("zoe", Via.CLI, turn=turn, step=number - 1)


# --- a chosen step


def test_escalating_to_a_chosen_step_rings_it_now_and_goes_on_from_there() -> None:
    """GoAlert #3085. Ann's phone stops; Bob, who was passed by, is not called; after Lee comes what stands behind Lee."""
    story = Story().calls(1).tell(to_step(3))
    assert set(story.commands) == {(CommandKind.HANG_UP, 1, 1), (CommandKind.CALL, 2, 1)}
    assert "Escalated to step 3 by zoe, by command line." in story.says
    assert ringing(story) == ["lee"]
    assert story.calls(2).fires(TimerKind.STEP).incident.step == 3


def test_a_step_may_be_chosen_backwards() -> None:
    """Ann is back at her desk."""
    story = Story().calls(1).fires(TimerKind.STEP).tell(to_step(1))
    assert ringing(story) == ["ann"]


@pytest.mark.parametrize("how", ["acknowledged", "snoozed", "exhausted"])
def test_a_step_may_be_chosen_whatever_the_incident_is_but_resolved(how: str) -> None:
    """Whoever has it hands it to a step of their choice; nobody has it then until somebody there takes it."""
    story = Story(incident(policy(step("nobody"), step("lee")) if how == "exhausted" else None))
    story.tell(ACKNOWLEDGED) if how == "acknowledged" else story.tell(snoozed(story)) if how == "snoozed" else story.tell(
        ev.Escalated("bob", Via.CLI)
    )
    assert story.incident.status == how
    story.tell(to_step(2))
    assert (story.incident.status, story.incident.acknowledged_by) == (Status.TRIGGERED, "")
    assert ringing(story) == (["lee"] if how == "exhausted" else ["bob"])


def test_a_step_that_somebody_chose_is_paged_whatever_its_condition() -> None:
    """Whoever typed it knows better."""
    only = replace(step("lee"), condition=Condition((Severity.CRITICAL,)))
    assert ringing(Story(incident(policy(step("ann"), only))).tell(to_step(2))) == ["lee"]


@pytest.mark.parametrize("number", [0, 5, 99])
def test_a_step_that_there_is_not_skips_nobody(number: int) -> None:
    """A slip of the finger."""
    story = Story().calls(1).tell(to_step(number))
    assert (ringing(story), story.commands) == (["ann"], [])


def test_a_chosen_step_of_a_page_that_was_left_open_skips_nobody() -> None:
    """Said in an older turn."""
    story = Story().calls(1).fires(TimerKind.STEP).tell(to_step(4, turn=1))
    assert ringing(story) == ["bob"]


# --- reassigned


@pytest.mark.parametrize("how", ["triggered", "acknowledged", "snoozed", "exhausted"])
def test_reassigned_to_a_person_asks_them_now_and_the_policy_after_them(how: str) -> None:
    """Bob does not answer either: it is not his alone, Ann is called from the top."""
    story = Story(incident(policy(step("nobody"), step("ann")) if how == "exhausted" else policy(step("ann"), step("lee"))))
    before = {"acknowledged": ACKNOWLEDGED, "snoozed": snoozed(story), "exhausted": ev.Escalated("ann", Via.CLI)}
    story.tell(*([before[how]] if how in before else []))
    assert story.incident.status == how
    story.tell(ev.Reassigned("zoe", Via.CLI, "bob"))
    assert (story.incident.status, story.incident.acknowledged_by, ringing(story)) == (Status.TRIGGERED, "", ["bob"])
    assert "Reassigned to Bob by zoe, by command line." in story.says
    story.calls(story.incident.attempts[-1].number).fires(TimerKind.STEP)
    assert ringing(story) == ["ann"]


def test_reassigned_twice_is_the_second_persons() -> None:
    """The first is not asked again on the way."""
    story = Story().tell(ev.Reassigned("zoe", Via.CLI, "bob"), ev.Reassigned("zoe", Via.CLI, "lee"))
    assert ringing(story) == ["lee"]
    assert [str(s.targets[0]) for s in story.incident.policy.steps] == ["lee", "ann", "bob", "lee", "team:payments"]


def test_reassigned_to_another_policy_begins_there() -> None:
    """The phone of the old one stops."""
    story = Story().calls(1).tell(ev.Reassigned("zoe", Via.CLI, policy=DB))
    assert set(story.commands) == {(CommandKind.HANG_UP, 1, 1), (CommandKind.CALL, 2, 1)}
    assert (story.incident.policy, ringing(story)) == (DB, ["lee"])


@pytest.mark.parametrize("event", [ev.Reassigned("zoe", Via.CLI, "eve"), ev.Reassigned("zoe", Via.CLI, "bob", turn=9)])
def test_reassigned_to_nobody_or_too_late_takes_it_from_nobody(event: ev.Reassigned) -> None:
    """Whoever has it keeps it."""
    story = Story().tell(ACKNOWLEDGED, event)
    assert (story.incident.status, story.incident.acknowledged_by) == (Status.ACKNOWLEDGED, "ann")


def test_a_resolved_incident_is_nobodys_any_more() -> None:
    """Noted, and nobody is called."""
    story = Story().tell(ev.Resolved("monitor", Via.MONITOR), ev.Reassigned("zoe", Via.CLI, "bob"))
    assert (story.commands, ringing(story)) == ([], [])


# --- somebody beside


def test_an_added_responder_is_called_beside_whoever_rings_and_the_step_goes_on() -> None:
    """By the step's ladder; Ann's phone rings on."""
    story = Story().calls(1).tell(ev.ResponderAdded("lee", "zoe", Via.CLI))
    assert story.commands == [(CommandKind.CALL, 2, 1)]
    assert ringing(story) == ["ann", "lee"]
    assert "Lee was added by zoe, by command line." in story.says
    assert story.incident.turn == 1


def test_an_added_responder_has_time_for_a_whole_call() -> None:
    """Added ten seconds before the step is over."""
    story = Story().calls(1)
    story.now += timedelta(minutes=4, seconds=50)
    timer = story.tell(ev.ResponderAdded("lee", "zoe", Via.CLI)).incident.timer(TimerKind.STEP)
    assert timer
    assert timer.due_at == story.now + story.incident.policy.ring + timedelta(minutes=1)


def test_a_change_of_the_roster_does_not_stop_an_added_responders_phone() -> None:
    """They are of the step now."""
    story = Story().calls(1).tell(ev.ResponderAdded("lee", "zoe", Via.CLI)).calls(2).tell(ev.RosterChanged())
    assert ringing(story) == ["ann", "lee"]


def test_an_added_responders_phone_stops_with_the_others() -> None:
    """Ann has it."""
    story = Story().calls(1).tell(ev.ResponderAdded("lee", "zoe", Via.CLI)).calls(2).tell(ACKNOWLEDGED)
    assert set(story.commands) == {(CommandKind.HANG_UP, 1, 1), (CommandKind.HANG_UP, 2, 1)}


def test_to_an_exhausted_incident_somebody_is_added_beside_the_last_resort() -> None:
    """Nobody has it: one more is asked, and again at each alarm."""
    story = Story(incident(policy(step("nobody")))).tell(ev.ResponderAdded("lee", "zoe", Via.CLI))
    assert [p.responder for p in story.incident.pages] == ["email:ops@example.org", "lee"]


@pytest.mark.parametrize("first", [ACKNOWLEDGED, ev.Resolved("monitor", Via.MONITOR)])
def test_once_somebody_has_it_nobody_is_added(first: ev.Event) -> None:
    """Nobody is dialled after the acknowledgement."""
    story = Story().tell(first, ev.ResponderAdded("lee", "zoe", Via.CLI))
    assert (story.commands, ringing(story)) == ([], [])


@pytest.mark.parametrize("who", ["ann", "eve"])
def test_whoever_is_being_paged_or_is_not_there_is_not_called_by_it(who: str) -> None:
    """No second phone call to Ann, none to a stranger."""
    story = Story().calls(1).tell(ev.ResponderAdded(who, "zoe", Via.CLI))
    assert (story.commands, ringing(story)) == ([], ["ann"])


def test_nobody_but_its_phone_is_ever_paged_by_a_self_test() -> None:
    """Whatever somebody types about it."""
    own = Policy("_self-test", (step("_self-test"),), test_number="+15550100009")
    story = Story(incident(own)).tell(ev.Reassigned("zoe", Via.CLI, policy=DB), ev.ResponderAdded("lee", "zoe", Via.CLI))
    assert {p.responder for p in story.incident.pages} == {"_self-test"}


# --- handed over


TO_LEE = ev.HandedOver("lee", "ann", Via.CONSOLE)


def test_handed_over_pages_the_other_and_until_they_take_it_whoever_had_it_is_next() -> None:
    """GoAlert #4531. Lee does not answer: it is Ann's phone that rings then, and after her the policy begins from the top."""
    story = Story().tell(ACKNOWLEDGED, TO_LEE)
    assert (story.incident.status, ringing(story)) == (Status.TRIGGERED, ["lee"])
    assert "Handed over to Lee by Ann, by console. Ann is called when Lee does not take it." in story.says
    story.calls(story.incident.attempts[-1].number).fires(TimerKind.STEP)
    assert ringing(story) == ["ann"]
    assert [str(s.targets[0]) for s in story.incident.policy.steps] == ["lee", "ann", "ann", "bob", "lee", "team:payments"]


def test_where_a_name_had_it_that_is_nobodys_the_policy_is_next() -> None:
    """Somebody at the console without a name."""
    taken = ev.Acknowledged("console", Via.CONSOLE)
    story = Story().tell(taken, replace(TO_LEE, by="console"))
    assert "Handed over to Lee by console, by console. The policy begins when Lee does not take it." in story.says
    assert [str(s.targets[0]) for s in story.incident.policy.steps] == ["lee", "ann", "bob", "lee", "team:payments"]


def test_whoever_takes_it_over_has_it() -> None:
    """Nobody else is called."""
    story = Story().tell(ACKNOWLEDGED, TO_LEE, ev.Acknowledged("lee", Via.PHONE))
    assert (story.incident.status, story.incident.acknowledged_by, ringing(story)) == (Status.ACKNOWLEDGED, "lee", [])
    assert story.incident.again is None


def test_whoever_declines_gives_it_back_to_the_one_who_had_it_in_the_same_second() -> None:
    """Key 3. Bob, not the policy's first."""
    story = Story().tell(ev.Acknowledged("bob", Via.PHONE), TO_LEE)
    number = story.incident.attempts[-1].number
    story.calls(number).tell(ev.Declined("lee", Via.PHONE, number))
    assert ringing(story) == ["bob"]


def test_whoever_is_called_hears_from_whom_it_comes() -> None:
    """Until somebody has it."""
    assert Story().tell(ACKNOWLEDGED, TO_LEE).incident.again == (Again.HANDED_OVER, "ann")


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (replace(TO_LEE, to="eve"), "somebody who is not there"),
        (replace(TO_LEE, to="ann"), "Ann, who has it already"),
        (replace(TO_LEE, turn=9), "after it had moved on"),
    ],
)
def test_handed_over_to_nobody_it_stays_where_it_is(event: ev.HandedOver, why: str) -> None:
    """Acknowledged, and nobody is called."""
    story = Story().tell(ACKNOWLEDGED, event)
    assert (story.incident.status, story.incident.acknowledged_by, story.commands) == (Status.ACKNOWLEDGED, "ann", [])
    assert why in story.says


def test_what_nobody_has_cannot_be_handed_over() -> None:
    """Ann's phone goes on ringing."""
    story = Story().calls(1).tell(TO_LEE)
    assert (story.incident.status, ringing(story)) == (Status.TRIGGERED, ["ann"])


def test_what_somebody_took_who_is_not_on_the_roster_goes_to_the_policy_behind_the_taker() -> None:
    """A login name cannot be called back."""
    story = Story().tell(ev.Acknowledged("root", Via.CLI), TO_LEE)
    assert [str(s.targets[0]) for s in story.incident.policy.steps] == ["lee", "ann", "bob", "lee", "team:payments"]
