"""What is overdue when we come back, after minutes or hours in which nothing of ours lived: looked at again, then paged at once, and the
story says how late and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from escalation.domain.incident import Status
from escalation.sandbox import Habit
from tests.builders import NIGHT, PHONES, policy, roster, site, step
from tests.crashes.boundaries import Fate
from tests.crashes.night import CrashNight, Post, Script
from tests.crashes.scripts import CALL, CALL_TEXT_CALL, SLEEPS, TEXT

HOURS = timedelta(hours=3)
EVERYBODY_SLEEPS = {handle: [SLEEPS] for handle in PHONES}


def first(name: str) -> Callable[[int, str], bool]:
    """We die at the first boundary of that name, once."""
    died: list[int] = []
    return lambda number, at: not died and at.startswith(name) and died.append(number) is None


def night(post: Post, script: Script, dies_at: str, down: timedelta = HOURS) -> CrashNight:
    return CrashNight(script, post, Fate(first(dies_at)), down)


def calls(played: CrashNight, handle: str) -> list[datetime]:
    return [NIGHT + timedelta(seconds=c.requested_at - NIGHT.timestamp()) for c in played.world.phone(PHONES[handle]).calls]


@pytest.mark.parametrize(
    "dies_at", ["after commit (first_seen, create", "after commit (claim", "before request POST Call", "voice was answered"]
)
def test_an_outage_of_hours_skips_nobody(post: Post, dies_at: str) -> None:
    """Wherever it began: Ann has her five minutes from when we are back, Bob is called after them, and the story says how late."""
    script = Script(policy(step("ann"), step("bob"), step("lee")), EVERYBODY_SLEEPS, minutes=1)
    played = night(post, script, dies_at)
    played.play().play_on(minutes=9)
    back = NIGHT + HOURS
    assert [c for c in calls(played, "ann") if back <= c < back + timedelta(minutes=1)]
    assert min(calls(played, "bob")) >= back + timedelta(minutes=4)
    assert not calls(played, "lee")
    assert "late: the pager was down." in played.story()
    played.close()


def test_the_rest_of_a_step_is_still_its_own(post: Post) -> None:
    """Ann was called and written to when we went down; her second call is made at once, and Bob's when her time is up, not before."""
    script = Script(policy(step("ann", ladder=CALL_TEXT_CALL), step("bob")), EVERYBODY_SLEEPS, minutes=1)
    played = night(post, script, "after commit (first_seen, free_phone, save)", timedelta(hours=1))
    played.play().play_on(minutes=8)
    back = NIGHT + timedelta(hours=1, seconds=25)
    assert len(calls(played, "ann")) == 2
    assert back <= calls(played, "ann")[1] <= back + timedelta(seconds=60)
    assert back + timedelta(minutes=2) <= min(calls(played, "bob")) <= back + timedelta(minutes=5)
    assert "59 min late: the pager was down." in played.story()
    played.close()


def test_what_waits_goes_out_by_urgency_then_by_age(post: Post) -> None:
    """Five incidents whose first texts lie there for hours: one text tells of them, critical before error, of two the older first."""
    opened = [(0.0, "warning"), (1.0, "error"), (2.0, "critical"), (3.0, "error"), (4.0, "critical")]
    script = Script(
        policy(step("ann", ladder=TEXT)),
        {},
        [(at, f"db-{n}", "trigger") for n, (at, _) in enumerate(opened)],
        minutes=5,
        severities={f"db-{n}": severity for n, (_, severity) in enumerate(opened)},
    )
    played = CrashNight(script, post, down=HOURS)
    played.workers_live = False
    played.play_on(minutes=0.1)
    played.die()
    played.play_on(minutes=1)
    played.play_on(minutes=1)  # one after the other, below the carrier's rate
    texts = [m.text for m in played.world.texting.messages if m.direction == "outbound"]
    assert len(texts) == 1, played.story()
    assert texts[0].startswith("5 INCIDENTS. CRITICAL payments: db-2 is down; CRITICAL payments: db-4"), texts
    played.close()


def test_overdue_steps_are_gone_through_by_urgency(post: Post) -> None:
    """What timers lead to is nudged in the order in which they are looked at: the critical incident's before the older warning's."""
    script = Script(
        policy(step("ann", minutes=1, ladder=TEXT), step("bob", ladder=TEXT)),
        {},
        [(0.0, "old", "trigger"), (5.0, "bad", "trigger")],
        minutes=1,
        severities={"old": "warning", "bad": "critical"},
    )
    played = CrashNight(script, post, down=HOURS)
    played.play_on(minutes=0.5)
    played.die()
    played.play_on(minutes=1)
    played.play_on(minutes=1)
    written = [m.text for m in played.world.texting.messages if m.to == PHONES["bob"].lstrip("+")]
    assert "INC-2 " in written[0] or "2 INCIDENTS. CRITICAL" in written[0], played.story()
    played.close()


@pytest.mark.parametrize("dies_at", ["after commit (first_seen, create", "voice was answered"])
def test_whoever_is_no_longer_on_call_is_not_woken(post: Post, dies_at: str) -> None:
    """While we were down, Ann's place in the team went to Lee: it is Lee who is called when we are back."""
    script = Script(policy(step("team:payments", ladder=CALL), step("bob")), EVERYBODY_SLEEPS, minutes=2)
    played = night(post, script, dies_at)
    _apply(played, "ann")
    played.world.after(60, lambda: _apply(played, "lee"))
    played.play().play_on(minutes=2)
    back = NIGHT + HOURS
    assert [c for c in calls(played, "lee") if back <= c <= back + timedelta(seconds=30)], played.story()
    assert not [c for c in calls(played, "ann") if c >= back]
    played.close()


def _apply(played: CrashNight, *team: str) -> None:
    """By a command line on another machine, which tells nobody who is dead."""
    with played.away() as tx:
        tx.apply(replace(site(policy=played.script.policy), roster=replace(roster(), teams={"payments": team})), "")


def test_a_shift_that_ended_before_the_nudge_is_looked_up_by_the_worker_too(post: Post) -> None:
    """The nudge outlived us in the broker, and a worker is faster than the timekeeper: it looks again before it dials."""
    script = Script(policy(step("team:payments", ladder=CALL)), EVERYBODY_SLEEPS, minutes=2)
    played = night(post, script, "after nudge")
    _apply(played, "ann")
    played.world.after(60, lambda: _apply(played, "lee"))
    played.workers_first = True
    played.play().play_on(minutes=1)
    assert calls(played, "lee"), played.story()
    assert not calls(played, "ann")
    assert "2 h 59 min late: the pager was down." in played.story()
    played.close()


def test_what_somebody_has_meanwhile_stays_quiet(post: Post) -> None:
    """Acknowledged before we went down: hours later nobody is dialled, and nothing is said to be late."""
    script = Script(policy(step("ann"), step("bob")), {"ann": [Habit("answers", presses=("1",))]}, minutes=1)
    played = CrashNight(script, post, down=timedelta(minutes=20))
    played.play_on(minutes=1)
    played.die()
    played.play_on(minutes=1)
    assert played.incidents()[0].status is Status.ACKNOWLEDGED
    assert (len(calls(played, "ann")), calls(played, "bob")) == (1, [])
    assert "late" not in played.story()
    played.close()
