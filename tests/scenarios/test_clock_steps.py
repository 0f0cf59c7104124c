"""Clocks that cannot be trusted: a machine's that is set an hour on or back while a phone rings, one that stands still, two that disagree,
people's on the nights of summer and winter time. Nobody is skipped, nobody is called twice for it. Not an outage (`crashes.test_late`)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from escalation.domain.incident import Status
from tests.scenarios.night import PUBLIC, Night
from workers.duties import at_once
from workers.timekeeper import Timekeeper


def test_an_hour_forward_skips_nobody(night: Night) -> None:
    """It looks like an outage: Ann's step goes on where it stood, her phone is not dialled once more, and Bob has his turn after it."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.steps_clock(hours=1)
    night.story_says("late: the pager was down")
    _step_one_goes_on_and_then_bob_is_called(night)


def test_an_hour_back_calls_nobody_again_and_the_night_goes_on(night: Night) -> None:
    """What was under way goes on at its pace; the step's end, an hour too far away by then, is found by the audit."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.steps_clock(hours=-1)
    _step_one_goes_on_and_then_bob_is_called(night)


def _step_one_goes_on_and_then_bob_is_called(night: Night) -> None:
    """The call that rang is not dialled again: it ends, the text and the second call follow at their pace."""
    night.ann.phone.is_ignored()
    night.ann.sms.reads("INC-1")
    night.after(minutes=2)
    night.ann.phone.rings().is_ignored()
    night.bob.phone.is_silent()
    night.until(lambda: night.bob.phone.phone.ringing, seconds=200)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=20)


def test_a_key_pressed_after_an_hour_back_is_heard(night: Night) -> None:
    """The menu and its callbacks are of the time before."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    night.steps_clock(hours=-1)
    night.ann.phone.presses("1").hears("acknowledged")
    assert night.status() is Status.ACKNOWLEDGED
    night.after(minutes=20)


def test_a_machine_stands_still_for_ten_minutes_while_a_phone_rings(night: Night) -> None:
    """Ann's call rang out and nobody heard of it. Her five minutes are not taken for over; Bob is called after them."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    with night.paused(minutes=10):
        night.ann.phone.is_silent()
    night.story_says("late: the pager was down")
    night.ann.sms.reads("INC-1")
    night.bob.phone.is_silent()
    night.after(minutes=2)
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.bob.phone.phone.ringing, seconds=180)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=20)


@pytest.mark.parametrize(
    ("change", "shown"),
    [(datetime(2027, 3, 28, 1, tzinfo=UTC), "04:0. CEST"), (datetime(2027, 10, 31, 1, tzinfo=UTC), "03:0. CET")],
    ids=["summer", "winter"],
)
def test_a_step_over_the_change_of_the_clocks_lasts_five_minutes(night: Night, change: datetime, shown: str) -> None:
    """In Ann's zone an hour is left out or comes twice. Steps do not care, and a snooze ends where the clock on her wall says."""
    night.after(seconds=(change - timedelta(minutes=3) - night.clock.now()).total_seconds())
    _ann_lets_her_step_pass(night)
    assert timedelta(minutes=2) <= night.clock.now() - change < timedelta(minutes=2, seconds=1)
    night.bob.phone.rings()
    assert re.search(shown.replace(" ", r":\d\d "), _snoozed_by_link(night))
    night.bob.phone.rang_and_stopped()


def _ann_lets_her_step_pass(night: Night) -> None:
    """Two calls and a text."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().is_ignored()
    night.ann.sms.reads("INC-1")
    night.after(minutes=2)
    night.ann.phone.rings().is_ignored()
    night.until(lambda: night.incident().step == 1, seconds=180)


def _snoozed_by_link(night: Night) -> str:
    """Ann's page of the incident after she pressed the button on it."""
    path = re.findall(rf"{PUBLIC}(/\S+)", night.ann.sms.last)[0]
    browser = night.browser()
    page = browser.get(path, base_url=PUBLIC).text
    form = next(f for f in re.findall(r"<form.*?</form>", page, re.DOTALL) if "/snooze" in f)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    browser.post(re.findall(r'action="([^"]+)"', form)[0], base_url=PUBLIC, data=fields, headers={"Referer": f"{PUBLIC}{path}"})
    night.after(seconds=1)
    assert night.status() is Status.SNOOZED
    return browser.get(path, base_url=PUBLIC).text.split("Paging begins again")[1]


class Disagreeing:
    """Two timekeepers, one on a host that is five seconds fast, one on a host five seconds slow."""

    def __init__(self, night: Night) -> None:
        self._hosts = [(s, Timekeeper(night.system, night.workers, at_once)) for s in (5, -5)]

    def turn(self, now: datetime) -> None:
        for seconds, timekeeper in self._hosts:
            timekeeper.turn(now + timedelta(seconds=seconds))


def test_two_timekeepers_whose_hosts_disagree_by_seconds(night: Night) -> None:
    """The database's clock decides: nobody is called twice, and no step ends before its five minutes or long after them."""
    night.timekeeper = Disagreeing(night)  # type: ignore[assignment]
    began = night.clock.now()
    _ann_lets_her_step_pass(night)
    assert timedelta(minutes=5) <= night.clock.now() - began < timedelta(minutes=5, seconds=1)
    night.bob.phone.rings().presses("1").hears("acknowledged")
    night.after(minutes=20)
