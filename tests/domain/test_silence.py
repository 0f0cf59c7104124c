"""A long silence closes what somebody has, where the service asks for it, and never what nobody has."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain import events as ev
from escalation.domain.incident import Status, Timer, TimerKind, Via
from tests.builders import NIGHT, incident, policy
from tests.domain.story import Story

LISTENS = policy(acknowledgement_expires=None, auto_resolve=timedelta(hours=12))


def quiet(story: Story, heard_ago: timedelta | None) -> Story:
    """Its timer fires, the last alert having come so long before."""
    timer = story.incident.timer(TimerKind.QUIET)
    assert timer
    story.now = timer.due_at
    heard = None if heard_ago is None else story.now - heard_ago
    return story.tell(ev.TimerFired(TimerKind.QUIET, 0, timer.turn, heard))


@pytest.mark.parametrize("said", [ev.Acknowledged("ann", Via.CLI), ev.Snoozed(NIGHT + timedelta(days=2), "ann", Via.CLI)])
@pytest.mark.parametrize("heard_ago", [timedelta(hours=12), timedelta(hours=40), None])
def test_what_somebody_has_is_over_after_a_long_silence(said: ev.Event, heard_ago: timedelta | None) -> None:
    """Where the service asks for it; the story says why."""
    story = quiet(Story(incident(LISTENS)).tell(said), heard_ago)
    assert story.incident.status is Status.RESOLVED
    assert story.says.endswith("and no alert came for 12 h (auto_resolve).")
    assert not story.incident.timers


def test_an_alert_meanwhile_puts_it_off() -> None:
    """Repeats are counted beside the incident: the timer looks at the last one and goes on from there."""
    story = quiet(Story(incident(LISTENS)).tell(ev.Acknowledged("ann", Via.CLI)), timedelta(hours=5))
    assert story.incident.status is Status.ACKNOWLEDGED
    timer = story.incident.timer(TimerKind.QUIET)
    assert timer
    assert timer.due_at - story.now == timedelta(hours=7)
    assert quiet(story, timedelta(hours=12)).incident.status is Status.RESOLVED


def test_what_nobody_has_never_closes_itself() -> None:
    """Also by a timer that the release before left behind: it does not know that kind, so it drops none."""
    story = Story(incident(LISTENS)).tell(ev.Acknowledged("ann", Via.CLI))
    left = story.incident.timer(TimerKind.QUIET)
    assert left
    story.tell(ev.Unacknowledged("ann", Via.CLI))
    assert TimerKind.QUIET not in {t.kind for t in story.incident.timers}
    for again in ([], [ev.Acknowledged("bob", Via.CLI)]):
        story.tell(*again)
        story.incident = replace(story.incident, timers=frozenset({left}))
        story.now = left.due_at
        assert story.tell(ev.TimerFired(TimerKind.QUIET, 0, left.turn)).incident.is_open


def test_what_is_being_paged_never_closes_itself_whatever_timer_it_has() -> None:
    """Nobody has it, however quiet its monitor is."""
    story = Story(incident(LISTENS))
    timer = Timer(TimerKind.QUIET, 0, story.incident.turn, NIGHT)
    story.incident = replace(story.incident, timers=story.incident.timers | {timer})
    assert story.tell(ev.TimerFired(TimerKind.QUIET, 0, timer.turn)).incident.status is Status.TRIGGERED


def test_without_being_asked_nothing_closes_itself() -> None:
    """Off by default."""
    story = Story().tell(ev.Acknowledged("ann", Via.CLI))
    assert {t.kind for t in story.incident.timers} == {TimerKind.ACK}
