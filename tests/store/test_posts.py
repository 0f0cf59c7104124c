"""Slack messages that show several incidents, in the store: one writer at a time, whoever begins, dies or comes late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from escalation.domain.alert import Severity
from escalation.domain.incident import LAST_RESORT, AttemptStatus, Status
from escalation.ports import Transaction
from escalation.shared_posts import Post, Waits
from escalation.store.sql import SqlStore
from tests.builders import NIGHT
from tests.store.conftest import HandClock
from tests.store.nights import ROOM, posting

KIND = "page #incidents"
SOON, LATER = NIGHT + timedelta(seconds=15), NIGHT + timedelta(seconds=30)


def shown_by(tx: Transaction, post: Post) -> list[int]:
    return [line.incident_id for line in tx.lines(post.id)]


@pytest.fixture
def written(tx: Transaction) -> Post:
    """A message that stands there with two incidents, at turn 1."""
    for number in (1, 2):
        posting(tx, number)
    post = tx.begin_post(KIND, SOON)
    tx.show(post.id, [(1, 1), (2, 1)])
    assert tx.posted(post.id, SOON, "C1:1.5", {(1, 1): 1, (2, 1): 1})
    return tx.last_post(KIND)


def test_what_was_written_is_known_by_its_members(tx: Transaction, written: Post) -> None:
    """Where it is, that nobody writes it, and what it shows of each."""
    assert written == Post(written.id, "C1:1.5", NIGHT, None)
    assert tx.post_of(2, 1) == (written, 1)
    assert tx.post_of(2, 2) is None
    first, second = tx.lines(written.id)
    assert (first.place, second.place) == (1, 2)
    assert (second.short_id, second.summary, second.severity, second.status, second.turn) == (
        "INC-2", "db-2 is down", Severity.ERROR, Status.TRIGGERED, 1,
    )  # fmt: skip


def test_lines_are_as_the_incidents_are_now(tx: Transaction, written: Post) -> None:
    """Not as they were when it was written."""
    before = tx.load(1)
    assert before
    tx.save(before, replace(before, status=Status.ACKNOWLEDGED, acknowledged_by="ann", turn=2), [], (), "")
    line, _ = tx.lines(written.id)
    assert (line.status, line.acknowledged_by, line.turn) == (Status.ACKNOWLEDGED, "ann", 2)
    assert tx.post_of(1, 1) == (written, 1)


def test_where_nothing_was_written_the_last_one_is_empty(tx: Transaction) -> None:
    """And a lock all the same, so that two who begin meet there."""
    assert tx.last_post(KIND).reference == ""
    assert tx.last_post(KIND) == tx.last_post(KIND)
    assert tx.lines(10**30) == []


def test_a_new_message_takes_the_place_of_the_last_one(tx: Transaction, written: Post) -> None:
    """Whose members still know it, and whose button still means them."""
    tx.begin_post(KIND, LATER)
    newest = tx.last_post(KIND)
    assert (newest.reference, newest.busy_until) == ("", LATER)
    assert tx.last_post("page #other").id not in (newest.id, written.id)
    assert tx.post_of(1, 1) == (written, 1)
    assert shown_by(tx, written) == [1, 2]


def test_a_writer_who_was_given_up_settles_nothing(tx: Transaction, written: Post) -> None:
    """Another keeps it by now: a frozen one that wakes must not free it."""
    tx.keep_post(written.id, SOON)
    tx.keep_post(written.id, LATER)
    assert not tx.posted(written.id, SOON, "C1:9", {(1, 1): 9})
    tx.unposted(written.id, SOON, is_gone=True)
    assert tx.last_post(KIND) == replace(written, busy_until=LATER)
    assert tx.posted(written.id, LATER, "C1:1.5", {(1, 1): 2})
    assert tx.post_of(1, 1) == (written, 2)


def test_what_could_not_be_written_does_not_stand_there(tx: Transaction, written: Post) -> None:
    """What stood there before still does."""
    posting(tx, 3)
    tx.keep_post(written.id, SOON)
    tx.show(written.id, [(3, 1), (1, 1)])
    assert shown_by(tx, written) == [1, 2, 3]
    assert tx.post_of(3, 1) == (replace(written, busy_until=SOON), None)
    tx.unposted(written.id, SOON, is_gone=False)
    assert shown_by(tx, written) == [1, 2]
    assert tx.last_post(KIND) == written


def test_into_a_message_that_was_deleted_nothing_comes_any_more(tx: Transaction, written: Post) -> None:
    """The next one is a new one."""
    tx.keep_post(written.id, SOON)
    tx.unposted(written.id, SOON, is_gone=True)
    assert tx.last_post(KIND).id != written.id
    assert tx.last_post(KIND).reference == ""


def test_a_message_that_never_was_leaves_nothing(tx: Transaction) -> None:
    """Its members are free to stand in another one."""
    posting(tx)
    post = tx.begin_post(KIND, SOON)
    tx.show(post.id, [(1, 1)])
    tx.unposted(post.id, SOON, is_gone=False)
    assert tx.post_of(1, 1) is None
    assert tx.last_post(KIND).id > post.id  # a button of the one must never mean the other


def test_one_that_cannot_be_edited_takes_nobody_along(tx: Transaction) -> None:
    """An incoming webhook gives no reference: it shows what it shows."""
    posting(tx)
    post = tx.begin_post(KIND, SOON)
    tx.show(post.id, [(1, 1)])
    assert tx.posted(post.id, SOON, "", {(1, 1): 1})
    assert tx.post_of(1, 1) == (replace(post, busy_until=None), 1)
    assert tx.last_post(KIND).id != post.id
    tx.begin_post(KIND, SOON)
    assert shown_by(tx, post) == [1]


def test_what_waits_is_found_by_its_room_the_worst_first(tx: Transaction) -> None:
    """And which kind it is."""
    for number in (1, 2):
        posting(tx, number)
    posting(tx, 3, Severity.CRITICAL)
    posting(tx, 4, step=LAST_RESORT)
    posting(tx, 5, room="#other")
    found = tx.waiting_posts(ROOM, 1, 10)
    assert found[0] == Waits((3, 1), Severity.CRITICAL, KIND)
    assert found[1:] == [Waits((2, 1), Severity.ERROR, KIND), Waits((4, 1), Severity.ERROR, "last resort #incidents")]
    assert [w.part for w in tx.waiting_posts(ROOM, 1, 1)] == [(3, 1)]


def test_what_is_on_its_way_or_stands_somewhere_does_not_wait(tx: Transaction) -> None:
    """Nor what must wait longer (a back-off), or is no longer wanted."""
    posting(tx, 1)
    (_, [claimed]), (over, _), (stands, _) = (posting(tx, number) for number in (2, 3, 4))
    posting(tx, 5, not_before=SOON)
    assert [w.part[0] for w in tx.waiting_posts(ROOM, 1, 10)] == [2, 3, 4]
    assert tx.claim(claimed.id, "w1", timedelta(seconds=15))
    settled = replace(over.attempts[0], status=AttemptStatus.SETTLED)
    tx.save(over, replace(over, attempts=(settled,)), [], (), "")
    tx.show(tx.begin_post(KIND, SOON).id, [(stands.id, 1)])
    assert tx.waiting_posts(ROOM, 1, 10) == []


def test_what_waits_for_a_writer_is_taken_along(tx: Transaction) -> None:
    """It is looked at again in a second, and may stand there by then."""
    posting(tx, 1)
    _, [job] = posting(tx, 2)
    tx.defer(job.id, SOON)
    assert [w.part[0] for w in tx.waiting_posts(ROOM, 1, 10)] == [2]


def test_two_who_begin_at_once_share_one(store: SqlStore) -> None:
    """Four workers and no message there yet: each gets the same one, after another."""
    together = Barrier(4)

    def work(number: int) -> int:
        together.wait()
        with store.transaction() as tx:
            post = tx.last_post(KIND)
            if not post.busy_until:
                post = tx.begin_post(KIND, SOON)
            tx.show(post.id, [(number, 1)])
            return post.id

    with ThreadPoolExecutor(4) as workers:
        assert len(set(workers.map(work, range(4)))) == 1
    with store.transaction() as tx:
        assert {tx.post_of(number, 1) for number in range(4)} == {(tx.last_post(KIND), None)}


def test_old_messages_go_with_the_last_of_their_incidents(store: SqlStore, clock: HandClock) -> None:
    """As long as one of them is kept its button means something."""
    with store.transaction() as tx:
        for number in (1, 2):
            posting(tx, number)
        post = tx.begin_post(KIND, SOON)
        tx.show(post.id, [(1, 1), (2, 1)])
        tx.posted(post.id, SOON, "C1:1.5", {(1, 1): 1, (2, 1): 1})
    clock.after(days=400)
    with store.transaction() as tx:
        tx.forget_commands(clock.now() - timedelta(days=90), 500)
        assert shown_by(tx, post) == [1, 2]
        for number in (1, 2):
            before = tx.load(number)
            assert before
            tx.save(before, replace(before, status=Status.RESOLVED), [], (), "")
    clock.after(days=400)
    with store.transaction() as tx:
        assert tx.forget_incidents(clock.now() - timedelta(days=90), 10) == 2
        tx.forget_commands(clock.now() - timedelta(days=90), 500)
        assert tx.connection.exec_driver_sql("select count(*) from posts").scalar() == 0
