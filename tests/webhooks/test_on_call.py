"""The console's page about who is on call: what it shows, and a shift taken over from a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from escalation.domain.overrides import Absence
from escalation.domain.rotation import Rotation
from escalation.domain.schedule import Layer, Schedule
from tests import builders
from tests.builders import NIGHT
from tests.webhooks.receiver import Receiver, receiver

TAKE = "/incidents/on-call/take"


def scheduled(*turns: tuple[str, ...]) -> Schedule:
    """Weekly from Monday to Monday at nine in Berlin; the night is a Monday's, at four there."""
    layer = Layer("week", Rotation(turns, date(2026, 11, 16), days=(0,)))
    return Schedule("primary", ZoneInfo("Europe/Berlin"), (layer,))


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    made = receiver(tmp_path)
    policy = builders.policy(builders.step("schedule:primary"))
    apply(made, scheduled(("ann",), ("bob",)), policy=policy)
    return made


def apply(desk: Receiver, *schedules: Schedule, **values: object) -> None:
    site = builders.site(**values)
    with desk.system.store.transaction() as tx:
        tx.apply(replace(site, roster=replace(site.roster, schedules={one.name: one for one in schedules})), "")


def who(desk: Receiver) -> tuple[str, ...]:
    with desk.system.store.read() as tx:
        return tx.site().roster.shift("primary", tx.now).people


def test_only_with_the_password(desk: Receiver) -> None:
    """A link to one incident does not show who is on call, and takes no shift."""
    browser = desk.browser()
    browser.open("/incidents/on-call")
    assert browser.at.startswith("/incidents/login")
    for path in (TAKE, "/incidents/on-call/end/1"):
        assert desk.client.post(path, data={"schedule": "primary", "person": "bob"}).status_code == 400, "no token"
    assert who(desk) == ("ann",)


def test_it_says_who_until_when_and_who_then(desk: Receiver) -> None:
    """On the schedule's own clocks."""
    browser = desk.logged_in()
    browser.open("/incidents/on-call")
    assert "Ann" in browser.text
    assert "Mon 23 Nov 09:00 CET" in browser.text
    assert "then Bob" in browser.text
    assert "Arranged beside" not in browser.text


def test_a_shift_that_is_taken_over_calls_the_new_person_and_stands_with_a_name(desk: Receiver) -> None:
    """Complaint 13: who changed what."""
    incident = desk.trouble()
    browser = desk.logged_in()
    browser.open("/incidents/on-call")
    browser.send(TAKE, person="lee", until="shift", name="Night shift")
    assert "Lee is on call in primary now." in browser.text
    assert "by Night shift" in browser.text
    assert who(desk) == ("lee",)
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert [(page.responder, not page.closed) for page in view.incident.pages] == [("ann", False), ("lee", True)]
    desk.clock.after(hours=6)
    assert who(desk) == ("bob",), "at nine the rotation goes on"


def test_it_can_be_for_some_hours_and_be_given_back(desk: Receiver) -> None:
    browser = desk.logged_in()
    browser.open("/incidents/on-call")
    browser.send(TAKE, person="bob", until="12")
    desk.clock.after(hours=11)
    assert who(desk) == ("bob",)
    browser.send("/incidents/on-call/end/1")
    assert "Taken back: Bob on call in primary." in browser.text
    browser.open("/incidents/on-call")
    assert "Take it back" not in browser.text


def test_what_cannot_be_is_said_and_changes_nothing(desk: Receiver) -> None:
    browser = desk.logged_in()
    for wrong in ({"person": "nobody"}, {"person": "bob", "schedule": "other"}, {"person": "bob", "until": "9999"}, {}):
        browser.open("/incidents/on-call")
        browser.send(TAKE, **wrong)
        if "until" not in wrong:
            assert "Nothing was changed" in browser.text
    browser.open("/incidents/on-call")
    browser.send(TAKE, person="bob", until="1")
    hidden = browser.fields("/incidents/on-call/end/1")
    desk.clock.after(hours=2)
    assert desk.client.post("/incidents/on-call/end/1", data=hidden).status_code in (303, 400)


def test_a_hole_is_shown_with_its_reason(desk: Receiver) -> None:
    apply(desk, scheduled((), ("bob",)))
    browser = desk.logged_in()
    browser.open("/incidents/on-call")
    assert "nobody: an empty slot of the rotation" in browser.text


def test_without_schedules_it_says_so(desk: Receiver) -> None:
    apply(desk)
    browser = desk.logged_in()
    assert "Who is on call" in browser.text
    browser.open("/incidents/on-call")
    assert "There is no schedule." in browser.text


def test_a_holiday_is_listed_and_can_end(desk: Receiver) -> None:
    desk.system.engine.arrange(Absence("ann", NIGHT, NIGHT + timedelta(days=3)), by="ann")
    browser = desk.logged_in()
    browser.open("/incidents/on-call")
    assert "Ann is away" in browser.text
    assert "Bob for Ann" in browser.text
    browser.send("/incidents/on-call/end/1")
    assert who(desk) == ("ann",)
