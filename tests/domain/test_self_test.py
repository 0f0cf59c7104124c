"""The self-test's promises: it pages one number and nobody else, it always comes to an end by itself, and only its own call passes it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings

from escalation.domain import events as ev
from escalation.domain.incident import LAST_RESORT, AttemptStatus, Incident, Outcome, Status, TimerKind, Via
from escalation.domain.machine import Decision, advance
from escalation.domain.policy import SELF_TEST, Site
from escalation.domain.roster import Channel, Roster
from escalation.domain.self_test import SelfTest, has_passed
from escalation.domain.timeline import EntryKind
from tests.builders import NIGHT, PHONES, alert, incident, site
from tests.config.texts import changed, faults
from tests.domain.nights import RandomNight
from tests.domain.test_promises import AS_IT_WAS, DICE, Watch

NUMBER = "+15550100099"
KEY = "t" * 32
POLICY = SelfTest(NUMBER, KEY).beside(site()).policies[SELF_TEST]
CALL = (1, 1)


def begun() -> Incident:
    return advance(incident(POLICY), ev.Triggered(alert()), Roster(), NIGHT).incident


def after(*events: ev.Event) -> Decision:
    now = begun()
    for event in (ev.AttemptClaimed(*CALL), ev.AttemptAccepted(*CALL, "ref"), *events):
        decision = advance(now, event, Roster(), NIGHT)
        now = decision.incident
    return decision


class Alone:
    """Looks at one night, event by event: nobody but the number, no alarm, never at rest in any state but the end."""

    def __init__(self) -> None:
        self.watch = Watch()

    def __call__(self, night: RandomNight, before: Incident, decision: Decision) -> None:
        now = night.incident
        assert {(a.channel, a.address) for a in now.attempts} <= {(Channel.VOICE, NUMBER)}
        assert not [p for p in now.pages if p.step == LAST_RESORT or p.responder != SELF_TEST]
        assert not [e for e in decision.entries if e.kind is EntryKind.ALARM]
        assert now.status in (Status.TRIGGERED, Status.RESOLVED)
        self.watch(night, before, decision)


@given(DICE)
@settings(AS_IT_WAS, max_examples=150)
def test_whatever_happens_nobody_else_is_paged_and_it_ends(dice: Random) -> None:
    """Nights with lost, doubled and late callbacks, keys, buttons, carriers that fail, backups."""
    night = RandomNight(dice, POLICY, Alone()).run(60)
    for _ in range(100):
        night.pending.clear()
        night.time()
    assert night.incident.status is Status.RESOLVED


@pytest.mark.parametrize(
    "event", [ev.AttemptAnswered(*CALL, "call"), ev.MachineDetected(*CALL, "call"), ev.Acknowledged(SELF_TEST, Via.PHONE, *CALL)]
)
def test_its_own_call_passes_it(event: ev.Event) -> None:
    """Picked up, by a machine or not; or a key, when the first word of its being picked up got lost."""
    assert has_passed(after(event).incident)


@pytest.mark.parametrize(
    "event",
    [
        ev.Acknowledged("ann", Via.CONSOLE),
        ev.Resolved("ann", Via.CLI),
        ev.Snoozed(NIGHT, "ann", Via.CONSOLE),
        ev.Escalated("ann", Via.CLI),
        ev.Declined(SELF_TEST, Via.PHONE, 1),
        ev.AttemptFailed(*CALL, True, "bad number"),
    ],
)
def test_whatever_else_ends_it_has_not_passed_it(event: ev.Event) -> None:
    """Somebody's button says nothing about the way to a phone."""
    ended = after(event).incident
    assert (ended.status, has_passed(ended)) == (Status.RESOLVED, False)


@pytest.mark.parametrize(
    "event", [ev.AttemptAnswered(2, 1), ev.AttemptAnswered(1, 2), ev.AttemptRinging(*CALL), ev.AttemptEnded(*CALL, Outcome.BUSY)]
)
def test_what_is_not_its_answer_leaves_it_waiting(event: ev.Event) -> None:
    """A call that was never made, one that rings, one that ended: the step's time is not over."""
    assert after(event).incident.status is Status.TRIGGERED


def test_a_passed_one_lets_the_words_be_heard_and_notes_the_end_of_the_call() -> None:
    """It is not hung up on; when nobody reports its end it is given up like any other."""
    answered = after(ev.AttemptAnswered(*CALL, "call"))
    assert answered.commands == ()
    assert answered.incident.timer(TimerKind.ATTEMPT, 1)
    (ended,) = after(ev.AttemptAnswered(*CALL, "call"), ev.AttemptEnded(*CALL, Outcome.HUNG_UP, "", 6)).incident.attempts
    assert (ended.status, ended.outcome, ended.seconds) == (AttemptStatus.SETTLED, Outcome.HUNG_UP, 6)


def test_it_stands_beside_the_configuration_and_not_in_it() -> None:
    """Its key opens nothing else; a site that is being set up takes nothing yet."""
    test, configured = SelfTest(NUMBER, KEY), site()
    assert (service := test.beside(configured).service_of(KEY)) and service.name == SELF_TEST
    assert configured.service_of(KEY) is None
    assert test.beside(Site()) == Site()
    assert NUMBER not in PHONES.values()
    assert NUMBER not in repr(test) + repr(POLICY)


@pytest.mark.parametrize(
    ("old", "new"),
    [("  bob:", f"  {SELF_TEST}:"), ("  payments: {p", f"  {SELF_TEST}: {{p"), ("  default:\n", f"  {SELF_TEST}:\n")],
)
def test_no_configuration_can_have_its_name(old: str, new: str) -> None:
    """Neither a person nor a service nor a policy."""
    assert any("name" in fault for fault in faults(changed(old, new)))
