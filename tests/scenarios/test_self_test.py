"""The pager tests itself: through its own intake, by a real call to a number that a machine answers, closed by that call's own callback.
Whatever comes of it, no person hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest

from escalation.domain.alert import Severity
from escalation.domain.events import Acknowledged
from escalation.domain.incident import Incident, Status, Via
from escalation.domain.policy import SELF_TEST
from escalation.domain.roster import Roster
from escalation.domain.self_test import has_passed
from escalation.errors import StoreUnavailable
from escalation.local.checks import pulse
from escalation.local.checks.finding import Finding, Level
from escalation.local.self_test import SelfTests
from tests.builders import person, site
from tests.phones import Line
from tests.scenarios.night import PUBLIC, Night, Person, on_both_databases
from workers.duties import at_once
from workers.timekeeper import Timekeeper

ROBOT = "+15550100099"
A_DAY = timedelta(days=1)


@pytest.fixture
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    """With a test number; nothing was tested yet."""
    on_postgresql = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres_url") if on_postgresql else ""
    made = Night(tmp_path, database_url=url, self_test_number=ROBOT)
    made.people["robot"] = Person(Line(made, made.world.phone(ROBOT, "Robot")))
    yield made
    made.nothing_else()
    made.close()


def robot(night: Night) -> Line:
    return night.people["robot"].phone


class Watcher:
    """In place of whoever waits for the ping."""

    heard = 0

    def send(self) -> bool:
        self.heard += 1
        return True


def begun(night: Night) -> list[Incident]:
    rows = night.system.queries.incidents(open_only=False)
    return [night.incident(row.id) for row in reversed(rows) if row.service == SELF_TEST]


def metric(night: Night, name: str) -> float | None:
    told = night.browser().get("/metrics", base_url=PUBLIC).get_data(as_text=True)
    found = re.search(rf"^{re.escape(name)} (\S+)$", told, re.MULTILINE)
    return float(found[1]) if found else None


def found(night: Night) -> Finding:
    return pulse.self_test(night.system.queries.heartbeats(), night.settings.self_test_every)


@on_both_databases
def test_a_call_that_is_picked_up_closes_it(night: Night) -> None:
    """It says that it is a test; its age begins anew; it is in no figure of the incidents."""
    assert metric(night, "escalation_self_test_age_seconds") == inf
    night.settle()
    robot(night).rings().picks_up().listens_to_the_end().hears("test call").hears("nothing is wrong").does_not_hear("press")
    (test,) = begun(night)
    assert (has_passed(test), test.severity, test.attempts[0].settled) == (True, Severity.INFO, True)
    night.story_says("Self-test passed", "the self-test's phone picked up", number=test.id)
    night.after(minutes=30)
    assert found(night).level is Level.OK
    assert metric(night, "escalation_self_test_age_seconds") == pytest.approx(1800, abs=30)
    assert metric(night, "escalation_self_test_passed") == 1
    assert metric(night, 'escalation_incidents{status="resolved"}') == 0
    assert 'process="self-test' not in night.browser().get("/metrics", base_url=PUBLIC).get_data(as_text=True)


def test_a_machine_that_is_taken_for_a_voicemail_closes_it_too(night: Night) -> None:
    """That is what most test numbers sound like."""
    night.settle()
    robot(night).rings().picks_up_as_machine().hears("test call").does_not_hear("press")
    assert [has_passed(test) for test in begun(night)] == [True]


def test_one_that_nobody_picks_up_fails_by_itself_and_nobody_is_told(night: Night) -> None:
    """One call, no text, no mail, no alarm; it is closed within minutes, and the next one comes in the next period."""
    night.settle()
    robot(night).rings().is_ignored()
    night.after(minutes=4)
    (test,) = begun(night)
    assert (test.status, has_passed(test), len(test.attempts)) == (Status.RESOLVED, False, 1)
    night.story_says("Self-test failed", "no answer", number=test.id)
    assert (found(night).level, "escalation self-test" in found(night).cure) == (Level.FAULT, True)
    assert metric(night, "escalation_self_test_age_seconds") == inf
    assert (metric(night, "escalation_self_test_passed"), metric(night, "escalation_alarms_total")) == (0, 0)
    night.after(hours=23)
    assert len(begun(night)) == 1
    night.after(hours=1)
    robot(night).rings().picks_up().listens_to_the_end()
    assert [has_passed(test) for test in begun(night)] == [False, True]
    assert (found(night).level, metric(night, "escalation_self_test_passed")) == (Level.OK, 1)


def test_two_periods_without_one_that_passed_are_a_fault_and_no_ping_goes_out(night: Night) -> None:
    """Whoever waits for the ping is alarmed by its silence."""
    night.system = replace(night.system, ping=(watcher := Watcher()))
    night.timekeeper = night.another_timekeeper()
    night.settle()
    robot(night).rings().picks_up().listens_to_the_end()
    night.after(minutes=1)
    night.after(minutes=1)
    assert watcher.heard
    for _ in range(2):
        assert not pulse.is_overdue(night.system.queries.heartbeats(), A_DAY)
        night.after(days=1)
        robot(night).rings().is_ignored()
        night.after(minutes=4)
    night.after(minutes=2)
    heard = watcher.heard
    night.after(minutes=2)
    assert pulse.is_overdue(night.system.queries.heartbeats(), A_DAY)
    assert found(night).level is Level.FAULT
    assert watcher.heard == heard


@on_both_databases
def test_two_timekeepers_begin_one_in_each_period(night: Night) -> None:
    """Whoever comes first."""
    other = night.another_timekeeper()
    for day in range(1, 4):
        night.settle()
        other.turn(night.clock.now())
        robot(night).rings().picks_up().listens_to_the_end()
        night.after(hours=12)
        other.turn(night.clock.now())
        assert len(begun(night)) == day
        night.timekeeper, other = other, night.timekeeper
        night.after(hours=12)


def test_a_receiver_that_is_away_is_asked_again_and_then_it_has_failed(night: Night) -> None:
    """A restart of the receiver is no failure; one that stays away for a minute is."""
    keeper = Timekeeper(night.system, night.workers, at_once, self_tests=SelfTests(night.system, away))
    for turn in range(6):
        assert "self-test failed" not in night.system.queries.heartbeats()
        keeper.turn(night.clock.now() + timedelta(seconds=10 * turn))
    assert (begun(night), found(night).level) == ([], Level.FAULT)


def away(*_: object) -> dict[str, str]:
    raise StoreUnavailable("the receiver cannot be reached")


def test_it_waits_while_somebody_is_paged(night: Night) -> None:
    """Lines at the carrier are few; a test can wait."""
    night.trouble()
    night.ann.phone.rings()
    night.after(seconds=15)
    robot(night).is_silent()
    night.ann.phone.presses("1").hears("acknowledged")
    night.after(seconds=15)
    robot(night).rings().picks_up().listens_to_the_end()


def test_a_held_site_tests_nothing(night: Night) -> None:
    """It sends nothing before somebody has looked; then the first one is due at once."""
    with night.system.store.transaction() as tx:
        tx.hold("restored")
    night.after(minutes=5)
    assert begun(night) == []
    with night.system.store.transaction() as tx:
        tx.let_go()
    night.settle()
    night.after(seconds=10)
    robot(night).rings().picks_up().listens_to_the_end()


def test_a_number_of_a_person_is_never_called(night: Night) -> None:
    """Somebody put the test number into the configuration, or the other way round."""
    with night.system.store.transaction() as tx:
        tx.apply(replace(site(), roster=Roster({"eve": person("eve", phone=ROBOT)})), "")
    night.settle()
    night.after(minutes=5)
    assert begun(night) == []
    assert found(night).level is Level.FAULT


def test_somebody_who_takes_it_ends_it(night: Night) -> None:
    """A button in the console acknowledges what needs nobody; it is not paged again for that."""
    night.settle()
    robot(night).rings()
    (test,) = begun(night)
    night.system.engine.tell(test.id, Acknowledged("ann", Via.CONSOLE))
    night.settle()
    robot(night).was_hung_up_on()
    assert (night.status(test.id), has_passed(night.incident(test.id))) == (Status.RESOLVED, False)
    night.after(hours=2)
