"""An incident out of a backup: nothing is sent a second time, and paging goes on with what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import AttemptStatus, Incident, Outcome, Status, TimerKind, Via
from escalation.domain.machine import Decision, advance
from escalation.domain.policy import Policy, Rung
from escalation.domain.roster import Channel
from tests.builders import NIGHT, alert, incident, policy, roster, step

TAKEN = NIGHT + timedelta(seconds=20)


def after(*events: ev.Event, chosen: Policy | None = None) -> Incident:
    """As the backup has it, twenty seconds into the night."""
    now = incident(chosen)
    for event in (ev.Triggered(alert()), *events):
        now = advance(now, event, roster(), NIGHT + timedelta(seconds=10)).incident
    return now


def restored(before: Incident, **later: float) -> Decision:
    return advance(before, ev.Restored(TAKEN), roster(), TAKEN + timedelta(**later))


def whom(decision: Decision) -> list[tuple[str, CommandKind]]:
    """Who is sent what."""
    now = decision.incident
    return [(now.page_of(now.attempts[c.attempt - 1]).responder, c.kind) for c in decision.commands]


CLAIMED, ACCEPTED, RINGING = ev.AttemptClaimed(1, 1), ev.AttemptAccepted(1, 1, "r"), ev.AttemptRinging(1, 1, "c")


@pytest.mark.parametrize(
    ("under_way", "sent"),
    [
        ((), [("ann", CommandKind.TEXT)]),
        ((CLAIMED,), [("ann", CommandKind.TEXT)]),
        ((CLAIMED, ev.AttemptUnknown(1, 1, "silence")), []),  # its text was planned meanwhile, and may have gone out too
    ],
)
def test_a_call_that_may_have_gone_out_is_not_placed_again(
    under_way: tuple[ev.Event, ...], sent: list[tuple[str, CommandKind]]
) -> None:
    """The text behind it goes, and the ladder's next call in its time."""
    decision = restored(after(*under_way), minutes=1)
    assert whom(decision) == sent
    assert decision.incident.attempts[0].status is AttemptStatus.SETTLED
    assert decision.incident.timer(TimerKind.RUNG, 1)
    assert decision.incident.timer(TimerKind.STEP).due_at > TAKEN


def test_a_call_that_the_carrier_had_is_hung_up_should_it_still_ring() -> None:
    """Else two would be on one phone."""
    assert whom(restored(after(CLAIMED, ACCEPTED, RINGING))) == [("ann", CommandKind.HANG_UP), ("ann", CommandKind.TEXT)]


def test_a_step_whose_time_is_over_is_over() -> None:
    """The next person at once."""
    decision = restored(after(CLAIMED, ACCEPTED), minutes=10)
    assert whom(decision) == [("ann", CommandKind.HANG_UP), ("bob", CommandKind.CALL)]
    assert decision.incident.step == 1


def test_a_step_in_which_nothing_more_is_to_come_is_over() -> None:
    """Its only call is not placed again, so nobody would be waited for."""
    alone = policy(step("ann", ladder=(Rung(Channel.VOICE),)), step("bob"))
    decision = restored(after(CLAIMED, chosen=alone), seconds=1)
    assert whom(decision) == [("bob", CommandKind.CALL)]


def test_a_text_that_lies_there_keeps_its_page_until_the_step_is_over() -> None:
    """It may be read any moment."""
    texts = policy(step("ann", ladder=(Rung(Channel.SMS),)), step("bob"))
    before = after(CLAIMED, ACCEPTED, chosen=texts)
    decision = restored(before, minutes=1)
    assert (whom(decision), decision.incident.step) == ([], 0)
    assert decision.incident.timer(TimerKind.STEP) == before.timer(TimerKind.STEP)


@pytest.mark.parametrize(
    ("event", "status", "wakes"),
    [
        (ev.Acknowledged("ann", Via.CLI), Status.ACKNOWLEDGED, TimerKind.ACK),
        (ev.Snoozed(NIGHT + timedelta(hours=1), "ann", Via.CLI), Status.SNOOZED, TimerKind.SNOOZE),
    ],
)
def test_what_somebody_has_stays_with_them(event: ev.Event, status: Status, wakes: TimerKind) -> None:
    """Nobody is called, and what would wake it still will."""
    before = after(CLAIMED, ACCEPTED, event, chosen=policy(acknowledgement_expires=timedelta(hours=4)))
    decision = restored(before, minutes=10)
    assert [kind for _, kind in whom(decision)] in ([], [CommandKind.HANG_UP])
    assert (decision.incident.status, decision.incident.timer(wakes)) == (status, before.timer(wakes))


def test_a_resolved_one_is_left_alone() -> None:
    """Not even a line."""
    before = after(ev.Resolved("monitor", Via.MONITOR))
    assert restored(before) == Decision(before, (), ())


def test_the_timeline_says_what_was_cut_off() -> None:
    """Whoever reads it in the morning must know why nobody called."""
    said = [entry.text for entry in restored(after(CLAIMED)).entries]
    assert said[:2] == [
        "Restored from a backup of 2026-11-23 03:00:20 UTC: what came after it is not known.",
        "Ann by voice on +1•••••••001: it was claimed then; not sent again.",
    ]


def test_the_call_of_before_is_hung_up_when_it_shows_itself() -> None:
    """And what it says of itself settles nothing of what came after."""
    now = restored(after(CLAIMED, ACCEPTED), minutes=10).incident
    decision = advance(now, RINGING, roster(), TAKEN + timedelta(minutes=10))
    assert whom(decision) == [("ann", CommandKind.HANG_UP)]
    assert decision.incident.attempts[0].outcome is Outcome.STOOD_DOWN


def test_a_person_who_is_the_last_resort_is_told_on() -> None:
    """Their phone was ringing when the backup was taken; the text behind the call goes out."""
    last = replace(policy(step("nobody")), last_resort=step("lee"))
    now = restored(after(CLAIMED, ACCEPTED, RINGING, chosen=last))
    assert ("lee", CommandKind.TEXT) in whom(now)
