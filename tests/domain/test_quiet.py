"""Quiet hours: what is not urgent waits for the morning; what is urgent does not, and nothing is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.audit import findings
from escalation.domain.conditions import Hours
from escalation.domain.incident import LAST_RESORT, Status, TimerKind, Via
from escalation.domain.policy import Policy, Step
from escalation.domain.quiet import quiet_until
from escalation.domain.roster import Roster
from escalation.domain.week import Week, daily
from tests.builders import NIGHT, alert, incident, person, policy, roster, step, target
from tests.domain.story import Story

BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = Hours(BERLIN, Week.of(daily(range(7), time(22), time(7))))
MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 07:00 in Berlin; `NIGHT` is 04:00 there


def asleep(*handles: str) -> Roster:
    people = roster().people
    return replace(roster(), people=people | {h: replace(people[h], quiet=NIGHTS) for h in handles})


def warned(*handles: str, chosen: Policy | None = None) -> Story:
    """A warning in the night; these people have quiet hours."""
    return Story(incident(chosen, severity=Severity.WARNING), asleep(*handles))


def called(story: Story) -> list[str]:
    return [story.incident.page_of(a).responder for a in story.incident.attempts if not a.settled]


def is_well(story: Story) -> bool:
    """The audit finds nothing to set right."""
    sending = {(c.attempt, c.try_) for c in story.last.commands}
    return not findings(story.incident, sending, story.now)


def test_a_page_of_low_urgency_waits_for_the_end_of_the_quiet_hours() -> None:
    """Ann sleeps; the timeline says so, nobody else is called in her place, and at seven her phone rings."""
    story = warned("ann")
    assert (story.commands, called(story)) == ([], [])
    assert "Ann has quiet hours and this is of low urgency: paged when they end, Mon 07:00 (Europe/Berlin)." in story.says
    timer = story.incident.timer(TimerKind.RUNG, 1)
    assert timer
    assert timer.due_at == MORNING
    assert is_well(story)
    story.fires(TimerKind.RUNG, 1)
    assert (story.now, called(story)) == (MORNING, ["ann"])


def test_the_step_has_its_whole_time_once_they_are_awake() -> None:
    """Neither the step's end nor the alarm of a slow queue comes in the night."""
    story = warned("ann").fires(TimerKind.SLOT)
    assert (story.incident.step, story.incident.alarmed, is_well(story)) == (0, frozenset(), True)
    story.fires(TimerKind.RUNG, 1).calls(1)
    timer = story.incident.timer(TimerKind.STEP)
    assert timer
    assert timer.due_at == MORNING + timedelta(minutes=5)


def test_a_place_beside_a_sleeper_is_told_at_once_and_the_step_waits() -> None:
    """The channel has it in the night, Ann in the morning; Bob is not called in between."""
    story = warned("ann", chosen=policy(step("ann", "slack:#incidents"), step("bob")))
    assert called(story) == ["slack:#incidents"]
    story.calls(1).fires(TimerKind.STEP)
    assert (story.incident.step, is_well(story)) == (0, True)
    assert "Nobody acknowledged" not in story.says
    story.fires(TimerKind.RUNG, 1)
    assert (story.now, called(story)[-1]) == (MORNING, "ann")


def test_a_step_in_which_somebody_is_awake_goes_on_without_the_sleeper() -> None:
    """Bob is called now; after five minutes Lee, not in the morning."""
    story = warned("ann", chosen=policy(step("ann", "bob"), step("lee")))
    assert called(story) == ["bob"]
    story.calls(1).fires(TimerKind.STEP)
    assert called(story) == ["lee"]


def test_what_is_urgent_knows_no_quiet_hours() -> None:
    """An error rings."""
    assert called(Story(incident(severity=Severity.ERROR), asleep("ann"))) == ["ann"]


def test_a_rise_of_urgency_rings_at_once() -> None:
    """The warning became critical at four in the morning."""
    story = warned("ann").tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert called(story) == ["ann"]
    assert story.incident.timer(TimerKind.RUNG, 1) is None


@pytest.mark.parametrize("event", [ev.Acknowledged("bob", Via.CONSOLE), ev.Resolved("monitor", Via.MONITOR)])
def test_what_somebody_has_by_the_morning_rings_nobody(event: ev.Event) -> None:
    """Complaint 12: paged after resolve, or for somebody else's acknowledgement."""
    story = warned("ann").tell(event)
    story.now = MORNING
    story.tell(ev.TimerFired(TimerKind.RUNG, 1, 1))
    assert (story.commands, called(story)) == ([], [])


def test_an_escalation_takes_it_to_whoever_is_awake() -> None:
    """The sleeper is let alone."""
    story = warned("ann").tell(ev.Escalated("zoe", Via.CLI))
    assert called(story) == ["bob"]


def test_somebody_who_is_awake_and_joins_the_sleepers_does_not_wait_for_the_morning() -> None:
    """Lee is added at four; when he does not answer either, Bob is called five minutes later, not at seven."""
    story = warned("ann").fires(TimerKind.SLOT).tell(ev.ResponderAdded("lee", "zoe", Via.CLI))
    assert (called(story), is_well(story)) == (["lee"], True)
    story.calls(1).fires(TimerKind.STEP)
    assert (called(story), story.now < NIGHT + timedelta(minutes=10)) == (["bob"], True)


def test_an_outage_in_the_night_does_not_bring_the_morning_forward() -> None:
    """Complaint: late is no reason to wake anybody. The pager was down from four to five; Ann is called at seven."""
    story = warned("ann")
    story.now = NIGHT + timedelta(hours=1)
    slot = story.incident.timer(TimerKind.SLOT)
    assert slot
    story.tell(ev.TimerFired(TimerKind.SLOT, 0, slot.turn))
    timer = story.incident.timer(TimerKind.RUNG, 1)
    assert timer
    assert (timer.due_at, called(story), is_well(story)) == (MORNING, [], True)


def test_a_dead_end_wakes_the_last_resort_all_the_same() -> None:
    """Complaint 10: nobody is in the step; that is loud whatever the severity."""
    last = replace(policy(step("nobody")), last_resort=Step((target("ann"),)))
    story = warned("ann", chosen=last)
    assert (story.incident.status, called(story)) == (Status.EXHAUSTED, ["ann"])
    assert story.incident.pages[0].step == LAST_RESORT


def test_a_restored_incident_lets_sleep_too() -> None:
    """The page waits on."""
    story = warned("ann").tell(ev.Restored(NIGHT))
    assert (called(story), is_well(story)) == ([], True)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 5, tzinfo=UTC)),  # the clocks go forward
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 6, tzinfo=UTC)),  # and back
        (datetime(2026, 7, 1, 12, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(at: datetime, ends: datetime | None) -> None:
    """Complaint 8: seven is seven on the nights on which clocks are changed."""
    assert quiet_until(replace(person("ann"), quiet=NIGHTS), at) == ends
