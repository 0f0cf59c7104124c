"""Somebody works on it: what breaks meanwhile is recorded, and nobody is woken for it unless it is still broken when they are done."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from escalation.domain import events as ev
from escalation.domain.alert import Action, Severity
from escalation.domain.incident import Status, Via
from escalation.domain.maintenance import Planned, Recurring, Scope
from escalation.domain.week import Week, daily
from escalation.errors import BadInput, NotFound
from escalation.local.checks import quiet
from escalation.local.checks.finding import Level
from tests.builders import alert, site
from tests.scenarios.night import Night, on_both_databases
from tests.webhooks.receiver import Browser

HOUR = timedelta(hours=1)
PAYMENTS = Scope(("payments",))


def under_maintenance(night: Night, scope: Scope = PAYMENTS, *, stops: bool = False, lasts: timedelta = HOUR) -> int:
    now = night.clock.now()
    return night.system.review.plan(Planned(scope, now, now + lasts, "new disks", stops), "ann")


@on_both_databases
def test_what_breaks_meanwhile_is_paged_when_the_window_ends(night: Night) -> None:
    """Users of another pager asked for this eighth most of all: it rings at the end, from step one, and not before."""
    under_maintenance(night)
    night.trouble("db-1 is down")
    night.after(minutes=59)
    night.ann.phone.is_silent()
    night.story_says("Recorded, nobody is paged: held back until 2026-11-23 04:00 UTC, maintenance 1 (new disks)")
    night.after(minutes=1)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_what_is_right_again_by_then_wakes_nobody(night: Night) -> None:
    """Resolved by its monitor, in the window."""
    under_maintenance(night)
    night.trouble("db-1 is down")
    night.after(minutes=30)
    night.takes(alert(action=Action.RESOLVE))
    night.after(hours=2)
    assert night.status() is Status.RESOLVED


def test_ended_early_it_is_paged_at_once(night: Night) -> None:
    """By whoever is done sooner; ended twice is said to be over."""
    window = under_maintenance(night)
    night.trouble("db-1 is down")
    night.after(minutes=10)
    night.system.review.end(window, "bob")
    night.settle()
    night.ann.phone.rings().presses("1")
    night.story_says("No longer held by maintenance 1 (new disks)")
    with pytest.raises(NotFound):
        night.system.review.end(window, "bob")


def test_a_window_that_somebody_ended_and_died_is_seen_by_the_timekeeper(night: Night) -> None:
    """Between the commit and the telling: a second later the phone rings."""
    window = under_maintenance(night)
    night.trouble("db-1 is down")
    with night.system.store.transaction() as tx:
        tx.end_maintenance(window, "bob")
    night.after(seconds=2)
    night.ann.phone.rings().presses("1")


def test_what_rang_before_goes_on_ringing(night: Night) -> None:
    """A window is for what begins in it: the others were true."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    under_maintenance(night)
    night.after(seconds=5)
    night.ann.phone.presses("1").hears("acknowledged")


def test_unless_the_window_says_otherwise(night: Night) -> None:
    """The phone stops, and rings again when the window is over."""
    night.trouble("db-1 is down")
    night.ann.phone.rings()
    under_maintenance(night, stops=True)
    night.after(seconds=2)
    night.ann.phone.was_hung_up_on()
    night.after(minutes=58)
    night.ann.phone.is_silent()
    night.after(minutes=2)
    night.ann.phone.rings().presses("1")


def test_getting_worse_in_a_window_wakes_nobody(night: Night) -> None:
    """Worse is what maintenance looks like; where the window is for mild trouble, it does wake."""
    under_maintenance(night)
    night.trouble("db-1 is slow", severity=Severity.WARNING)
    night.trouble("db-1 is down", severity=Severity.CRITICAL)
    night.after(minutes=30)
    assert (night.status(), night.incident().severity) == (Status.SNOOZED, Severity.CRITICAL)
    night.takes(alert(action=Action.RESOLVE))
    night.after(hours=1)
    under_maintenance(night, Scope(("payments",), {}, Severity.WARNING))
    night.trouble("db-2 is slow", severity=Severity.WARNING, key="db-2")
    night.after(minutes=1)
    night.ann.phone.is_silent()
    night.trouble("db-2 is down", severity=Severity.CRITICAL, key="db-2")
    night.ann.phone.rings().presses("1")


def test_only_what_has_the_label_is_held(night: Night) -> None:
    """A window of one host is not one of its neighbour."""
    under_maintenance(night, Scope((), {"host": "db-1"}))
    night.trouble("db-1 is down", details={"host": "db-1"})
    night.trouble("db-2 is down", key="db-2", details={"host": "db-2"})
    night.ann.phone.rings().listens(8).hears("db-2").presses("1").hears("acknowledged")
    night.takes(alert(action=Action.RESOLVE))
    assert night.status(2) is Status.ACKNOWLEDGED


def test_a_window_of_every_night_is_left_out_of_the_configuration(night: Night) -> None:
    """The service is taken out of it: what it held is paged within a second, whoever applied that."""
    nightly = Recurring(
        "backups", PAYMENTS, Week.of(daily(range(7), time(2), time(6))), ZoneInfo("Europe/Berlin"), "nightly backup"
    )
    applied(night, nightly)
    night.trouble("db-1 is slow")
    night.after(minutes=5)
    night.ann.phone.is_silent()
    night.story_says("held back until 2026-11-23 05:00 UTC, maintenance backups (nightly backup)")
    applied(night)
    night.after(seconds=2)
    night.ann.phone.rings().presses("1")


def test_a_pager_that_was_down_at_the_end_of_the_window_pages_when_it_is_back(night: Night) -> None:
    """Crash safe: the incident's own timer is what wakes it."""
    under_maintenance(night)
    night.trouble("db-1 is down")
    with night.paused(hours=3):
        pass
    night.ann.phone.rings().presses("1")
    night.story_says("2 h late: the pager was down")


def test_a_window_that_cannot_be_is_refused_and_nothing_is_stored(night: Night) -> None:
    """With every reason."""
    with pytest.raises(BadInput) as refused:
        under_maintenance(night, Scope(("paymnts",)), lasts=timedelta(days=8))
    assert "7 at most" in str(refused.value)
    assert "there is no service paymnts" in str(refused.value)
    with night.system.store.read() as tx:
        assert tx.maintenance(tx.now) == []


def test_it_shows_wherever_somebody_looks(night: Night) -> None:
    """Console, metrics and doctor: a window that was forgotten is how a night is slept through."""
    under_maintenance(night)
    night.trouble("db-1 is down")
    told = night.browser().get("/metrics").text
    assert "escalation_maintenance_on 1.0" in told
    assert "escalation_incidents_held_back 1.0" in told
    browser = Browser(night.browser())
    browser.open("/incidents/login")
    browser.send("/incidents/login", password="open sesame")
    assert "Maintenance 1 (new disks) of payments, until" in browser.open("/incidents").text
    assert "nobody is paged: maintenance 1 (new disks)" in browser.page.text
    assert "Nobody is paged: maintenance 1 (new disks). Paging begins at" in browser.open("/incidents/1").text
    found = list(quiet.maintenance(SimpleNamespace(system=night.system)))  # type: ignore[arg-type]
    assert [(one.level, one.cure) for one in found] == [
        (Level.WARNING, "escalation maintenance end 1, or wait"),
        (Level.WARNING, "escalation list says why and until when"),
    ]
    night.takes(alert(action=Action.RESOLVE))


def applied(night: Night, *windows: Recurring) -> None:
    with night.system.store.transaction() as tx:
        tx.apply(replace(site(), maintenance={w.name: w for w in windows}), "")


def test_an_acknowledgement_that_runs_out_in_the_window_wakes_nobody(night: Night) -> None:
    """Somebody had it from the console while they worked; it is paged when the window is over."""
    under_maintenance(night)
    night.trouble("db-1 is down")
    night.system.engine.tell(1, ev.Acknowledged("ann", Via.CONSOLE))
    night.after(minutes=31)
    night.ann.phone.is_silent()
    assert night.incident().hold
    night.after(minutes=29)
    night.ann.phone.rings().presses("1")


def test_a_window_that_follows_holds_it_on(night: Night) -> None:
    """The second begins when the first ends: nobody is woken in between."""
    first = under_maintenance(night)
    night.trouble("db-1 is down")
    now = night.clock.now()
    night.system.review.plan(Planned(PAYMENTS, now + HOUR, now + 2 * HOUR, "more disks"), "ann")
    assert first == 1
    night.after(minutes=119)
    night.ann.phone.is_silent()
    night.after(minutes=1)
    night.ann.phone.rings().presses("1")
    night.story_says("No longer held by maintenance 2 (more disks)")
