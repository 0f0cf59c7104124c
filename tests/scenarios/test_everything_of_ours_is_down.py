"""The broker, the workers, the database."""

from __future__ import annotations

from escalation.domain.incident import Status
from tests.scenarios.night import PUBLIC, Night, on_both_databases

pytestmark = on_both_databases


def test_the_timekeeper_dials_when_nobody_takes_the_page(night: Night) -> None:
    """Broker down or all workers dead: ten seconds later the phone rings all the same."""
    night.workers.alive = False
    night.trouble("db-1 is down")
    night.ann.phone.is_silent()
    night.after(seconds=12)
    night.ann.phone.rings().is_ignored()
    night.after(seconds=15)
    night.ann.sms.reads("INC-1")
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").hears("acknowledged")


def test_workers_that_die_in_the_middle_are_not_missed(night: Night) -> None:
    """Ann's call was placed; the text and the second call are the timekeeper's, each after the ten seconds that a worker has."""
    night.trouble("db-1 is down")
    night.workers.alive = False
    night.ann.phone.rings().is_ignored()
    night.after(seconds=8)
    night.ann.sms.nothing_else()
    night.after(seconds=4)
    night.ann.sms.reads("INC-1")
    night.ann.phone.is_silent()
    night.after(minutes=2)
    night.ann.phone.rings().presses("1").hears("acknowledged")
    assert night.status() is Status.ACKNOWLEDGED
    assert not night.workers.jobs


def test_a_key_pressed_while_the_database_is_away_is_not_called_acknowledged(night: Night) -> None:
    """The phone says that it could not be saved and stays on the menu; the second press counts."""
    night.trouble("db-1 is down")
    night.ann.phone.rings().picks_up()
    with night.database_away():
        night.ann.phone.presses("1").hears("could not be saved").does_not_hear("acknowledged.")
    assert night.status() is Status.TRIGGERED
    night.ann.phone.presses("1").hears("acknowledged")
    assert night.status() is Status.ACKNOWLEDGED


def test_a_call_answered_while_the_database_is_away_is_not_dropped(night: Night) -> None:
    """It hears that there is something, and can press again when it is back."""
    night.trouble("db-1 is down")
    with night.database_away():
        night.ann.phone.rings().picks_up()
        night.after(seconds=5)
    assert night.ann.phone.phone.talking
    night.ann.phone.presses("1").hears("acknowledged")


def test_an_alert_is_refused_with_503_while_the_database_is_away(night: Night) -> None:
    """So that its sender sends it again."""
    with night.database_away():
        body = {
            "routing_key": "k" * 32,
            "event_action": "trigger",
            "payload": {"summary": "x", "source": "y", "severity": "critical"},
        }
        answer = night.browser().post("/v2/enqueue", base_url=PUBLIC, json=body)
    assert answer.status_code == 503
