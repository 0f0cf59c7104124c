"""Several troubles in one incident: whatever order alerts come in, and with whomever else they race."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Barrier

import pytest

from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.dedup import What
from escalation.domain.grouping import Grouping
from escalation.domain.policy import Site
from escalation.engine import Engine
from escalation.store.sql import SqlStore
from tests.builders import alert, site
from tests.fakes import FakeClock, FakeNudge
from tests.office import Office

KEYS = ("db-1", "db-2", "db-3", "db-4")


def gathering(**values: object) -> Site:
    found = site()
    return replace(found, services={"payments": replace(found.services["payments"], grouping=Grouping(**values))})  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(20))
def test_an_incident_is_open_exactly_as_long_as_one_of_its_troubles(seed: int, tmp_path: Path) -> None:
    """Random alerts of four troubles in two racks: whatever came, one that is not right again has an open incident, of its own rack,
    whose severity is no milder than any that was reported; and where all are right again none is open."""
    office, dice = Office(f"sqlite:///{tmp_path / 'night.sqlite'}"), Random(seed)
    office.apply(gathering(by=("rack",)))
    firing: dict[str, Severity] = {}
    for _ in range(60):
        key, severity = dice.choice(KEYS), dice.choice(list(Severity))
        rack = "a" if key in KEYS[:2] else "b"
        action = dice.choice([Action.TRIGGER, Action.TRIGGER, Action.RESOLVE])
        (taken,) = office.engine.take([alert(key=key, action=action, severity=severity, details={"rack": rack})])
        if action is Action.TRIGGER:
            firing[key] = min(severity, firing.get(key, severity), key=lambda s: s.rank)
            assert taken.what in (What.OPENED, What.COUNTED, What.ROSE)
        else:
            assert taken.what is (What.RESOLVED if firing.pop(key, None) else What.IGNORED)
        office.clock.move(minutes=dice.choice([0, 1, 4]))
        with office.store.transaction() as tx:
            whole = tx.peek(tx.open_incidents())
            members = {k: tx.member("payments", k) for k in firing}
        assert sum(one.members for one in whole) == len(firing)
        assert all(one.members for one in whole)
        for one in members.values():
            assert one
            assert one.is_open
        for k, worst in firing.items():
            held = next(one for one in whole if members[k] and one.id == members[k].incident_id)  # type: ignore[union-attr]
            assert held.severity.rank <= worst.rank
            assert held.details["rack"] == ("a" if k in KEYS[:2] else "b")
    office.store.dispose()


def test_a_member_that_is_no_worse_locks_nothing(postgres_url: str) -> None:
    """As a repeat: a storm of members keeps no key press waiting."""
    store = SqlStore(postgres_url, FakeClock())
    with store.transaction() as tx:
        tx.apply(gathering(), "")
    engine = Engine(store, FakeNudge())
    engine.take([alert(key="db-1")])
    with store.transaction() as holder:
        holder.load(1)
        assert engine.take([alert(key="db-2")])[0].what is What.COUNTED
    with store.read() as tx:
        assert tx.members(1) == 2
    store.dispose()


@pytest.fixture
def rivals(postgres_url: str) -> Iterator[tuple[Engine, Engine, SqlStore]]:
    """Two processes at one database."""
    stores = [SqlStore(postgres_url, FakeClock()) for _ in range(2)]
    with stores[0].transaction() as tx:
        tx.apply(gathering(), "")
    yield Engine(stores[0], FakeNudge()), Engine(stores[1], FakeNudge()), stores[0]
    for store in stores:
        store.dispose()


def at_once(engines: tuple[Engine, Engine], *said: Alert) -> None:
    barrier = Barrier(2)

    def take(engine: Engine, one: Alert) -> None:
        barrier.wait(10)
        engine.take([one])

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(take, engine, one) for engine, one in zip(engines, said, strict=True)]:
            done.result(30)


def test_of_two_first_alerts_one_opens_the_incident_and_of_two_last_ones_one_closes_it(
    rivals: tuple[Engine, Engine, SqlStore],
) -> None:
    """In two processes at the same moment, again and again: never two incidents, never one that stays open with nothing in it."""
    one, other, store = rivals
    for _ in range(10):
        at_once((one, other), alert(key="db-1"), alert(key="db-2"))
        with store.read() as tx:
            assert len(tx.open_incidents()) == 1
        at_once((one, other), *[alert(key=key, action=Action.RESOLVE) for key in ("db-1", "db-2")])
        with store.read() as tx:
            assert tx.open_incidents() == []
