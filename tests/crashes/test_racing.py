"""Two timekeepers and three workers, each with connections of its own, over the same due timers and commands. Every nudge comes twice,
as brokers do it. Threads, real databases, a carrier that counts."""

from __future__ import annotations

import queue
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from escalation.announcing import Announcing
from escalation.audit import Audit
from escalation.briefing import Briefs
from escalation.build import System
from escalation.dispatch import LEASE, Dispatch
from escalation.domain.attempts import EVIDENCE_TAKES
from escalation.domain.incident import Incident
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.engine import Engine
from escalation.ports import Job, Notice
from escalation.readiness import Readiness
from escalation.retention import Retention
from escalation.review import Review
from escalation.store.queries import Queries
from escalation.store.schema import migrate
from escalation.store.sql import SqlStore
from tests.builders import alert, policy, site, step
from tests.crashes.boundaries import Death, Fate, MortalStore
from tests.fakes import FakeCarrier, FakeClock
from tests.processes import until
from workers.duties import TURN, at_once
from workers.timekeeper import Timekeeper

INCIDENTS = 30
MAIL = (Rung(Channel.EMAIL),)  # calls are shared, and texts: of mails each incident has its own
POLICY = policy(step("email:ann@example.org", minutes=1, ladder=MAIL), step("email:bob@example.org", minutes=1, ladder=MAIL))


class Twice:
    """Implements `ports.Nudge`: a broker that delivers everything twice."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[int] = queue.SimpleQueue()

    def wake(self, jobs: Sequence[Job]) -> None:
        for job in [*jobs, *jobs]:
            self.jobs.put(job.id)


class Race:
    """`keeps` and `works` start another thread each. Whoever hits a `Death` is gone, and its lease with it."""

    def __init__(self, url: str) -> None:
        self.url, self.clock, self.broker, self.carrier = url, FakeClock(), Twice(), FakeCarrier()
        self.stop, self.threads, self.stores = threading.Event(), [], []
        self.boss = self.system(Fate())
        with self.boss.store.transaction() as tx:
            tx.apply(site(policy=POLICY), "")

    def system(self, fate: Fate) -> System:
        store = SqlStore(self.url, self.clock)
        self.stores.append(store)
        mortal = MortalStore(store, fate)
        engine, briefs = Engine(mortal, self.broker), Briefs("https://pager.example.org", "secret")
        dispatch = Dispatch(engine, mortal, dict.fromkeys(Channel, self.carrier), briefs, f"w{len(self.stores)}")
        audit, retention = Audit(engine, mortal), Retention(mortal, 0)  # type: ignore[arg-type]
        return System(
            None, mortal, engine, dispatch, briefs, Queries(store), None, audit, retention, Announcing(mortal, {}),
            Review(engine, mortal), Readiness(engine, mortal), None, None, None, 30
        )  # type: ignore[arg-type]  # fmt: skip

    def keeps(self, fate: Fate | None = None) -> None:
        system = self.system(fate or Fate())
        keeper = Timekeeper(system, self.broker, at_once)

        def turn() -> None:
            keeper.turn(self.clock.now())
            self.stop.wait(TURN / 10)

        self._run(turn)

    def works(self, fate: Fate | None = None) -> None:
        system = self.system(fate or Fate())

        def work() -> None:
            try:
                job = self.broker.jobs.get(timeout=0.05)
            except queue.Empty:
                return
            system.dispatch.carry_out(job)

        self._run(work)

    def _run(self, act: Callable[[], None]) -> None:
        def run() -> None:
            try:
                while not self.stop.is_set():
                    act()
            except Death:
                pass

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def trouble(self) -> None:
        self.boss.engine.take([alert(key=f"db-{number}") for number in range(INCIDENTS)])

    def incidents(self) -> list[Incident]:
        with self.boss.store.read() as tx:
            return tx.peek(range(1, INCIDENTS + 1))

    def sent(self) -> Counter[tuple[int, int, int]]:
        return Counter((n.incident_id, n.attempt, n.try_) for n in list(self.carrier.sent))

    def have_all(self, attempts: int, patience: float = 30) -> bool:
        """Whether so many of each incident's attempts were accepted, within so many seconds of the real clock."""
        return until(lambda: all(sum(1 for a in i.attempts if a.references) == attempts for i in self.incidents()), patience)

    def have_all_soon(self, attempts: int) -> bool:
        """The same, with the clock moved past the lease of somebody who died, and past the wait for a sign of what they had sent."""
        assert until(lambda: self.undone() <= 1, 30)
        if not self.have_all(attempts, 1):
            self.clock.move(seconds=LEASE.total_seconds() + 1)
            assert until(lambda: self.said("whoever was sending it died"), 30)
            self.clock.move(seconds=EVIDENCE_TAKES.total_seconds() + 1)
        return self.have_all(attempts)

    def undone(self) -> int:
        with self.boss.store.read() as tx:
            return int(tx.connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE state <> 'done'").scalar_one())

    def said(self, words: str) -> Counter[int]:
        with self.boss.store.read() as tx:
            rows = tx.connection.exec_driver_sql("SELECT incident_id, text FROM entries").all()
        return Counter(row[0] for row in rows if words in row[1])

    def close(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(10)
        for store in self.stores:
            store.dispose()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("racing") / "empty.sqlite"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def race(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Race]:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty"), tmp_path / "race.sqlite")
    made = Race(
        request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path / 'race.sqlite'}"
    )
    yield made
    made.close()


def test_no_timer_fires_twice_none_is_missed_and_nothing_is_sent_twice(race: Race) -> None:
    """Thirty incidents, two steps: each step ends once, each mail goes out once."""
    for start in (race.keeps, race.keeps, race.works, race.works, race.works):
        start()
    race.trouble()
    assert race.have_all(1)
    race.clock.move(seconds=61)
    assert race.have_all(2)
    race.clock.move(seconds=61)
    assert until(lambda: len(race.said("EXHAUSTED")) == INCIDENTS, 30)
    everyone = Counter(range(1, INCIDENTS + 1))
    assert race.said("Nobody acknowledged in step 1.") == race.said("Nobody acknowledged in step 2.") == everyone
    assert race.have_all(3)  # the last resort's mail
    assert set(race.sent().values()) == {1}


def test_a_worker_stopped_dead_in_its_lease_holds_up_nobody(race: Race) -> None:
    """It froze in the middle of a request: the others carry on, its own page goes out once more after the lease, and when it thaws
    nothing follows from it."""
    frozen, thaw = threading.Event(), threading.Event()

    def send(notice: Notice) -> None:
        if not frozen.is_set():
            frozen.set()
            thaw.wait(60)

    race.carrier.on_send = send
    race.works()
    race.trouble()
    assert until(frozen.is_set)
    for start in (race.keeps, race.keeps, race.works, race.works):
        start()
    assert until(lambda: len(race.sent()) == INCIDENTS, 30)
    race.clock.move(seconds=LEASE.total_seconds() + 1)
    assert until(lambda: race.said("whoever was sending it died"))
    race.clock.move(seconds=EVIDENCE_TAKES.total_seconds() + 1)
    assert race.have_all(1)
    thaw.set()
    assert until(lambda: len(race.sent()) == INCIDENTS + 1)
    ((incident, attempt, _),) = [name for name in race.sent() if name[2] == 2]
    assert until(lambda: race.incidents()[incident - 1].attempts[attempt - 1].references.keys() == {1, 2})
    assert set(race.sent().values()) == {1}
    assert len(race.sent()) == INCIDENTS + 1


@pytest.mark.parametrize("commit", ["before commit", "after commit"])
def test_whoever_dies_the_others_carry_on(race: Race, commit: str) -> None:
    """A timekeeper and a worker are killed at one of their commits: every step ends once all the same, and a page whose
    sending was cut is the only one that may go out again."""
    dies = lambda number, name: name.startswith(commit) and "save" in name and number > 8
    doomed, killed = Fate(dies), Fate(dies)
    race.keeps(doomed)
    race.works(killed)
    for start in (race.keeps, race.works, race.works):
        start()
    race.trouble()
    assert until(lambda: killed.deaths, 30)
    assert race.have_all_soon(1)
    race.clock.move(seconds=61)
    assert until(lambda: len(race.said("Nobody acknowledged in step 1.")) == INCIDENTS, 30)
    assert set(race.said("Nobody acknowledged in step 1.").values()) == {1}
    assert killed.deaths
    assert doomed.deaths
    doubled = {name for name in race.sent() if name[2] > 1}
    assert len(doubled) <= 1
    assert set(race.sent().values()) == {1}
