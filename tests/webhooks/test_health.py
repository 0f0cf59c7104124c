"""Health: the process, paging as a whole, and the numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from escalation.domain.cost import Cap, Prices
from escalation.domain.events import Resolved
from escalation.domain.incident import Via
from escalation.domain.overrides import Absence, Override
from tests.builders import site
from tests.domain.schedules import plain, weekly
from tests.webhooks.receiver import Receiver, receiver, without_database
from webhooks.health import Closed


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


PROCESSES = ("timekeeper", "worker pages", "worker chores")


def beat(desk: Receiver, *processes: str) -> None:
    with desk.system.store.transaction() as tx:
        for process in processes or PROCESSES:
            tx.beat(process)


def faults(desk: Receiver) -> tuple[int, set[str]]:
    answer = desk.client.get("/readyz")
    return answer.status_code, {fault["what"] for fault in answer.json["faults"]}


def test_the_process_is_alive_whatever_the_database_does(tmp_path: Path) -> None:
    """A load balancer must not take out the process that still answers calls."""
    assert without_database(tmp_path / "gone").client.get("/healthz").status_code == 200


def test_paging_is_ready_when_somebody_keeps_time(desk: Receiver) -> None:
    """A heartbeat within half a minute, nothing overdue, a configuration."""
    beat(desk)
    assert faults(desk) == (200, set())
    desk.clock.after(seconds=30)
    assert faults(desk) == (200, set())
    desk.clock.after(seconds=1)
    assert faults(desk) == (503, set(PROCESSES))


def test_silent_workers_are_a_fault_of_their_own(desk: Receiver) -> None:
    """They, or their broker, are gone: pages go out ten seconds late, and somebody should know."""
    beat(desk)
    desk.clock.after(seconds=31)
    beat(desk, "timekeeper")
    assert faults(desk) == (503, {"worker pages", "worker chores"})


def test_the_numbers_tell_who_is_on_call_and_of_the_holes_ahead(desk: Receiver) -> None:
    """Bob's week has nobody for a day, since he is away and Ann too."""
    found = site()
    with desk.system.store.transaction() as tx:
        schedule = plain(weekly("ann", "bob", starts=tx.now.date() - timedelta(days=1)), name="primary")
        tx.apply(replace(found, roster=replace(found.roster, schedules={"primary": schedule})), "")
        for person in ("ann", "bob"):
            tx.arrange(Absence(person, tx.now + timedelta(days=2), tx.now + timedelta(days=3)), "lee")
    told = desk.client.get("/metrics").text
    assert 'escalation_on_call{schedule="primary"} 1.0' in told
    assert 'escalation_schedule_gap_seconds{schedule="primary"} 86400.0' in told


def test_the_numbers_tell_for_how_long_one_phone_is_two(desk: Receiver) -> None:
    """Ann takes a day in a schedule beside her own; Bob's has nobody twice."""
    found = site()
    with desk.system.store.transaction() as tx:
        begin = tx.now.date() - timedelta(days=1)
        schedules = {name: plain(weekly(who, starts=begin), name=name) for name, who in (("primary", "ann"), ("search", "bob"))}
        tx.apply(replace(found, roster=replace(found.roster, schedules=schedules)), "")
        tx.arrange(Override(0, "search", tx.now + timedelta(days=2), tx.now + timedelta(days=3), "ann"), "lee")
    told = desk.client.get("/metrics").text
    assert 'escalation_schedule_overlap_seconds{schedule="primary"} 86400.0' in told
    assert 'escalation_schedule_overlap_seconds{schedule="search"} 86400.0' in told


def test_a_held_site_is_not_ready_and_a_number_says_so(desk: Receiver) -> None:
    """Whoever watches must not take a restored site that nobody let go on for one that pages."""
    beat(desk)
    assert "escalation_held 0.0" in desk.client.get("/metrics").text
    with desk.system.store.transaction() as tx:
        tx.hold("restored")
    assert faults(desk) == (503, {"held"})
    assert "escalation_held 1.0" in desk.client.get("/metrics").text


def test_each_fault_is_named(tmp_path: Path) -> None:
    """Nothing was started yet and nothing configured."""
    assert faults(receiver(tmp_path, configured=False)) == (503, {*PROCESSES, "config"})


def test_overdue_timers_and_an_old_outbox_are_faults(desk: Receiver) -> None:
    """A timekeeper that beats and does nothing else is not ready."""
    desk.trouble()
    desk.clock.after(seconds=200)
    beat(desk)
    assert faults(desk) == (503, {"timers", "outbox"})


def test_a_database_that_is_away_is_the_one_fault(tmp_path: Path) -> None:
    """503, not 500."""
    assert faults(without_database(tmp_path / "gone")) == (503, {"database"})


def test_metrics_count_what_operators_watch(desk: Receiver) -> None:
    """Incidents by status, alarms, lateness, heartbeats, counters."""
    desk.trouble()
    beat(desk)
    desk.clock.after(seconds=7)
    with desk.system.store.transaction() as tx:
        tx.bump("refused_callback")
        tx.carrier_down("plivo", "503")
    said = desk.client.get("/metrics").get_data(as_text=True).splitlines()
    for line in (
        "escalation_database_up 1.0",
        'escalation_incidents{status="triggered"} 1.0',
        'escalation_incidents{status="exhausted"} 0.0',
        "escalation_alarms_total 0.0",
        'escalation_counted_total{what="refused_callback"} 1.0',
        'escalation_counted_total{what="unknown_key"} 0.0',
        'escalation_outbox_commands{state="pending"} 1.0',
        "escalation_outbox_oldest_seconds 7.0",
        'escalation_heartbeat_age_seconds{process="timekeeper"} 7.0',
        'escalation_carrier_down{carrier="plivo"} 1.0',
        "escalation_config_version 1.0",
    ):
        assert line in said


def test_metrics_tell_what_the_day_has_cost_where_there_is_a_cap(desk: Receiver) -> None:
    """From the first scrape on; a site without one is not told of money."""
    assert "spen" not in desk.client.get("/metrics").text
    with desk.system.store.transaction() as tx:
        tx.apply(replace(tx.site(), prices=Prices(call=Decimal(1)), spending_cap=Cap(Decimal(20))), "")
    said = desk.client.get("/metrics").text.splitlines()
    assert {"escalation_spent_today 0.0", "escalation_spending_cap 20.0"} <= {*said}
    with desk.system.store.transaction() as tx:
        tx.spend(Decimal("16.5"))
    assert "escalation_spent_today 16.5" in desk.client.get("/metrics").text.splitlines()


def test_closed_incidents_are_counted_once_a_minute(desk: Receiver) -> None:
    """There may be a million of them, and a scrape comes every few seconds."""
    seconds = 0.0
    closed = Closed(desk.system.queries, lambda: seconds)
    assert closed.count() == 0
    desk.system.engine.tell(desk.trouble(), Resolved("ann", Via.CONSOLE))
    seconds = 59.9
    assert closed.count() == 0
    seconds = 60.0
    assert closed.count() == 1
    assert 'escalation_incidents{status="resolved"} 1.0' in desk.client.get("/metrics").text


def test_what_the_audit_finds_is_counted_from_the_first_scrape_on(desk: Receiver) -> None:
    """An alert on a rise from nothing would miss the first one; and a clean round's age is told, apart from the processes."""
    said = desk.client.get("/metrics").get_data(as_text=True)
    for what in ("audit_finding", "unknown_outcome", "unreadable_row", "rejected_event"):
        assert f'escalation_counted_total{{what="{what}"}} 0.0' in said
    assert "escalation_audit_clean_age_seconds" not in said
    desk.system.audit.turn()
    desk.clock.after(seconds=9)
    said = desk.client.get("/metrics").get_data(as_text=True)
    assert "escalation_audit_clean_age_seconds 9.0" in said
    assert 'process="audit"' not in said


def test_a_state_that_is_not_known_fails_no_scrape(desk: Receiver) -> None:
    """Another release may be at work beside this one."""
    desk.trouble()
    with desk.system.store.transaction() as tx:
        tx.connection.execute(text("UPDATE incidents SET status = 'merged'"))
        tx.connection.execute(text("UPDATE outbox SET state = 'frozen'"))
    assert "escalation_database_up 1.0" in desk.client.get("/metrics").get_data(as_text=True)
    assert desk.client.get("/readyz").status_code == 503


def test_a_timer_may_be_late_by_half_a_minute_and_no_more(desk: Receiver) -> None:
    """What should have happened by then did not, whatever the heartbeats say."""
    desk.trouble()
    with desk.system.store.transaction() as tx:
        tx.connection.execute(text("DELETE FROM outbox"))
    desk.clock.after(seconds=90)
    beat(desk)
    assert faults(desk) == (200, set())
    desk.clock.after(seconds=1)
    beat(desk)
    assert faults(desk) == (503, {"timers"})


def test_metrics_tell_that_the_database_is_away(tmp_path: Path) -> None:
    """A scrape that fails says less than one that says why."""
    answer = without_database(tmp_path / "gone").client.get("/metrics")
    assert answer.status_code == 200
    assert "escalation_database_up 0.0" in answer.get_data(as_text=True)
