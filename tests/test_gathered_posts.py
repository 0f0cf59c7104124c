"""Who writes a Slack message that shows several: on a real store, without a carrier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from escalation import gathered_posts
from escalation.domain.commands import CommandKind
from escalation.domain.events import Acknowledged
from escalation.domain.incident import LAST_RESORT, Incident, Via
from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.ports import Notice, Transaction
from tests.builders import policy, site, step
from tests.office import Office
from tests.store.nights import posting

ATTEMPT = 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Two incidents whose messages wait."""
    made = Office(f"sqlite:///{tmp_path / 'night.sqlite'}")
    made.apply(site(policy=policy(step("slack:#incidents"))))
    for key in ("db-1", "db-2"):
        made.trouble(key=key)
    yield made
    made.store.dispose()


def one(tx: Transaction, number: int) -> Incident:
    found = tx.load(number)
    assert found
    return found


def begun(office: Office) -> gathered_posts.Writing:
    """The first one's claim: it takes the second along."""
    with office.store.transaction() as tx:
        first = one(tx, 1)
        gathered_posts.gather(tx, first, first.attempts[0])
        writing = gathered_posts.drawn(tx, first, first.attempts[0])
    assert writing
    assert [line.incident_id for line in writing.lines] == [1, 2]
    return writing


def test_who_is_taken_along_stands_there_once_it_is_written(office: Office) -> None:
    """As it was then: had it moved since, it would write the message itself."""
    writing = begun(office)
    with office.store.transaction() as tx:
        second = one(tx, 2)
        assert gathered_posts.shown_in(tx, second, second.attempts[0]) is None
        assert gathered_posts.waits_until(tx, second, second.attempts[0]) == tx.now + gathered_posts.LOOK_AGAIN
        gathered_posts.settle(tx, writing, "C1:1.5", is_gone=False)
        assert gathered_posts.shown_in(tx, second, second.attempts[0]) == ("C1:1.5", 1)
        assert gathered_posts.waits_until(tx, second, second.attempts[0]) is None
        moved = replace(second, turn=second.turn + 1)
        assert gathered_posts.shown_in(tx, moved, moved.attempts[0]) is None
        assert not gathered_posts.is_shown(tx, moved, moved.attempts[0])
        gathered_posts.gather(tx, moved, moved.attempts[0])
        again = gathered_posts.drawn(tx, moved, moved.attempts[0])
        assert again
        assert (again.post, again.reference, again.last) == (writing.post, "C1:1.5", 2)


def test_whoever_died_in_writing_is_waited_for_and_then_written_anew(office: Office) -> None:
    """By the next one: nobody knows whether the first is there, and it could not be edited."""
    writing = begun(office)
    office.clock.at = writing.until - timedelta(seconds=1)
    with office.store.transaction() as tx:
        second = one(tx, 2)
        assert gathered_posts.waits_until(tx, second, second.attempts[0])
    office.clock.at = writing.until
    with office.store.transaction() as tx:
        second = one(tx, 2)
        assert gathered_posts.waits_until(tx, second, second.attempts[0]) is None
        gathered_posts.gather(tx, second, second.attempts[0])
        anew = gathered_posts.drawn(tx, second, second.attempts[0])
        assert anew
        assert (anew.reference, anew.post == writing.post) == ("", False)
        gathered_posts.settle(tx, writing, "C1:1.5", is_gone=False)  # the first one, which was only frozen
        assert gathered_posts.drawn(tx, second, second.attempts[0]) == anew


def test_a_clock_that_was_put_back_keeps_nobody_waiting(office: Office) -> None:
    """What is busy until long from now was said by another clock."""
    writing = begun(office)
    office.clock.at = writing.until - timedelta(hours=1)
    with office.store.transaction() as tx:
        second = one(tx, 2)
        assert gathered_posts.waits_until(tx, second, second.attempts[0]) is None


def test_that_nobody_answered_is_not_taken_along_by_a_page(office: Office) -> None:
    """Another kind of message in the same room."""
    with office.store.transaction() as tx:
        third, _ = posting(tx, 3, step=LAST_RESORT)
    begun(office)
    with office.store.transaction() as tx:
        assert gathered_posts.waits_until(tx, third, third.attempts[0]) is None


def test_what_is_asked_to_write_a_message_that_is_being_written_looks_again_in_a_second(office: Office) -> None:
    """And then edits it: two processes are never at the same message."""
    jobs = list(office.nudge.jobs)

    def meanwhile(_: Notice) -> None:
        office.carrier.on_send = lambda _: None
        office.trouble(key="db-3")
        office.worker("w2").carry_out(office.nudge.jobs[-1].id)

    office.carrier.on_send = meanwhile
    office.dispatch.carry_out(jobs[0].id)
    assert [(n.incident_id, [line.incident_id for line in n.brief.shown]) for n in office.carrier.sent] == [(1, [1, 2])]
    assert office.carrier.edited == []
    office.after(seconds=1)
    assert len(office.carrier.sent) == 1
    assert {reference for reference, _ in office.carrier.edited} == {"ref-1-1"}
    with office.store.transaction() as tx:
        third = one(tx, 3)
        assert gathered_posts.is_shown(tx, third, third.attempts[0])


def test_two_edits_of_a_message_go_one_after_the_other(office: Office) -> None:
    """Else the older of two could be the last that Slack takes."""
    office.after(seconds=1)
    writers = []

    def meanwhile(_: Brief) -> None:
        office.carrier.on_edit = lambda _: None
        office.engine.tell(2, Acknowledged("bob", Via.CONSOLE))
        office.worker("w2").carry_out(office.jobs(CommandKind.EDIT_SLACK)[-1].id)
        writers.append(len(office.carrier.edited))

    office.carrier.on_edit = meanwhile
    office.engine.tell(1, Acknowledged("ann", Via.CONSOLE))
    office.after(seconds=5)
    assert writers == [0]
    with office.store.transaction() as tx:
        assert all(gathered_posts.is_shown(tx, one(tx, number), one(tx, number).attempts[0]) for number in (1, 2))


def test_it_mentions_whoever_is_paged_for_what_nobody_has(office: Office) -> None:
    """Ann for one and Bob for another; Ann no more when hers is taken, whoever writes it."""
    mentioned = []
    office.carrier.on_edit = lambda brief: mentioned.append(brief.mentions)
    for key, who in (("db-8", "ann"), ("db-9", "bob")):
        office.apply(site(policy=policy(step(who, "slack:#incidents"))))
        office.trouble(key=key)
    office.after(seconds=5)
    posted = [n.brief for n in office.carrier.sent if n.channel is Channel.SLACK]
    assert [(len(brief.shown), brief.mentions) for brief in posted] == [(4, ("UANN", "UBOB"))]
    office.engine.tell(3, Acknowledged("lee", Via.CONSOLE))
    office.after(seconds=5)
    assert mentioned[-1] == ("UBOB",)
