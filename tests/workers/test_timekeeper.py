"""The timekeeper: what one turn does, and that nothing stops the turns."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from escalation.build import NoNudge
from escalation.domain.commands import Command, CommandKind
from escalation.errors import StoreUnavailable
from escalation.local.spool import Spool
from escalation.ports import Job
from escalation.store.views import Sending
from tests.builders import NIGHT
from tests.local.test_spool import report
from tests.processes import until
from tests.webhooks.receiver import receiver
from workers.duties import Hands, at_once
from workers.timekeeper import Timekeeper, loop

NONE = timedelta(0)


def job(id: int, kind: CommandKind = CommandKind.CALL) -> Job:
    return Job(id, 42, Command(kind, id, 1), f"INC-42.s1.a{id}", "", NIGHT)


class Rows:
    """A store as the timekeeper sees it, with a fault to be had."""

    def __init__(self) -> None:
        self.due: list[Job] = []
        self.forgotten: list[Job] = []
        self.beats: list[str] = []
        self.fault: Exception | None = None
        self.version = 0

    @contextmanager
    def read(self) -> Iterator[Rows]:
        yield self

    def site(self) -> SimpleNamespace:
        return SimpleNamespace(edition=str(self.version))

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        if self.fault:
            raise self.fault
        yield self

    def unnudged(self, limit: int) -> list[Job]:
        due, self.due = self.due[:limit], self.due[limit:]
        return due

    def unclaimed(self, since: timedelta, limit: int) -> list[Job]:
        assert since == timedelta(seconds=10)
        return self.forgotten[:limit]

    def beat(self, process: str) -> None:
        self.beats.append(process)


class World:
    """The rest of the system: it notes what it was asked to do. Is its own engine, dispatch and nudge."""

    def __init__(self) -> None:
        self.store = Rows()
        self.done: list[str] = []
        self.timers = 0
        self.hears = True
        self.fault: Exception | None = None
        self.audit = SimpleNamespace(turn=self.look, is_clean=True)
        self.sending = Sending(NIGHT, 0, 0, NONE, NONE, {})
        self.keeper = self.timekeeper()

    def timekeeper(self, ping: object = None) -> Timekeeper:
        system = SimpleNamespace(
            store=self.store,
            engine=self,
            dispatch=self,
            audit=self.audit,
            retention=SimpleNamespace(turn=self.forget),
            review=SimpleNamespace(turn=lambda: 0),
            queries=SimpleNamespace(sending=lambda: self.sending),
            ping=ping,
        )
        return Timekeeper(system, self, at_once)

    def fire_due(self, limit: int) -> int:
        if self.fault:
            raise self.fault
        self.done.append("fire")
        fired = min(self.timers, limit)
        self.timers -= fired
        return fired

    def roster_changed(self) -> bool:
        self.done.append("roster")
        return self.hears

    def wake(self, jobs: Sequence[Job]) -> None:
        self.done += [f"wake {j.id}" for j in jobs]

    def carry_out(self, job_id: int) -> None:
        self.done.append(f"carry out {job_id}")

    def settle_abandoned(self, limit: int) -> int:
        self.done.append("settle")
        return 0

    def probe(self) -> None:
        self.done.append("probe")

    def look(self) -> None:
        self.done.append("audit")

    def forget(self) -> int:
        self.done.append("forget")
        return 0

    def after(self, seconds: float) -> bool:
        return self.keeper.turn(NIGHT + timedelta(seconds=seconds))

    def count(self, what: str) -> int:
        return self.done.count(what)


@pytest.fixture
def world() -> World:
    return World()


def test_a_turn_fires_timers_and_nudges_what_became_due(world: World) -> None:
    """Both at every turn: they are what the policy's seconds depend on."""
    world.store.due = [job(1), job(2)]
    world.after(0)
    world.after(0.2)
    assert world.count("fire") == 2
    assert [d for d in world.done if d.startswith("wake")] == ["wake 1", "wake 2"]


def test_a_configuration_whose_applier_died_is_told_to_what_is_open(world: World) -> None:
    """Once, and again only while somebody could not be told."""
    world.after(0)
    assert world.count("roster") == 0
    world.store.version, world.hears = 1, False
    world.after(1)
    world.hears = True
    for second in range(2, 6):
        world.after(second)
    assert world.count("roster") == 2


def test_it_carries_out_what_nobody_came_for_pages_first(world: World) -> None:
    """Paging must not need the broker; a chore does not go before a page even then."""
    world.store.forgotten = [job(1, CommandKind.EDIT_SLACK), job(2), job(3, CommandKind.TEXT)]
    world.after(0)
    assert [d for d in world.done if d.startswith("carry")] == ["carry out 2", "carry out 3", "carry out 1"]


def test_the_slower_duties_keep_their_own_time(world: World) -> None:
    """In ten seconds: a settling and an audit's turn every second, a probe every five, a heartbeat every two."""
    for tenth in range(100):
        world.after(tenth / 10)
    assert (world.count("settle"), world.count("audit"), world.count("probe"), len(world.store.beats)) == (10, 10, 2, 5)
    assert set(world.store.beats) == {"timekeeper"}


def test_more_timers_than_one_batch_bring_the_next_turn_at_once(world: World) -> None:
    """A storm's timers are not spread over minutes by the pause between turns."""
    world.timers = 250
    assert [world.after(n / 10) for n in range(3)] == [True, True, False]


@pytest.mark.parametrize("fault", [StoreUnavailable("away"), RuntimeError("+15550100100"), MemoryError()])
def test_a_fault_in_one_duty_stops_neither_the_others_nor_the_next_turn(
    world: World, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is, it is logged by its class only: its text may hold a number."""
    world.fault = fault
    world.after(0)
    assert world.count("settle") == 1
    world.fault = None
    world.after(1)
    assert world.count("fire") == 1
    assert type(fault).__name__ in caplog.text
    assert "+1555" not in caplog.text


def test_a_duty_that_fails_again_and_again_backs_off_and_recovers(world: World) -> None:
    """A database that is away is not asked five times a second, and after it is back no second is lost."""
    tried: list[float] = []
    world.fault = StoreUnavailable("away")
    fire = world.fire_due
    world.fire_due = lambda limit: (tried.append(now), fire(limit))[1]  # type: ignore[method-assign]
    world.keeper = world.timekeeper()
    for fifth in range(300):
        now = fifth / 5
        world.after(now)
    assert len(tried) < 20
    assert max(b - a for a, b in itertools.pairwise(tried)) <= 5.3
    world.fault = None
    assert [world.after(60 + n / 5) for n in range(30)].count(False) == 30
    assert world.count("fire") > 4


def test_it_ships_what_commands_on_this_machine_kept(tmp_path: Path) -> None:
    """Nobody has to run another command: the site that comes back takes what waited for it, within five seconds."""
    desk, spool = receiver(tmp_path / "site"), Spool(tmp_path)
    keeper = Timekeeper(desk.system, NoNudge(), at_once, spool)
    keeper.turn(NIGHT)
    spool.append(report("db-1"))
    keeper.turn(NIGHT + timedelta(seconds=5))
    assert [row.summary for row in desk.system.queries.incidents()] == ["db-1 is down"]
    assert spool.is_empty()


def test_a_watcher_hears_once_a_minute_that_all_is_well_and_nothing_when_it_is_not(world: World) -> None:
    """Silence is the alarm: an audit that found something, a timer or a command that is overdue."""
    heard: list[int] = []
    world.keeper = world.timekeeper(SimpleNamespace(send=lambda: heard.append(minute)))
    late = Sending(NIGHT, 1, 0, timedelta(seconds=61), NONE, {})
    overdue = Sending(NIGHT, 0, 0, NONE, timedelta(seconds=31), {})
    states = {1: (False, world.sending), 2: (True, late), 3: (True, overdue)}
    for minute in range(6):
        world.audit.is_clean, world.sending = states.get(minute, (True, Sending(NIGHT, 0, 0, NONE, NONE, {})))
        for second in range(60):
            world.after(60 * minute + second)
    assert heard == [0, 4, 5]


def test_a_clock_set_back_stops_no_duty(world: World) -> None:
    """Else a heartbeat would rest until the old time came again."""
    world.after(3600)
    world.after(0)
    assert len(world.store.beats) == 2


def test_hands_never_do_the_same_twice_at_once_nor_more_than_they_are() -> None:
    """A carrier that hangs holds one hand; the same job asked for at the next turn does not take a second one."""
    let_go, hands, done = threading.Event(), Hands(2), []

    def slow(name: str) -> Callable[[], None]:
        return lambda: (let_go.wait(10), done.append(name))[1]

    assert hands.run("job 1", slow("1"))
    assert not hands.run("job 1", slow("1 again"))
    assert hands.run("job 2", slow("2"))
    assert not hands.run("job 3", slow("3"))
    let_go.set()
    assert until(lambda: sorted(done) == ["1", "2"])
    assert until(lambda: hands.run("job 3", slow("3")))
    assert until(lambda: "3" in done)


def test_a_fault_in_a_hand_frees_it(caplog: pytest.LogCaptureFixture) -> None:
    """One bad job must not use up the hands, one a second, until nobody dials."""
    hands = Hands(1)
    assert hands.run("job 1", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert until(lambda: hands.run("job 1", lambda: None))
    assert "ZeroDivisionError" in caplog.text


def test_the_loop_ends_when_told(world: World) -> None:
    """SIGTERM sets the event; a turn and its pause are all that is waited for."""
    stopped = threading.Event()
    thread = threading.Thread(target=loop, args=(world.keeper, lambda: NIGHT, stopped))
    thread.start()
    assert until(lambda: world.count("fire") > 1)
    stopped.set()
    thread.join(2)
    assert not thread.is_alive()
