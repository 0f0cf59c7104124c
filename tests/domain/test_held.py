"""What an incident does that something holds back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.audit import findings
from escalation.domain.commands import CommandKind
from escalation.domain.hold import Hold, held_by
from escalation.domain.holding import Holding
from escalation.domain.incident import Incident, Status, TimerKind, Via
from escalation.domain.machine import advance
from escalation.domain.maintenance import On, Scope
from tests.builders import NIGHT, alert, incident, roster
from tests.domain.story import Story

HOUR = timedelta(hours=1)
HOLD = Hold("maintenance 3 (new disks)", NIGHT + HOUR)
STOPS = replace(HOLD, stops=True)


def held() -> Story:
    """An incident that began while something held it back."""
    story = Story()
    story.last = advance(incident(), ev.Triggered(alert(severity=Severity.ERROR), HOLD), roster(), NIGHT)
    story.incident = story.last.incident
    return story


def test_what_begins_in_a_window_is_recorded_and_not_paged() -> None:
    """The timeline says why and until when, and a timer will wake it."""
    story = held()
    assert (story.incident.status, story.incident.hold, story.commands) == (Status.SNOOZED, HOLD, [])
    assert "Recorded, nobody is paged: held back until 2026-11-23 04:00 UTC, maintenance 3 (new disks)." in story.says
    assert {(t.kind, t.due_at) for t in story.incident.timers} == {(TimerKind.SNOOZE, HOLD.until)}
    assert findings(story.incident, (), NIGHT) == ()


def test_it_is_paged_from_step_one_when_the_window_ends() -> None:
    """Complaint 12 the other way round: what nobody was told of is not forgotten."""
    story = held().fires(TimerKind.SNOOZE)
    assert (story.incident.status, story.incident.step) == (Status.TRIGGERED, 0)
    assert story.commands == [(CommandKind.CALL, 1, 1)]
    assert "No longer held by maintenance 3 (new disks), and still open. Paging from step 1." in story.says


def test_or_as_soon_as_it_is_ended() -> None:
    """Said twice it is paged once."""
    story = held().tell(ev.Reviewed())
    assert story.commands == [(CommandKind.CALL, 1, 1)]
    assert story.tell(ev.Reviewed()).commands == []


def test_when_it_is_over_before_nobody_is_woken() -> None:
    """Resolved inside the window."""
    story = held().tell(ev.Resolved("the monitor", Via.MONITOR))
    assert (story.incident.status, story.commands, story.incident.timers) == (Status.RESOLVED, [], frozenset())
    assert story.tell(ev.Reviewed()).commands == []


def test_another_window_that_is_on_by_then_holds_it_on() -> None:
    """Until that one ends."""
    story = held()
    story.now = HOLD.until
    later = Hold("maintenance backups", NIGHT + 3 * HOUR)
    story.tell(ev.TimerFired(TimerKind.SNOOZE, 0, story.incident.turn, hold=later))
    assert (story.incident.hold, story.commands) == (later, [])
    assert story.fires(TimerKind.SNOOZE).incident.status is Status.TRIGGERED


def test_getting_worse_is_no_way_around_a_window() -> None:
    """It is written down; unless the window is for what is less severe only, and then nothing holds it any more."""
    story = held().tell(ev.Triggered(alert(severity=Severity.CRITICAL), HOLD))
    assert (story.incident.severity, story.incident.hold, story.commands) == (Severity.CRITICAL, HOLD, [])
    assert "Nobody is paged for that: maintenance 3 (new disks)." in story.says
    story = held().tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert story.commands == [(CommandKind.CALL, 1, 1)]


@pytest.mark.parametrize(("hold", "goes_on"), [(HOLD, True), (STOPS, False), (None, True)])
def test_what_was_being_paged_goes_on_unless_the_window_says_otherwise(hold: Hold | None, goes_on: bool) -> None:
    """A window is for what begins in it."""
    story = Story().calls(1).tell(ev.Reviewed(hold))
    assert (story.incident.status is Status.TRIGGERED) is goes_on
    assert story.commands == ([] if goes_on else [(CommandKind.HANG_UP, 1, 1)])


def test_whoever_wants_it_paged_all_the_same_is_obeyed() -> None:
    """Escalating is a person's word; the same window does not stop that again."""
    story = held().tell(ev.Escalated("ann", Via.CLI))
    assert story.commands == [(CommandKind.CALL, 1, 1)]
    assert story.tell(ev.Reviewed(STOPS)).incident.status is Status.TRIGGERED


def test_and_when_it_gets_worse_it_is_paged_again_window_or_not() -> None:
    """Else the steps that are only for worse would never be come to, not even when the window is over."""
    story = held().tell(ev.Escalated("ann", Via.CLI), ev.Triggered(alert(severity=Severity.CRITICAL), STOPS))
    assert "Worse than before: error became critical. Paging again from step 1." in story.says
    assert story.tell(ev.Reviewed(STOPS)).incident.status is Status.TRIGGERED


def test_nor_does_a_window_stop_what_somebody_gave_back_or_handed_up() -> None:
    """Inside of it: their word is newer. Once somebody has it again, the window counts again."""
    for said in (ev.Unacknowledged("ann", Via.CLI), ev.Escalated("ann", Via.CLI)):
        story = held().tell(ev.Acknowledged("ann", Via.CLI), said, ev.Reviewed(STOPS))
        assert story.incident.status is Status.TRIGGERED
        story.tell(ev.Acknowledged("bob", Via.CLI)).fires(TimerKind.ACK).tell(ev.Reviewed(STOPS))
        assert story.incident.hold


def test_what_somebody_snoozed_or_has_follows_no_window() -> None:
    """Their word counts, until it ends inside of it."""
    for said in (ev.Snoozed(NIGHT + HOUR, "ann", Via.CLI), ev.Acknowledged("ann", Via.CLI)):
        story = held().tell(said)
        assert story.incident.hold is None
        before = story.incident
        assert story.tell(ev.Reviewed()).incident == before


@pytest.mark.parametrize("kind", [TimerKind.ACK, TimerKind.SNOOZE])
def test_what_ends_inside_the_window_is_held_again(kind: TimerKind) -> None:
    """Nobody is woken by an acknowledgement that runs out in the middle of it."""
    said = ev.Acknowledged("ann", Via.CLI) if kind is TimerKind.ACK else ev.Snoozed(NIGHT + HOUR / 2, "ann", Via.CLI)
    story = held().tell(said)
    timer = story.incident.timer(kind)
    assert timer
    story.now = timer.due_at
    story.tell(ev.TimerFired(kind, 0, timer.turn, hold=HOLD))
    assert (story.incident.hold, story.commands) == (HOLD, [])


def test_a_lost_timer_is_missed_and_asks_again() -> None:
    """The audit wakes it at once, and what holds it is looked up then."""
    story = held()
    story.incident = replace(story.incident, timers=frozenset())
    assert [f.said for f in findings(story.incident, (), NIGHT)] == ["nothing would have moved this incident on"]
    timer = story.tell(ev.Audited(frozenset())).incident.timer(TimerKind.SNOOZE)
    assert timer
    assert timer.due_at == NIGHT


def test_a_hold_is_kept_among_the_words_of_an_incident() -> None:
    """The release before leaves a word alone that it does not know; what a later one writes is no hold."""
    assert held_by({"exhausted", HOLD.word}) == HOLD
    assert held_by({"held: tomorrow whatever", "held: 2026-11-23"}) is None


# --- who is held


def window(**values: object) -> On:
    said: dict[str, object] = {
        "why": "w",
        "scope": Scope(("payments",)),
        "start": NIGHT - HOUR,
        "end": NIGHT + HOUR,
        "stops": False,
    }
    return On(**said | values)  # type: ignore[arg-type]


def judged(*windows: On, one: Incident | None = None, severity: Severity = Severity.ERROR) -> Hold | None:
    return Holding(windows).hold(one or incident(), severity, NIGHT)


def test_only_what_began_in_a_window_is_held_by_it() -> None:
    """Unless it stops what rings, or what it would be is held already."""
    assert judged(window()) == Hold("w", NIGHT + HOUR)
    assert judged(window(start=NIGHT + timedelta(seconds=1))) is None
    assert judged(window(start=NIGHT + timedelta(seconds=1), stops=True)) == Hold("w", NIGHT + HOUR, stops=True)
    assert judged(window(start=NIGHT + timedelta(seconds=1)), one=held().incident) == Hold("w", NIGHT + HOUR)


def test_of_several_windows_the_one_that_lasts_longest_counts() -> None:
    """What is over holds nothing."""
    assert judged(window(), window(why="longer", end=NIGHT + 2 * HOUR)) == Hold("longer", NIGHT + 2 * HOUR)
    assert judged(window(end=NIGHT)) is None


def test_a_window_for_mild_trouble_lets_the_worse_through() -> None:
    """Limited by severity."""
    mild = window(scope=Scope(("payments",), {}, Severity.WARNING))
    assert judged(mild) is None
    assert judged(mild, severity=Severity.WARNING)


def test_a_self_test_is_never_held() -> None:
    """It would be told as failed every night."""
    test = replace(incident(), policy=replace(incident().policy, test_number="+15550100001"))
    assert judged(window(), one=test) is None
