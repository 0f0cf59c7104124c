"""The incident half of the store's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import select

from escalation.domain.alert import Action, Link, Severity
from escalation.domain.events import TimerFired
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Outcome, Status, Timer, TimerKind
from escalation.domain.roster import Channel
from escalation.domain.timeline import Entry, EntryKind
from escalation.ports import OpenIncident, Transaction
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.tables import alerts
from tests.builders import NIGHT, PHONES, alert, policy
from tests.store.conftest import HandClock
from tests.store.nights import called, opened, paging


def test_an_alert_opens_an_incident_with_all_it_said(tx: Transaction) -> None:
    """What the alert said, the service and the policy are in the row, and nothing was paged yet."""
    began = datetime(2026, 11, 23, 4, 58, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    incident = opened(
        tx,
        alert("disk full", severity=Severity.WARNING, details={"host": ["a", 1]}, links=(Link("http://x"),), occurred_at=began),
    )

    assert tx.load(incident.id) == incident
    assert incident == Incident(
        incident.id, "payments", "db-1", "disk full", Severity.WARNING, policy(), NIGHT,
        source="prometheus", details={"host": ["a", 1]}, links=(Link("http://x"),), occurred_at=began,
    )  # fmt: skip


def test_there_is_one_open_incident_per_trouble(tx: Transaction) -> None:
    """A second create for the same service and key gives None; another service or a resolved one does not stand in the way."""
    first = opened(tx)

    assert tx.create(alert(), "payments", policy()) is None
    assert tx.create(alert(), "search", policy()) is not None
    tx.save(first, replace(first, status=Status.RESOLVED), (), (), "")
    assert tx.create(alert(), "payments", policy()) is not None


def test_looking_finds_only_the_open_one(tx: Transaction) -> None:
    """A look tells id, status, severity and when the trouble began; a resolved incident is not seen."""
    incident = opened(tx, alert(occurred_at=NIGHT))
    assert tx.look("payments", "db-1") == OpenIncident(incident.id, Status.TRIGGERED, Severity.CRITICAL, NIGHT)
    assert tx.look("search", "db-1") is None

    tx.save(incident, replace(incident, status=Status.RESOLVED), (), (), "")
    assert tx.look("payments", "db-1") is None


def test_a_look_tells_when_the_trouble_last_began(tx: Transaction) -> None:
    """The latest start of a firing that was counted, in whichever order they came; what acknowledges or resolves begins nothing."""
    incident = opened(tx, alert(occurred_at=NIGHT))
    later, tokyo = NIGHT + timedelta(minutes=10), timezone(timedelta(hours=9))
    for began in (NIGHT, later.astimezone(tokyo), NIGHT + timedelta(minutes=5), None):
        tx.count(incident.id, alert(occurred_at=began))
    for action in (Action.ACKNOWLEDGE, Action.RESOLVE):
        tx.count(incident.id, alert(action=action, occurred_at=later + timedelta(minutes=1)))
    tx.count(opened(tx, alert(key="other")).id, alert(key="other", occurred_at=later + timedelta(minutes=2)))

    assert tx.look("payments", "db-1") == OpenIncident(incident.id, Status.TRIGGERED, Severity.CRITICAL, later)


@pytest.mark.parametrize("number", [0, -1, 7, 2**31, 2**63, 10**40])
def test_an_incident_that_does_not_exist_is_none(tx: Transaction, number: int) -> None:
    """Numbers from outside may be any size; none of them is an error."""
    assert tx.load(number) is None


def test_what_was_saved_is_loaded_again(store: SqlStore) -> None:
    """Pages, attempts with their bills, timers and the incident's own state come back as they were, step after step."""
    with store.transaction() as tx:
        first, _ = called(tx)
    ended = replace(
        first.attempts[0], status=AttemptStatus.SETTLED, outcome=Outcome.BUSY, reason="busy", references={1: "a", 2: "b"},
        try_=2, failures=1, seconds=7, cost=Decimal("0.00650"), began_at=NIGHT,
    )  # fmt: skip
    later = replace(
        first, status=Status.ACKNOWLEDGED, turn=2, acknowledged_by="ann", alarmed=frozenset({"slot", "nobody"}), summary="worse",
        attempts=(ended, first.attempts[1], Attempt(3, 1, 2, Channel.VOICE, PHONES["ann"], 2)),
        pages=(replace(first.pages[0], rung=2, closed="acknowledged"),),
        timers=frozenset({Timer(TimerKind.STEP, 0, 2, NIGHT), Timer(TimerKind.ACK, 0, 2, NIGHT + timedelta(days=1))}),
    )  # fmt: skip
    with store.transaction() as tx:
        assert tx.load(first.id) == first
        tx.save(first, later, (), (), "")
    with store.transaction() as tx:
        assert tx.load(first.id) == later


def test_nothing_of_a_failed_transaction_stays(store: SqlStore) -> None:
    """An exception out of the context takes everything back."""
    with pytest.raises(RuntimeError), store.transaction() as tx:
        incident, _ = called(tx)
        raise RuntimeError
    with store.transaction() as tx:
        assert tx.load(incident.id) is None
        assert tx.open_incidents() == []


def test_the_timers_of_the_most_urgent_come_first(store: SqlStore, clock: HandClock) -> None:
    """After an outage much is due at once, and what they lead to goes out in this order."""
    severities = (Severity.WARNING, Severity.CRITICAL, Severity.ERROR, Severity.CRITICAL)
    with store.transaction() as tx:
        opened_ = [called(tx, alert(key=f"{n}", severity=severity))[0].id for n, severity in enumerate(severities)]
    clock.after(hours=1)
    with store.transaction() as tx:
        rungs = [number for number, timer in tx.due_timers(10) if timer.kind is TimerKind.RUNG]
    assert rungs == [opened_[1], opened_[3], opened_[2], opened_[0]]


def test_timers_are_due_oldest_first_when_their_time_has_come(store: SqlStore, clock: HandClock) -> None:
    """Due means at or before now; the oldest come first, no more than asked for."""
    with store.transaction() as tx:
        first, _ = called(tx, alert(key="a"))
        clock.after(seconds=1)
    with store.transaction() as tx:
        second, _ = called(tx, alert(key="b"))
        rungs = [(i.id, TimerFired(TimerKind.RUNG, 1, 1)) for i in (first, second)]
        assert tx.due_timers(10) == rungs
        assert tx.due_timers(1) == rungs[:1]
    clock.after(minutes=5)
    with store.transaction() as tx:
        assert tx.due_timers(10) == [*rungs, *((i.id, TimerFired(TimerKind.STEP, 0, 1)) for i in (first, second))]


def test_a_timer_taken_away_or_moved_fires_no_more(store: SqlStore, clock: HandClock) -> None:
    """What is not in the saved incident is not due; a moved one is due at its new time, with its new turn."""
    with store.transaction() as tx:
        before, _ = called(tx)
        after = replace(before, timers=frozenset({Timer(TimerKind.STEP, 0, 2, NIGHT + timedelta(minutes=9))}))
        tx.save(before, after, (), (), "")
    clock.after(minutes=8)
    with store.transaction() as tx:
        assert tx.due_timers(10) == []
    clock.after(minutes=1)
    with store.transaction() as tx:
        assert tx.due_timers(10) == [(before.id, TimerFired(TimerKind.STEP, 0, 2))]


def test_open_incidents_come_most_urgent_first(tx: Transaction) -> None:
    """By severity, then age; by status where asked; resolved ones never unless asked for."""
    warning, critical, error = (
        opened(tx, alert(key=s, severity=s)) for s in (Severity.WARNING, Severity.CRITICAL, Severity.ERROR)
    )
    gone = opened(tx, alert(key="gone"))
    tx.save(gone, replace(gone, status=Status.RESOLVED), (), (), "")
    tx.save(error, replace(error, status=Status.EXHAUSTED), (), (), "")

    assert tx.open_incidents() == [critical.id, error.id, warning.id]
    assert tx.open_incidents(Status.EXHAUSTED, Status.ACKNOWLEDGED) == [error.id]


def test_repeats_are_counted_beside_the_incident(store: SqlStore, queries: Queries) -> None:
    """Alerts are counted whatever they say; a huge one costs a bounded row."""
    with store.transaction() as tx:
        incident = opened(tx)
        for text in ("", "x", "y" * 100_000):
            tx.count(incident.id, alert(text, details={"log": text}))
        assert tx.load(incident.id) == incident
        kept = tx.connection.scalars(select(alerts.c.details).order_by(alerts.c.id)).all()
    assert kept == [{"log": ""}, {"log": "x"}, {}]
    assert queries.incidents()[0].repeats == 2


def test_the_timeline_keeps_its_order(store: SqlStore, queries: Queries) -> None:
    """Entries of saves and notes come back in the order they were written, and from after a seen one."""
    told = [
        Entry(NIGHT, EntryKind.STATUS, "opened"),
        Entry(NIGHT, EntryKind.PAGE, "calling"),
        Entry(NIGHT, EntryKind.NOTE, "late"),
    ]
    with store.transaction() as tx:
        incident = opened(tx)
        tx.save(incident, incident, (), told[:2], "")
        tx.note(incident.id, told[2:])
    seen = queries.timeline(incident.id)
    assert [e.entry for e in seen] == told
    assert queries.timeline(incident.id, seen[1].seq) == seen[2:]


def test_replies_find_the_pages_sent_to_their_number(tx: Transaction) -> None:
    """Per page the newest attempt by text; other numbers, calls and resolved incidents are not found."""
    incident, _ = called(tx)
    again = Attempt(3, 1, 2, Channel.SMS, PHONES["ann"], 1)
    after = replace(incident, attempts=(*incident.attempts, again))
    tx.save(incident, after, (), (), "")
    other = opened(tx, alert(key="other"))
    bobs = paging(tx, other, "bob")
    tx.save(other, bobs, (), (), "")

    assert tx.text_pages(PHONES["ann"]) == [(after, 3)]
    assert tx.text_pages(PHONES["bob"]) == [(bobs, 2)]
    tx.save(bobs, replace(bobs, attempts=(*bobs.attempts, Attempt(3, 1, 2, Channel.VOICE, PHONES["lee"], 1))), (), (), "")
    assert tx.text_pages(PHONES["lee"]) == []
    tx.save(after, replace(after, status=Status.RESOLVED), (), (), "")
    assert tx.text_pages(PHONES["ann"]) == []


def test_text_that_a_database_refuses_is_kept_without_it(tx: Transaction) -> None:
    """NUL and lone surrogates anywhere in an alert never fail a delivery, and the same trouble is found again."""
    odd = "a\0b\ud800c"
    said = alert(odd, key=odd, source=odd, details={odd: [odd, "\\u0000"]}, links=(Link(odd, odd),))
    incident = opened(tx, said, service=odd)
    tx.count(incident.id, said)
    tx.note(incident.id, [Entry(NIGHT, EntryKind.NOTE, odd)])

    loaded = tx.load(incident.id)
    assert loaded is not None
    assert loaded.summary == loaded.dedup_key == loaded.links[0].href == "ab?c"
    assert loaded.details == {"ab?c": ["ab?c", "\\u0000"]}
    assert tx.look(odd, odd) is not None
    assert tx.create(said, odd, policy()) is None


def test_moments_come_back_in_utc(tx: Transaction) -> None:
    """Whatever zone a moment was written in, it is the same moment, aware, in UTC."""
    tokyo = datetime(2026, 1, 1, 5, 0, 0, 1, tzinfo=timezone(timedelta(hours=9)))
    incident = opened(tx, alert(occurred_at=tokyo))
    loaded = tx.load(incident.id)
    assert loaded is not None
    assert loaded.occurred_at == tokyo
    assert loaded.occurred_at.tzinfo is UTC
