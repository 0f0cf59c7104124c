"""The outbox half of the store's contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain.alert import Severity
from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import Attempt, Page
from escalation.domain.roster import Channel
from escalation.ports import Job, Transaction
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from tests.builders import NIGHT, alert
from tests.store.conftest import HandClock
from tests.store.nights import CALL, TEXT, called, last_resort, opened

LEASE = timedelta(seconds=15)
LATER = Command(CommandKind.TEXT, 2, 1, NIGHT + timedelta(minutes=2))


@pytest.fixture
def job(store: SqlStore) -> Job:
    """A call that is due."""
    with store.transaction() as tx:
        return called(tx)[1][0]


def test_a_saved_command_is_a_job_with_names_to_read(tx: Transaction) -> None:
    """The task id begins with the incident's short id, the label names step and handle, the parent is the cause."""
    incident = opened(tx)
    page = Page(1, "ann", 1, 1, ())
    after = replace(incident, pages=(page,), attempts=(Attempt(1, 1, 0, Channel.VOICE, "+15550100001", 1),))
    [job] = tx.save(incident, after, [CALL], (), "INC-1.s1.a1.t1")

    assert job == Job(job.id, incident.id, CALL, "INC-1.s2.a1.t1", "INC-1.s1.a1.t1", NIGHT, "INC-1 step 2 ann")
    assert tx.job(job.id) == job


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(CommandKind.HANG_UP, ".hangup"), (CommandKind.LEAVE_MESSAGE, ".message"), (CommandKind.EDIT_SLACK, ".edit1")],
)
def test_a_command_about_an_attempt_is_named_after_it(tx: Transaction, kind: CommandKind, suffix: str) -> None:
    """What does not begin an attempt has the attempt's name and a word of its own."""
    _, [job] = called(tx, None, Command(kind, 1, 1))
    assert job.task_id == "INC-1.s1.a1.t1" + suffix


@pytest.mark.parametrize(
    ("handle", "shown"),
    [
        ("email:ops@example.org", "email:o•••@example.org"),
        ("webhook:https://u:p@hooks.example/T0/secret?k=1", "webhook:hooks.example"),
    ],
)
def test_a_last_resort_job_says_so_and_shows_no_address(tx: Transaction, handle: str, shown: str) -> None:
    """Labels reach the broker and Flower: a place's address is masked in them."""
    incident = opened(tx)
    after = last_resort(incident, handle)
    [job] = tx.save(incident, after, [Command(CommandKind.EMAIL, 1, 1)], (), "")
    assert (job.task_id, job.label) == ("INC-1.last.a1.t1", f"INC-1 last resort {shown}")


def test_a_command_is_enqueued_once(tx: Transaction) -> None:
    """The same command saved again gives no second job, not even after it was carried out."""
    incident, [job] = called(tx)
    assert tx.save(incident, incident, [CALL, CALL], (), "") == []
    tx.finish(job.id)
    assert tx.save(incident, incident, [CALL], (), "") == []
    assert tx.job(job.id) is None


def test_a_waiting_command_may_become_due_earlier_never_later(store: SqlStore, clock: HandClock) -> None:
    """When a carrier is back, what backed off goes out now; saving a later time changes nothing."""
    with store.transaction() as tx:
        incident, jobs = called(tx, None, LATER)
        assert jobs == []
        tx.save(incident, incident, [replace(LATER, not_before=NIGHT + timedelta(hours=1))], (), "")
        [job] = tx.save(incident, incident, [TEXT], (), "")
        assert job.due_at == NIGHT
        assert tx.claim(job.id, "w", LEASE) == job


@pytest.mark.parametrize("kind", [CommandKind.HANG_UP, CommandKind.EDIT_SLACK])
def test_a_hang_up_that_was_done_can_be_wanted_again(tx: Transaction, kind: CommandKind) -> None:
    """A call that the carrier did not know yet when we hung up may ring afterwards: the job comes back, the same one."""
    command = Command(kind, 1, 1)
    incident, [job] = called(tx, None, command)
    tx.claim(job.id, "w", LEASE)
    tx.finish(job.id)
    assert [again.id for again in tx.save(incident, incident, [command], (), "")] == [job.id]
    assert tx.claim(job.id, "w", LEASE) is not None


def test_a_message_has_one_pending_edit(tx: Transaction) -> None:
    """An edit that waits will show the newest state, so a second is not added; once it is under way, one is."""
    edit = Command(CommandKind.EDIT_SLACK, 1, 1)
    incident, [job] = called(tx, None, edit)
    turned = replace(incident, turn=2)
    assert tx.save(incident, turned, [edit], (), "") == []
    tx.claim(job.id, "w", LEASE)
    assert [j.task_id for j in tx.save(turned, turned, [edit], (), "")] == ["INC-1.s1.a1.t1.edit2"]


def test_only_one_claims_a_job(store: SqlStore, job: Job) -> None:
    """Compare-and-set: the second claim finds nothing to take, and only the first holds it."""
    with store.transaction() as tx:
        assert tx.claim(job.id, "one", LEASE) == job
    with store.transaction() as tx:
        assert tx.claim(job.id, "two", LEASE) is None
        assert tx.holds(job.id, "one")
        assert not tx.holds(job.id, "two")


def test_a_claim_ends_with_its_lease(store: SqlStore, job: Job, clock: HandClock) -> None:
    """Whoever froze past its lease does not hold the job any more, and the job shows as abandoned."""
    with store.transaction() as tx:
        tx.claim(job.id, "one", LEASE)
        assert tx.abandoned(10) == []
    clock.after(seconds=15)
    with store.transaction() as tx:
        assert not tx.holds(job.id, "one")
    clock.after(seconds=15)
    with store.transaction() as tx:
        assert not tx.holds(job.id, "one")
        assert tx.abandoned(10) == [job]
        assert tx.claim(job.id, "two", LEASE) is None


def test_a_finished_job_is_gone(store: SqlStore, job: Job) -> None:
    """Done is done: not found, not claimed, not held, not abandoned."""
    with store.transaction() as tx:
        tx.claim(job.id, "one", LEASE)
        tx.finish(job.id)
        assert tx.job(job.id) is None
        assert tx.claim(job.id, "two", LEASE) is None
        assert not tx.holds(job.id, "one")


def test_a_deferred_job_waits_and_is_nudged_anew(store: SqlStore, job: Job, clock: HandClock) -> None:
    """Back to pending: nobody's, not claimable before its time, and told to the workers again when it has come."""
    with store.transaction() as tx:
        tx.claim(job.id, "one", LEASE)
        tx.defer(job.id, NIGHT + timedelta(seconds=30))
        assert not tx.holds(job.id, "one")
        assert tx.claim(job.id, "two", LEASE) is None
        assert tx.unnudged(10) == []
    clock.after(seconds=30)
    with store.transaction() as tx:
        assert [j.id for j in tx.unnudged(10)] == [job.id]
        assert tx.claim(job.id, "two", LEASE) is not None


def test_a_job_that_becomes_due_is_nudged_once(store: SqlStore, clock: HandClock) -> None:
    """Jobs due at once were handed to the caller of save; later ones are handed out when due, one time."""
    with store.transaction() as tx:
        _, jobs = called(tx, None, CALL, LATER)
        assert [j.command for j in jobs] == [CALL]
        assert tx.unnudged(10) == []
    clock.after(minutes=2)
    with store.transaction() as tx:
        assert [j.command for j in tx.unnudged(10)] == [LATER]
        assert tx.unnudged(10) == []


def test_what_nobody_took_is_found(store: SqlStore, job: Job, clock: HandClock) -> None:
    """Pending jobs that have been due too long: the broker or the workers are gone. Claimed ones are not among them."""
    with store.transaction() as tx:
        assert tx.unclaimed(timedelta(seconds=10), 10) == []
    clock.after(seconds=10)
    with store.transaction() as tx:
        assert tx.unclaimed(timedelta(seconds=10), 10) == [job]
        tx.claim(job.id, "one", LEASE)
        assert tx.unclaimed(timedelta(seconds=10), 10) == []


def test_the_most_urgent_job_goes_first(store: SqlStore, clock: HandClock) -> None:
    """By severity, then by due time; when an incident's severity rises, what waits for it rises too."""
    with store.transaction() as tx:
        info, _ = called(tx, alert(key="a", severity=Severity.INFO))
        clock.after(seconds=1)
    with store.transaction() as tx:
        called(tx, alert(key="b", severity=Severity.ERROR))
        clock.after(seconds=20)
    with store.transaction() as tx:
        assert [j.incident_id for j in tx.unclaimed(LEASE, 10)] == [2, 1]
        assert [j.incident_id for j in tx.unclaimed(LEASE, 1)] == [2]
        tx.save(info, replace(info, severity=Severity.CRITICAL), (), (), "")
        assert [j.incident_id for j in tx.unclaimed(LEASE, 10)] == [1, 2]


def test_chores_never_crowd_a_page_out_of_a_batch(store: SqlStore, clock: HandClock) -> None:
    """However many edits are due, however urgent and old: the least urgent page goes before them, and a hang-up is no chore."""
    edits = [Command(CommandKind.EDIT_SLACK, 1, try_) for try_ in (1, 2)]
    with store.transaction() as tx:
        called(tx, alert(key="a", severity=Severity.CRITICAL), *edits[:1])
        called(tx, alert(key="b", severity=Severity.CRITICAL), *edits[1:])
        clock.after(seconds=1)
    with store.transaction() as tx:
        hang_up = Command(CommandKind.HANG_UP, 1, 1)
        called(tx, alert(key="c", severity=Severity.INFO), CALL, hang_up)
        clock.after(seconds=20)
    with store.transaction() as tx:
        assert [j.command for j in tx.unclaimed(LEASE, 3)] == [CALL, hang_up, edits[0]]


def test_a_command_without_an_attempt_is_a_fault_of_ours(tx: Transaction) -> None:
    """It could not be named, and must not be lost in silence."""
    incident = opened(tx)
    with pytest.raises(ValueError, match="no attempt 1"):
        tx.save(incident, incident, [CALL], (), "")


def test_waiting_jobs_are_shown_with_their_incident(store: SqlStore, queries: Queries, job: Job) -> None:
    """What is still to be carried out is listed; what was done is not."""
    view = queries.incident(job.incident_id)
    assert view is not None
    assert [(j.task_id, j.nudged_at) for j in view.jobs] == [(job.task_id, NIGHT)]
    with store.transaction() as tx:
        tx.finish(job.id)
    view = queries.incident(job.incident_id)
    assert view is not None
    assert view.jobs == ()
