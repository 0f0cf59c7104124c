"""The audit's rounds: rows are corrupted behind everybody's back, and the incident comes back. On SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from escalation.audit import Audit
from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import AttemptStatus, Status, TimerKind, Via
from escalation.errors import StoreUnavailable, Unreadable
from escalation.store.queries import Queries
from tests.builders import alert
from tests.office import Office


class Watched(Office):
    """An office with an audit; `sql` is whatever goes wrong below us."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.audit = Audit(self.engine, self.store)
        self.queries = Queries(self.store)

    def sql(self, statement: str, **values: object) -> None:
        with self.store.transaction() as tx:
            tx.connection.execute(text(statement), values)

    def alarms(self, number: int = 1) -> list[str]:
        return [t.entry.text for t in self.queries.timeline(number) if t.entry.kind == "alarm"]

    def counted(self, what: str) -> int:
        return self.queries.counters().get(what, 0)

    def round(self) -> None:
        """From one round's beginning to the next one's."""
        for _ in range(10):
            self.audit.turn()


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    is_file = request.param == "sqlite"
    made = Watched(f"sqlite:///{tmp_path / 'night.sqlite'}" if is_file else request.getfixturevalue("postgres_url"))
    yield made
    made.store.dispose()


def test_an_incident_whose_timers_were_lost_goes_on_as_if_they_had_not(office: Watched) -> None:
    """An emptied table stops nobody's paging: Bob is called when Ann's five minutes are over."""
    office.trouble()
    office.work()
    office.sql("DELETE FROM timers")
    office.after(minutes=4)
    office.round()
    assert office.incident().step == 0
    office.after(minutes=1)
    assert office.incident().step == 1
    assert [t for t in office.alarms() if t.startswith("Audit: nothing would have moved this incident on")]
    assert office.counted("audit_finding") == 2  # the step, and the call that nobody would have given up


@pytest.mark.parametrize(
    "damage", ["DELETE FROM outbox", "UPDATE outbox SET state = 'done'", "UPDATE outbox SET due_at = '2031-01-01 00:00:00+00:00'"]
)
def test_a_page_whose_command_was_lost_is_sent_by_a_new_try(office: Watched, damage: str) -> None:
    """Deleted, ticked off without effect, or put off for years: the phone rings after the next round, once."""
    office.trouble()
    office.nudge.jobs.clear()
    office.sql(damage)
    office.round()
    assert [job.task_id for job in office.jobs(CommandKind.CALL)] == ["INC-1.s1.a1.t2"]
    office.work()
    assert [notice.try_ for notice in office.carrier.sent] == [2]
    office.round()
    assert office.counted("audit_finding") == 1


def test_a_claim_without_an_end_is_settled(office: Watched) -> None:
    """Nobody would take it, and nobody would hold it to have died."""
    office.trouble()
    office.sql("UPDATE outbox SET state = 'claimed', lease_until = NULL, holder = 'nobody'")
    office.dispatch.settle_abandoned()
    office.round()
    office.work()
    assert len(office.carrier.sent) == 1


@pytest.mark.parametrize(
    ("event", "kind"), [(ev.Acknowledged("ann", Via.CONSOLE), TimerKind.ACK), (ev.Escalated("ann", Via.CLI), TimerKind.SLOT)]
)
def test_whatever_state_it_is_in_its_timer_comes_back(office: Watched, event: ev.Event, kind: TimerKind) -> None:
    """Acknowledged ones expire, triggered ones climb."""
    office.trouble()
    office.engine.tell(1, event)
    office.sql("DELETE FROM timers")
    office.round()
    assert office.incident().timer(kind)


def test_a_round_that_finds_nothing_is_noted_and_one_that_repaired_is_not(office: Watched) -> None:
    """The age of the last clean round is what watchers look at; the next round shows whether the repair held."""
    office.trouble()
    assert not office.audit.is_clean
    office.sql("DELETE FROM timers")
    office.round()
    assert not office.audit.is_clean
    assert "audit" not in office.queries.heartbeats()
    office.round()
    assert office.audit.is_clean
    assert "audit" in office.queries.heartbeats()


def test_every_open_incident_is_looked_at_however_many_there_are(office: Watched) -> None:
    """A page at a turn, resolved ones passed over; the round is over when the last was seen."""
    office.audit = Audit(office.engine, office.store, size=2)
    office.engine.take([alert(key=f"db-{n}") for n in range(7)])
    for resolved in (2, 3):
        office.engine.tell(resolved, ev.Resolved("ann", Via.CONSOLE))
    office.sql("DELETE FROM timers")
    for looked_at in (2, 4, 5):
        office.audit.turn()
        assert office.counted("audit_finding") == looked_at
    assert not office.audit.whole(repair=False)


def test_what_stays_wrong_is_said_once_and_not_in_every_round(two: Watched, caplog: pytest.LogCaptureFixture) -> None:
    """The same line every ten seconds would bury the others."""
    two.sql("UPDATE incidents SET policy = '{' WHERE id = 1")
    for _ in range(3):
        two.round()
    said = [r.getMessage() for r in caplog.records if r.name == "escalation.audit"]
    assert said == ["INC-1: cannot be read by this release: another one wrote it, or it is damaged"]


def test_looking_repairs_nothing(office: Watched) -> None:
    """A second opinion may be asked for without consequences."""
    office.trouble()
    office.sql("DELETE FROM timers")
    (missed,) = office.audit.whole(repair=False)
    assert (missed.incident_id, missed.is_repaired) == (1, False)
    assert office.incident().timers == frozenset()
    assert office.alarms() == []


def test_a_database_that_is_away_is_no_clean_round(tmp_path: Path) -> None:
    """Whoever cannot look must not say that all is well."""
    office = Watched(f"sqlite:///{tmp_path / 'night.sqlite'}")
    office.round()
    assert office.audit.is_clean
    office.store.dispose()
    (tmp_path / "night.sqlite").unlink()
    (tmp_path / "night.sqlite").mkdir()
    with pytest.raises(Exception, match="away"):
        office.round()
    assert not office.audit.is_clean


# --- rows that this release cannot read

DAMAGE = {
    "a status of tomorrow": "UPDATE incidents SET status = 'merged' WHERE id = 1",
    "a severity of tomorrow": "UPDATE incidents SET severity = 'apocalyptic' WHERE id = 1",
    "a policy that is no JSON": "UPDATE incidents SET policy = '{' WHERE id = 1",
    "a policy of another shape": "UPDATE incidents SET policy = '[]' WHERE id = 1",
    "a ladder with a channel of tomorrow": 'UPDATE pages SET ladder = \'[{"channel": "telepathy"}]\' WHERE incident_id = 1',
    "an attempt in a state of tomorrow": "UPDATE attempts SET status = 'hovering' WHERE incident_id = 1",
}
damaged = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())


@pytest.fixture
def two(office: Watched) -> Watched:
    """Two incidents; the first one's timers and commands are due first."""
    office.trouble()
    office.clock.move(seconds=1)
    office.engine.take([alert("db-2 is down", key="db-2")])
    return office


@damaged
def test_an_unreadable_incident_stops_no_other(two: Watched, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its timers and commands are older, and the others' fire and are sent all the same; it is counted and named by its id."""
    two.sql(damage)
    two.work()
    assert [notice.incident_id for notice in two.carrier.sent] == [2]
    assert two.counted("unreadable_row") == 1
    two.after(minutes=5)
    assert two.incident(2).step == 1
    assert {row.id for row in two.queries.incidents()} >= {2}
    assert sum(two.queries.counts().values()) >= 1
    assert "incidents 1 cannot be read" in caplog.text
    assert "+1555" not in caplog.text


@damaged
def test_the_audit_names_what_it_cannot_read_and_goes_on(two: Watched, damage: str) -> None:
    """It is no clean round, and the other incident is repaired in it."""
    two.sql(damage)
    two.sql("DELETE FROM timers WHERE incident_id = 2")
    two.audit.turn()
    assert two.incident(2).timer(TimerKind.SLOT)
    assert not two.audit.is_clean
    assert [m.incident_id for m in two.audit.whole(repair=False)] == [1]


@damaged
def test_what_is_set_aside_is_left_alone_and_looked_at_again_later(two: Watched, damage: str) -> None:
    """At every turn it would take a place from others; after five minutes another release, or a hand, may have put it right."""
    two.sql(damage)
    two.clock.move(seconds=70)
    assert two.engine.fire_due() == 2
    assert two.engine.fire_due() == 0
    two.clock.move(minutes=5)
    assert two.engine.fire_due() >= 1
    assert two.counted("unreadable_row") == 2


def test_a_command_of_an_unreadable_incident_is_tried_once_and_then_left_alone(two: Watched) -> None:
    """Nobody may look for it once a second for ever; a worker's task for it does not fail."""
    two.sql("UPDATE incidents SET policy = '{' WHERE id = 1")
    two.clock.move(seconds=11)
    with two.store.transaction() as tx:
        assert [job.incident_id for job in tx.unclaimed(timedelta(seconds=10), 100)] == [1, 2]
    two.dispatch.carry_out(1)
    with two.store.transaction() as tx:
        assert [job.incident_id for job in tx.unclaimed(timedelta(seconds=10), 100)] == [2]


def test_an_alert_for_an_unreadable_incident_is_counted_and_the_rest_of_its_delivery_taken(two: Watched) -> None:
    """Else the sender would repeat a body for ever that three other troubles wait in."""
    two.sql("UPDATE incidents SET severity = 'apocalyptic' WHERE id = 1")
    taken = two.engine.take([alert(), alert("db-3 is down", key="db-3")])
    assert [(t.what, t.incident_id) for t in taken] == [("counted", 1), ("opened", 3)]


def test_a_recovery_is_told_once_although_one_incident_cannot_hear_it(two: Watched) -> None:
    """Said again and again, it would page every exhausted incident again and again."""
    two.sql("UPDATE incidents SET policy = '{' WHERE id = 1")
    assert two.engine.recovered("plivo")


def test_a_timer_of_tomorrow_stops_not_even_its_own_incident(two: Watched) -> None:
    """It is left to whoever set it, and told; what is missing without it the audit sets."""
    two.sql("UPDATE timers SET kind = 'doomsday'")
    two.clock.move(seconds=70)
    assert two.engine.fire_due() == 0
    two.audit.turn()
    assert all(two.incident(n).timer(TimerKind.SLOT) for n in (1, 2))
    assert {m.said for m in two.audit.whole(repair=False)} == {"has a timer of a kind that this release does not know"}
    two.round()
    two.round()
    assert two.counted("unreadable_row") == 2  # one each, not one a round


def test_a_command_of_tomorrow_stops_no_other_and_its_page_is_sent_by_a_new_try(two: Watched) -> None:
    """By the kinds that we know."""
    two.nudge.jobs.clear()
    two.sql("UPDATE outbox SET kind = 'page_by_pigeon', nudged_at = NULL WHERE incident_id = 1")
    two.sql("UPDATE outbox SET nudged_at = NULL WHERE incident_id = 2")
    two.wake_due()
    assert [job.incident_id for job in two.nudge.jobs] == [2]
    two.round()
    two.work()
    assert [notice.incident_id for notice in two.carrier.sent] == [2]
    assert two.incident(1).attempts[0].tries == 2
    assert two.incident(1).attempts[0].status is AttemptStatus.ACCEPTED  # it joined the call for the other
    assert "command 1 is of a kind that this release does not know" in {m.said for m in two.audit.whole(repair=False)}


def test_a_moment_that_is_none_stops_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite takes any text for a time; PostgreSQL does not."""
    office = Watched(f"sqlite:///{tmp_path / 'night.sqlite'}")
    office.engine.take([alert(), alert(key="db-2")])
    office.nudge.jobs.clear()
    office.sql("UPDATE outbox SET nudged_at = NULL")
    office.sql("UPDATE outbox SET due_at = '+15550100001' WHERE id = 1")
    office.wake_due()
    assert [job.id for job in office.nudge.jobs] == [2]
    assert office.counted("unreadable_row") == 1
    assert "outbox 1 cannot be read" in caplog.text
    office.round()
    assert "INC-1.s1.a1.t2" in [job.task_id for job in office.nudge.jobs]


def test_a_configuration_of_tomorrow_leaves_the_last_one_that_can_be_read(office: Watched) -> None:
    """With an older one somebody is paged, with none nobody."""
    with office.store.transaction() as tx:
        tx.apply(tx.site(), "newer")
    office.sql("UPDATE sites SET site = '{\"roster\": 7}' WHERE version = 2")
    office.store._parsed.clear()  # as in a process that starts now
    office.trouble()
    office.work()
    assert len(office.carrier.sent) == 1


def test_with_no_configuration_that_can_be_read_everybody_is_to_come_again(office: Watched) -> None:
    """As if the database were away: what a sender brings must not be thrown away for it."""
    office.sql("UPDATE sites SET site = '7'")
    office.store._parsed.clear()
    with pytest.raises(StoreUnavailable, match="no configuration"):
        office.trouble()


def test_an_opt_out_of_tomorrow_is_passed_over(office: Watched) -> None:
    """The others still hold."""
    office.sql("INSERT INTO opt_outs (channel, address, reason, at) VALUES ('pigeon', 'x', 'y', '2026-01-01 00:00:00+00:00')")
    office.trouble()
    office.work()
    assert len(office.carrier.sent) == 1


def test_an_unreadable_incident_is_not_called_unknown(two: Watched) -> None:
    """Somebody who asks for it must not believe that it never was."""
    two.sql("UPDATE incidents SET policy = '{' WHERE id = 1")
    with pytest.raises(Unreadable, match="INC-1"):
        two.queries.incident(1)
    assert two.queries.incident(99) is None


def test_an_entry_of_tomorrow_reads_as_a_note(office: Watched) -> None:
    """A story is not lost for one line."""
    office.trouble()
    office.sql("UPDATE entries SET kind = 'omen'")
    view = office.queries.incident(1)
    assert view is not None
    assert {told.entry.kind.value for told in view.entries} == {"note"}


@pytest.mark.parametrize("lost", [False, True])
def test_unknown_outcomes_are_counted_however_they_were_found(office: Watched, lost: bool) -> None:
    """By the worker's own word, or when its lease ran out."""
    office.trouble()
    (job,) = office.jobs()
    if lost:
        with office.store.transaction() as tx:
            tx.claim(job.id, "somebody", office.clock.now() - office.clock.now())
        office.engine.tell(1, ev.AttemptClaimed(1, 1))
        office.clock.move(seconds=21)
        office.engine.fire_due()
    else:
        office.engine.tell(1, ev.AttemptClaimed(1, 1))
        office.engine.tell(1, ev.AttemptUnknown(1, 1, "503"))
    assert office.incident().attempts[0].status is AttemptStatus.UNKNOWN
    assert office.counted("unknown_outcome") == 1
    assert office.incident().status is Status.TRIGGERED
