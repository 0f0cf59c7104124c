"""The machine's tables: complete, and each rule doing to the incident what its name says."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any, get_args

import pytest

from escalation.domain import attempts, machine
from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.commands import CommandKind
from escalation.domain.incident import AttemptStatus, Outcome, Status, TimerKind, Via
from escalation.domain.machine import advance
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from tests.builders import NIGHT, alert, incident, policy, roster, step
from tests.domain.story import Story


def test_every_status_and_event_is_ruled() -> None:
    """No pair is forgotten: a missing one would be an error in the middle of a night."""
    assert set(machine.RULES) == set(product(Status, get_args(ev.IncidentEvent)))


def test_every_attempt_state_and_event_is_ruled() -> None:
    """The second table is total too."""
    assert set(attempts.RULES) == set(product(AttemptStatus, get_args(ev.AttemptEvent)))


def test_every_timer_is_ruled() -> None:
    """Each kind of timer leads somewhere."""
    assert set(machine.TIMERS) == set(TimerKind)


def test_the_primary_is_called_at_once() -> None:
    """Trouble rings a phone in the same transaction."""
    assert Story().commands == [(CommandKind.CALL, 1, 1)]


def test_the_steps_time_begins_with_the_first_claim() -> None:
    """A queue at the carrier must not eat the step's five minutes."""
    story = Story()
    assert story.incident.timer(TimerKind.STEP) is None
    story.now += timedelta(seconds=40)
    story.calls(1)
    timer = story.incident.timer(TimerKind.STEP)
    assert timer and timer.due_at == NIGHT + timedelta(minutes=5, seconds=40)


def test_no_answer_brings_a_text_at_once_and_a_second_call_after_two_minutes() -> None:
    """The ladder: call, text, call."""
    story = Story().calls(1).ends(1)
    assert story.commands == [(CommandKind.TEXT, 2, 1)]
    timer = story.incident.timer(TimerKind.RUNG, 1)
    assert timer and timer.due_at == story.now + timedelta(minutes=2)
    assert story.fires(TimerKind.RUNG, 1).commands == [(CommandKind.CALL, 3, 1)]


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.REJECTED, Outcome.HUNG_UP, Outcome.NO_ANSWER])
def test_no_way_for_a_call_to_end_acknowledges(outcome: Outcome) -> None:
    """Only a key does."""
    story = Story().calls(1).ends(1, outcome)
    assert story.incident.status is Status.TRIGGERED
    assert (CommandKind.TEXT, 2, 1) in story.commands


def test_voicemail_gets_a_message_and_the_ladder_goes_on_at_once() -> None:
    """A machine that picks up counts for nothing."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "call-1"), ev.MachineDetected(1, 1, "call-1"))
    assert story.commands == [(CommandKind.LEAVE_MESSAGE, 1, 1), (CommandKind.TEXT, 2, 1)]


def test_nobody_answers_and_the_steps_follow_each_other_to_the_loud_end() -> None:
    """Ann, Bob, Lee, everybody, exhausted; then the last resort is told."""
    story = Story()
    for _ in range(4):
        for a in story.incident.attempts:
            if a.status is AttemptStatus.PLANNED:
                story.calls(a.number)
        story.fires(TimerKind.STEP)
    assert story.incident.status is Status.EXHAUSTED
    assert "EXHAUSTED" in story.says
    assert (CommandKind.EMAIL, len(story.incident.attempts), 1) in story.commands


def test_the_rounds_of_a_policy_are_counted() -> None:
    """Two rounds of one step, then the end."""
    story = Story(incident(policy(step("ann"), rounds=2))).calls(1).fires(TimerKind.STEP)
    assert (story.incident.status, story.incident.round) == (Status.TRIGGERED, 1)
    assert story.calls(2).fires(TimerKind.STEP).incident.status is Status.EXHAUSTED


def test_the_alarm_is_raised_again_until_somebody_has_it() -> None:
    """Exhausted is never quiet."""
    story = Story(incident(policy(step("ann")))).calls(1).fires(TimerKind.STEP)
    before = len(story.incident.attempts)
    story.calls(before)
    assert story.fires(TimerKind.ALARM).commands == [(CommandKind.EMAIL, before + 1, 1)]
    assert story.incident.timer(TimerKind.ALARM)


def test_an_acknowledgement_hangs_up_every_other_phone() -> None:
    """Two people were ringing; the one who pressed 1 is not cut off."""
    story = Story(incident(policy(step("ann", "bob")))).calls(1).calls(2)
    story.tell(ev.AttemptAnswered(2, 1, "call-2"), ev.Acknowledged("bob", Via.PHONE, 2))
    assert story.commands == [(CommandKind.HANG_UP, 1, 1)]
    assert story.incident.status is Status.ACKNOWLEDGED


def test_a_key_pressed_in_a_call_of_unknown_outcome_stops_its_redial() -> None:
    """Nothing was heard of the first try, the second was about to go out, and then the key came from the first."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptUnknown(1, 1, "503")).fires(TimerKind.ATTEMPT, 1)
    story.tell(ev.AttemptClaimed(1, 2), ev.Acknowledged("ann", Via.PHONE, 1, 1))
    assert story.tell(ev.AttemptAccepted(1, 2, "r")).commands == [(CommandKind.HANG_UP, 1, 2)]


def test_a_call_accepted_after_somebody_had_it_is_hung_up() -> None:
    """The carrier's 2xx may come after the key press."""
    story = Story(incident(policy(step("ann", "bob")))).tell(ev.AttemptClaimed(1, 1))
    story.tell(ev.Acknowledged("bob", Via.CONSOLE), ev.AttemptAccepted(1, 1, "req-1-1"))
    assert story.commands == [(CommandKind.HANG_UP, 1, 1)]


def test_a_call_given_up_as_silent_is_hung_up_then() -> None:
    """It may still be ringing when somebody else acknowledges."""
    story = Story().calls(1).fires(TimerKind.ATTEMPT, 1)
    assert (CommandKind.HANG_UP, 1, 1) in story.commands
    assert story.incident.attempts[0].outcome is Outcome.SILENT


def test_a_call_given_up_after_it_was_picked_up_is_hung_up_when_it_shows_itself() -> None:
    """The key came from a call of which nothing had been heard, so there was no name to hang it up by."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.Acknowledged("ann", Via.PHONE, 1, 1)).fires(TimerKind.ATTEMPT, 1)
    assert story.tell(ev.AttemptAnswered(1, 1, "call-1")).commands == [(CommandKind.HANG_UP, 1, 1)]


def test_an_unknown_call_sends_the_text_meanwhile_and_is_dialled_again_without_evidence() -> None:
    """5xx is unknown, never failed: the phone may be ringing."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptUnknown(1, 1, "503"))
    assert story.commands == [(CommandKind.TEXT, 2, 1)]
    assert story.fires(TimerKind.ATTEMPT, 1).commands == [(CommandKind.CALL, 1, 2)]


def test_a_callback_that_names_the_try_settles_an_unknown_call() -> None:
    """Ringing is evidence: no second call."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptUnknown(1, 1, "503"), ev.AttemptRinging(1, 1, "call-1"))
    assert story.incident.attempts[0].status is AttemptStatus.RINGING
    assert (CommandKind.CALL, 1, 2) not in story.commands


def test_a_call_that_shows_itself_before_the_carrier_answers_our_request_keeps_its_own_name() -> None:
    """By the request's name, which may be another, a call that was picked up cannot be hung up."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptAnswered(1, 1, "call-1"), ev.AttemptAccepted(1, 1, "req-1"))
    assert story.incident.attempts[0].references == {1: "call-1"}
    late = Story().tell(ev.AttemptClaimed(1, 1), ev.Acknowledged("bob", Via.CONSOLE), ev.AttemptRinging(1, 1, "call-1"))
    assert late.tell(ev.AttemptAccepted(1, 1, "req-1")).incident.attempts[0].references == {1: "call-1"}


def test_of_two_calls_of_one_attempt_the_answered_one_is_kept() -> None:
    """The first came up after the redial: one phone never keeps two."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptUnknown(1, 1, "503")).fires(TimerKind.ATTEMPT, 1).calls(1, 2)
    story.tell(ev.AttemptAnswered(1, 1, "call-1"))
    assert story.commands == [(CommandKind.HANG_UP, 1, 2)]
    assert story.tell(ev.AttemptRinging(1, 2, "call-2")).commands == [(CommandKind.HANG_UP, 1, 2)]


def test_a_carrier_that_is_down_is_tried_again_within_the_step_with_the_text_meanwhile() -> None:
    """Failure is not absence: the step does not end by it."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, permanent=False, reason="connection refused"))
    assert story.commands == [(CommandKind.CALL, 1, 2), (CommandKind.TEXT, 2, 1)]
    assert story.last.commands[0].not_before == NIGHT + timedelta(seconds=2)
    assert story.incident.step == 0


def test_only_permanent_failures_end_a_step_at_once() -> None:
    """A wrong number, opted out of texts: nobody waits five minutes for that."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, permanent=True, reason="no such number"))
    story.tell(ev.AttemptClaimed(2, 1), ev.AttemptFailed(2, 1, permanent=True, reason="opted out"))
    story.tell(ev.AttemptClaimed(3, 1), ev.AttemptFailed(3, 1, permanent=True, reason="no such number"))
    assert story.incident.step == 1
    assert "skipped" in story.says


def test_a_text_that_can_never_arrive_becomes_a_call() -> None:
    """Also where the ladder has only texts."""
    story = Story(incident(policy(step("ann", ladder=(Rung(Channel.SMS),))))).calls(1)
    story.tell(ev.AttemptFailed(1, 1, permanent=True, reason="blocked by STOP", code="200"))
    assert story.commands == [(CommandKind.CALL, 2, 1)]


def test_an_empty_step_is_skipped_in_the_same_transaction_loudly() -> None:
    """Nobody waits on an empty chair."""
    story = Story(incident(policy(step("nobody"), step("bob"))))
    assert story.incident.step == 1
    assert "Step 1 skipped" in story.says
    assert {c[0] for c in story.commands} == {CommandKind.EMAIL, CommandKind.CALL}


def test_a_policy_with_nobody_at_all_is_exhausted_at_once_and_loud() -> None:
    """Every dead end is told to the last resort."""
    story = Story(incident(policy(step("nobody"), step("nobody"))))
    assert story.incident.status is Status.EXHAUSTED
    assert story.incident.timer(TimerKind.ALARM)


def test_a_decline_goes_to_the_next_step_when_it_was_the_last_of_this_one() -> None:
    """Key 3: not me."""
    story = Story(incident(policy(step("ann", "bob"), step("lee")))).calls(1).calls(2)
    assert story.tell(ev.Declined("ann", Via.PHONE, 1)).incident.step == 0
    assert story.tell(ev.Declined("bob", Via.PHONE, 2)).incident.step == 1


def test_a_stale_escalate_skips_nobody() -> None:
    """Ann presses 2 on a call from a step that is over."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "call-1")).fires(TimerKind.STEP)
    assert story.tell(ev.Escalated("ann", Via.PHONE, 1)).incident.step == 1


def test_a_stale_acknowledge_still_acknowledges() -> None:
    """It is never too late to have it."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "call-1")).fires(TimerKind.STEP)
    assert story.tell(ev.Acknowledged("ann", Via.PHONE, 1)).incident.acknowledged_by == "ann"


def test_whoever_has_it_can_hand_it_up() -> None:
    """2 after 1 pages the next step."""
    story = Story().calls(1).tell(ev.AttemptAnswered(1, 1, "c"), ev.Acknowledged("ann", Via.PHONE, 1))
    story.tell(ev.Escalated("ann", Via.PHONE, 1))
    assert (story.incident.status, story.incident.step) == (Status.TRIGGERED, 1)


def test_a_worse_alert_pages_again_from_the_first_step() -> None:
    """Acknowledged as a warning is not acknowledged as critical."""
    story = Story(incident(severity=Severity.WARNING)).tell(ev.Acknowledged("ann", Via.CONSOLE))
    story.tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert (story.incident.status, story.incident.severity) == (Status.TRIGGERED, Severity.CRITICAL)
    assert (CommandKind.CALL, 2, 1) in story.commands


@pytest.mark.parametrize(
    "said",
    [
        [],
        [ev.Acknowledged("ann", Via.CLI)],
        [ev.Snoozed(NIGHT + timedelta(hours=1), "ann", Via.CLI)],
        [ev.Resolved("ann", Via.CLI)],
    ],
)
def test_a_note_stands_in_the_timeline_and_does_nothing(said: list[ev.Event]) -> None:
    """Whatever the incident's status: nothing is sent, nothing moves."""
    before = Story().tell(*said)
    story = Story().tell(*said, ev.Noted("the disk was full", "ann", Via.CLI))
    assert (story.incident, story.commands) == (before.incident, [])
    assert story.says == "Note by Ann, by command line: the disk was full"


def test_a_resolve_for_an_older_occurrence_closes_nothing() -> None:
    """Late news of yesterday's trouble."""
    story = Story()
    story.incident = advance(story.incident, ev.RosterChanged(), story.roster, NIGHT).incident
    object.__setattr__(story.incident, "occurred_at", NIGHT)
    story.tell(ev.Resolved("prometheus", Via.MONITOR, NIGHT - timedelta(hours=1)))
    assert story.incident.status is Status.TRIGGERED


def test_a_carrier_that_recovers_sends_at_once_what_had_failed() -> None:
    """Nobody waits out a back-off for a carrier that works."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, permanent=False, reason="refused"))
    assert story.tell(ev.CarrierRecovered("plivo")).commands == [(CommandKind.CALL, 1, 3)]


def test_an_exhausted_incident_is_paged_again_when_a_carrier_recovers() -> None:
    """An outage longer than the policy."""
    story = Story(incident(policy(step("ann")))).tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, False, "refused"))
    story.fires(TimerKind.STEP).tell(ev.CarrierRecovered("plivo"))
    assert (story.incident.status, story.incident.step) == (Status.TRIGGERED, 0)


def test_who_slept_through_an_exhausted_policy_is_not_called_again_for_a_carrier_that_recovers() -> None:
    """Slack was down for a moment; the phones had rung, and nobody was missed by it."""
    story = Story(incident(policy(step("ann")))).calls(1).ends(1).calls(2).fires(TimerKind.STEP)
    assert story.tell(ev.CarrierRecovered("slack", frozenset({Channel.SLACK}))).incident.status is Status.EXHAUSTED


def test_a_new_person_on_call_is_paged_in_mid_step_and_the_old_one_no_longer() -> None:
    """An override while the phone rings."""
    story = Story(incident(policy(step("team:payments"))), roster("ann")).calls(1)
    story.roster = roster("bob")
    assert set(story.tell(ev.RosterChanged()).commands) == {(CommandKind.HANG_UP, 1, 1), (CommandKind.CALL, 2, 1)}


def test_refused_credentials_are_told_to_the_last_resort_once() -> None:
    """Our own fault, found by a page: said by a way that is not the carrier."""
    story = Story().tell(ev.AttemptClaimed(1, 1), ev.AttemptFailed(1, 1, False, "plivo refuses our credentials", alarm=True))
    assert (CommandKind.EMAIL, 2, 1) in story.commands
    again = ev.AttemptFailed(1, 2, False, "plivo refuses our credentials", alarm=True)
    assert CommandKind.EMAIL not in {c[0] for c in story.tell(ev.AttemptClaimed(1, 2), again).commands}


def test_a_page_that_cannot_be_sent_is_said_aloud_and_the_step_goes_on() -> None:
    """Time spent waiting for a slot has its own loud limit."""
    story = Story().fires(TimerKind.SLOT)
    assert "could be sent within 60 s" in story.says
    assert story.incident.timer(TimerKind.STEP)


@pytest.mark.parametrize("status", list(Status))
def test_news_of_a_text_under_the_number_of_a_call_changes_nothing(status: Status) -> None:
    """After a restore from a backup numbers are given anew, and the carrier still speaks of what the backup does not know."""
    story = Story().calls(1)
    object.__setattr__(story.incident, "status", status)
    call: Any = story.incident
    assert story.tell(ev.TextDelivered(1, 1)).incident == call
    text: Any = story.ends(1).calls(2).incident
    for event in (
        ev.AttemptRinging(2, 1),
        ev.AttemptAnswered(2, 1),
        ev.MachineDetected(2, 1),
        ev.AttemptEnded(2, 1, Outcome.BUSY),
    ):
        assert story.tell(event).incident == text


@pytest.mark.parametrize("status", list(Status))
def test_anything_strange_is_recorded_and_ignored(status: Status) -> None:
    """An event for an attempt that was never made changes nothing."""
    story = Story()
    object.__setattr__(story.incident, "status", status)
    before: Any = story.incident
    assert story.tell(ev.AttemptAnswered(99, 7)).incident == before
    assert "never made" in story.says
