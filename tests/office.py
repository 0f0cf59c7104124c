"""The engine, the dispatch and a real SQLite store around a fake carrier and a clock moved by hand: what engine and dispatch tests
work in. Scenarios have the whole system (`scenarios/night.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from escalation.briefing import Briefs
from escalation.dispatch import Dispatch
from escalation.domain.commands import CommandKind
from escalation.domain.incident import Incident
from escalation.domain.policy import Site
from escalation.domain.roster import Channel
from escalation.engine import Engine
from escalation.ports import Job
from escalation.store.schema import migrate
from escalation.store.sql import SqlStore
from tests.builders import alert, site
from tests.fakes import FakeCarrier, FakeClock, FakeNudge

STEP = timedelta(seconds=20)


@dataclass
class Office:
    url: str
    clock: FakeClock = field(default_factory=FakeClock)
    nudge: FakeNudge = field(default_factory=FakeNudge)
    carrier: FakeCarrier = field(default_factory=FakeCarrier)

    def __post_init__(self) -> None:
        migrate(self.url)
        self.store = SqlStore(self.url, self.clock, caller=30)  # a busy machine keeps nobody waiting here
        self.engine = Engine(self.store, self.nudge)
        self.briefs = Briefs("https://pager.example.org", "secret")
        self.dispatch = self.worker("w1")
        self.apply(site())

    def worker(self, holder: str) -> Dispatch:
        return Dispatch(self.engine, self.store, dict.fromkeys(Channel, self.carrier), self.briefs, holder)

    def apply(self, what: Site) -> None:
        with self.store.transaction() as tx:
            tx.apply(what, "")

    def trouble(self, summary: str = "db-1 is down", **values: object) -> int:
        (taken,) = self.engine.take([alert(summary, **values)])
        assert taken.incident_id is not None
        return taken.incident_id

    def incident(self, number: int = 1) -> Incident:
        with self.store.transaction() as tx:
            found = tx.load(number)
        assert found is not None
        return found

    def jobs(self, kind: CommandKind | None = None) -> list[Job]:
        """Nudged so far, oldest first."""
        return [j for j in self.nudge.jobs if kind in (None, j.command.kind)]

    def work(self) -> None:
        """Carries out everything that was nudged, and what that leads to."""
        while self.nudge.jobs:
            self.dispatch.carry_out(self.nudge.jobs.pop(0).id)

    def wake_due(self) -> None:
        with self.store.transaction() as tx:
            self.nudge.jobs += tx.unnudged(100)

    def after(self, **by: float) -> None:
        """Time passes; what has become due happens. In short steps: what is left alone for longer has seen an outage."""
        end = self.clock.now() + timedelta(**by)
        self._settle()
        while self.clock.now() < end:
            self.clock.at = min(end, self.clock.now() + STEP)
            self._settle()

    def _settle(self) -> None:
        while self.engine.fire_due():
            pass
        self.wake_due()
        self.work()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(f"sqlite:///{tmp_path / 'night.sqlite'}")
    yield made
    made.store.dispose()
