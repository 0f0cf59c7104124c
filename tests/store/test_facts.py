"""The store's contract for inbox, configuration, opt-outs, phones, carriers, counters and heartbeats."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from escalation.domain.policy import Site
from escalation.domain.roster import Channel
from escalation.ports import Transaction
from escalation.store.queries import Queries
from escalation.store.sql import SqlStore
from escalation.store.tables import opt_outs
from tests.builders import NIGHT, PHONES, alert, policy, site, step
from tests.store.conftest import HandClock
from tests.store.nights import opened

ANN = PHONES["ann"]
SOON = NIGHT + timedelta(minutes=6)


def test_an_identity_is_new_once(store: SqlStore) -> None:
    """True the first time ever, then never again; long ones and odd ones too, and they are told apart by their last letter."""
    long = "x" * 100_000
    for identity in ("a", "b", "nul\0\ud800", long + "1", long + "2"):
        with store.transaction() as tx:
            assert tx.first_seen(identity)
            assert not tx.first_seen(identity)
        with store.transaction() as tx:
            assert not tx.first_seen(identity)


def test_an_identity_of_a_failed_transaction_was_not_seen(store: SqlStore) -> None:
    """A callback that could not be stored is sent again by the carrier, and must count then."""
    try:
        with store.transaction() as tx:
            assert tx.first_seen("a")
            raise RuntimeError
    except RuntimeError:
        pass
    with store.transaction() as tx:
        assert tx.first_seen("a")


def test_before_the_first_configuration_the_site_is_empty(tx: Transaction) -> None:
    """Version 0 and nobody in it, no document."""
    assert tx.site() == Site()
    assert tx.document() == ""


def test_the_configuration_applied_last_is_the_site(store: SqlStore) -> None:
    """Versions count up; the text comes back as it was written; every store sees the newest at once."""
    changed = site(policy=policy(step("bob", minutes=1)))
    with store.transaction() as tx:
        assert tx.apply(site(), "people: …\n") == 1
        assert tx.site() == replace(site(), version=1)
    with store.transaction() as tx:
        assert tx.apply(changed, "people: bob\n") == 2
    with store.transaction() as tx:
        assert tx.site() == replace(changed, version=2)
        assert tx.document() == "people: bob\n"


def test_a_rolled_back_configuration_is_not_remembered(store: SqlStore) -> None:
    """The parsed site is kept per version: one that was taken back must not be served for the next of that number."""
    try:
        with store.transaction() as tx:
            tx.apply(site(), "first")
            assert tx.site().version == 1
            raise RuntimeError
    except RuntimeError:
        pass
    other = site(policy=policy(step("lee")))
    with store.transaction() as tx:
        tx.apply(other, "second")
    with store.transaction() as tx:
        assert tx.site() == replace(other, version=1)


def test_an_opted_out_number_is_unusable_by_text_only(store: SqlStore) -> None:
    """STOP blocks SMS to that number, not calls, and START takes it back; the reason is kept."""
    with store.transaction() as tx:
        tx.apply(site(), "")
        tx.block(Channel.SMS, ANN, "replied STOP")
        tx.block(Channel.SMS, ANN, "opted out")
        ann = tx.site().roster.people["ann"]
        assert [(c.channel, c.blocked) for c in ann.contacts] == [(Channel.VOICE, ""), (Channel.SMS, "opted out")]
        assert tx.unblock(Channel.SMS, ANN)
        assert not tx.unblock(Channel.SMS, ANN), "it was not blocked any more"
        assert tx.site().roster == site().roster


def test_a_phone_is_held_by_one_attempt(store: SqlStore) -> None:
    """Site-wide: no other attempt, of this incident or another, may dial a number that a call may still be on."""
    with store.transaction() as tx:
        one, two = opened(tx), opened(tx, alert(key="two"))
        assert tx.hold_phone(ANN, one.id, 1, 1, SOON)
        assert tx.hold_phone(ANN, one.id, 1, 2, SOON)
        assert not tx.hold_phone(ANN, one.id, 2, 1, SOON)
        assert not tx.hold_phone(ANN, two.id, 1, 1, SOON)
        assert tx.hold_phone(PHONES["bob"], two.id, 1, 1, SOON)
        tx.free_phone(one.id, 1)
        assert tx.hold_phone(ANN, two.id, 1, 1, SOON)


def test_a_phone_is_free_when_no_call_can_be_alive(store: SqlStore, clock: HandClock) -> None:
    """The hold ends by itself, and the late end of the old call does not free the new one's phone."""
    with store.transaction() as tx:
        one, two = opened(tx), opened(tx, alert(key="two"))
        tx.hold_phone(ANN, one.id, 1, 1, SOON)
    clock.after(minutes=6)
    with store.transaction() as tx:
        assert tx.hold_phone(ANN, two.id, 1, 1, SOON + timedelta(minutes=6))
        tx.free_phone(one.id, 1)
        assert not tx.hold_phone(ANN, one.id, 1, 1, SOON + timedelta(minutes=6))


def test_a_carrier_goes_down_and_up_once(tx: Transaction) -> None:
    """Only the change is news; the others go on."""
    assert not tx.carrier_up("plivo")
    assert tx.carrier_down("plivo", "503")
    assert not tx.carrier_down("plivo", "timed out")
    assert tx.carrier_down("slack", "429")
    assert tx.carriers_down() == ["plivo", "slack"]
    assert tx.carrier_up("plivo")
    assert not tx.carrier_up("plivo")
    assert tx.carriers_down() == ["slack"]


def test_counters_count(store: SqlStore, queries: Queries) -> None:
    """Each bump is one more."""
    for counter in ("refused_callback", "unknown_key", "refused_callback"):
        with store.transaction() as tx:
            tx.bump(counter)
    assert queries.counters() == {"refused_callback": 2, "unknown_key": 1}


def test_heartbeats_tell_when_a_process_was_heard_last(store: SqlStore, queries: Queries, clock: HandClock) -> None:
    """Only the newest beat counts."""
    for _ in range(2):
        clock.after(seconds=5)
        with store.transaction() as tx:
            tx.beat("timekeeper")
    clock.after(seconds=3)
    assert queries.heartbeats() == {"timekeeper": timedelta(seconds=3)}


def test_what_is_done_once_in_a_time_is_done_by_whoever_comes_first(store: SqlStore, clock: HandClock) -> None:
    """Also when the clock was put back far: not before long would else be in a year. A rival's moment ahead of ours is no such clock."""

    def is_ours() -> bool:
        with store.transaction() as tx:
            return tx.beat_if_due("self-test", timedelta(hours=1))

    assert [is_ours(), is_ours()] == [True, False]
    clock.after(seconds=-30)
    assert not is_ours()
    clock.after(seconds=30, minutes=59)
    assert not is_ours()
    clock.after(minutes=1)
    assert [is_ours(), is_ours()] == [True, False]
    clock.after(days=-365)
    assert [is_ours(), is_ours()] == [True, False]


def test_of_many_who_come_at_once_one_does_it(store: SqlStore) -> None:
    """Each timekeeper asks in a transaction of its own."""

    def is_ours(_: int) -> bool:
        with store.transaction() as tx:
            return tx.beat_if_due("self-test", timedelta(hours=1))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(is_ours, range(6))) == 1


def test_the_site_is_read_once_a_transaction_and_again_when_it_changed(store: SqlStore) -> None:
    """Three look-ups of a page would else ask three times; who opted out in the same transaction is out at once."""
    with store.transaction() as tx:
        tx.apply(site(), "")
    with store.transaction() as tx:
        assert tx.site() is tx.site()
        for change in (lambda: tx.block(Channel.SMS, ANN, "STOP"), lambda: tx.unblock(Channel.SMS, ANN)):
            before = tx.site()
            change()
            assert tx.site() != before
        tx.apply(site(policy=policy(step("bob", minutes=1))), "")
        assert tx.site().version == 2


def test_whoever_waited_for_an_incident_reads_the_site_as_it_stands_then(store: SqlStore) -> None:
    """The wait for the lock may have been long, and somebody else may be on call since."""
    with store.transaction() as tx:
        tx.apply(site(), "")
        incident = opened(tx)
    with store.transaction() as tx:
        before = tx.site()
        tx.connection.execute(opt_outs.insert(), {"channel": Channel.SMS, "address": ANN, "reason": "STOP", "at": tx.now})
        assert tx.site() is before, "somebody else's change, were it PostgreSQL"
        tx.load(incident.id)
        assert tx.site() != before
