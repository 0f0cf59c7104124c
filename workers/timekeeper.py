"""The timekeeper, a small process of its own: fires due timers, hands out commands that became due, does by itself what nobody
came for, settles what was left half done, asks after carriers that are down, ships what commands on this machine have spooled, audits,
forgets what is old, begins self-tests, announces gaps and shifts, tells a watcher that all is well. Several may run and none is special: every row is claimed. It
needs the database and nothing else, so paging goes on without broker and workers. Not the rules (`escalation.engine`), not the sending
(`escalation.dispatch`), not how duties take turns (`duties`)."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import FrameType

from escalation.build import System, build
from escalation.clock import SystemClock
from escalation.local.broker import broker_url
from escalation.local.checks import pulse
from escalation.local.checks.finding import Level
from escalation.local.report import Courier
from escalation.local.self_test import SelfTests
from escalation.local.spool import Spool
from escalation.nudge import CeleryNudge
from escalation.ports import Job, Nudge
from escalation.settings import started
from workers.duties import TURN, Duty, Hands, Run
from workers.start import end_unless_fit, say_ready

log = logging.getLogger("timekeeper")

BATCH = 100
UNCLAIMED = timedelta(seconds=10)  # after that the broker or the workers are gone


class Timekeeper:
    """`run` takes what may be slow; the rest of a turn is short transactions."""

    def __init__(
        self,
        system: System,
        nudge: Nudge,
        run: Run | None = None,
        spool: Spool | None = None,
        self_tests: SelfTests | None = None,
    ) -> None:
        self._system = system
        self._spool = spool
        self._self_tests = self_tests
        self._nudge = nudge
        self._run: Run = run or Hands().run
        self._duties = (
            Duty("timers", timedelta(0), self._fire),
            Duty("due commands", timedelta(0), self._wake),
            Duty("unclaimed commands", timedelta(seconds=1), self._carry_out),
            Duty("abandoned commands", timedelta(seconds=1), self._settle),
            Duty("probe", timedelta(seconds=5), self._probe),
            Duty("roster", timedelta(seconds=1), self._follow),
            Duty("holds", timedelta(seconds=1), self._review),
            Duty("spool", timedelta(seconds=5), self._ship),
            Duty("heartbeat", timedelta(seconds=2), self._beat),
            Duty("audit", timedelta(seconds=1), self._audit),
            Duty("retention", timedelta(seconds=1), self._forget),
            Duty("self-test", timedelta(seconds=10), self._test),
            Duty("coverage", timedelta(minutes=5), self._look_ahead),
            Duty("shifts", timedelta(seconds=30), self._look_for_shifts),
            Duty("readiness", timedelta(seconds=60), self._ask_the_next),
            Duty("announcements", timedelta(seconds=10), self._announce),
            Duty("ping", timedelta(seconds=60), self._ping),
        )
        self._more = False
        self._told = "0"  # edition of the configuration that every open incident knows of

    def turn(self, now: datetime) -> bool:
        """Does every duty that is due at `now`; never raises. True when timers were left over: come again at once."""
        self._more = False
        for duty in self._duties:
            if duty.is_due(now):
                duty.do(now)
        return self._more

    def _fire(self) -> None:
        self._more = self._system.engine.fire_due(BATCH) >= BATCH

    def _wake(self) -> None:
        with self._system.store.transaction() as tx:
            jobs = tx.unnudged(BATCH)
        self._nudge.wake(jobs)

    def _carry_out(self) -> None:
        """The most urgent first, as the store has them; what goes to Slack after the rest, which may be silent. A nudge comes only once,
        and may be lost."""
        with self._system.store.transaction() as tx:
            jobs = tx.unclaimed(UNCLAIMED, BATCH)
        for job in sorted(jobs, key=_is_chore):
            self._run(f"job {job.id}", partial(self._system.dispatch.carry_out, job.id))

    def _settle(self) -> None:
        self._system.dispatch.settle_abandoned(BATCH)

    def _probe(self) -> None:
        self._run("probe", self._system.dispatch.probe)

    def _follow(self) -> None:
        """Whoever applies a configuration or arranges something says so to what is open; if they die before that, we do."""
        with self._system.store.read() as tx:
            edition = tx.site().edition
        if edition != self._told:
            self._run("roster", partial(self._tell, edition))

    def _tell(self, edition: str) -> None:
        if self._system.engine.roster_changed():
            self._told = edition

    def _review(self) -> None:
        """By a hand: after a window with thousands of incidents each of them is told."""
        self._run("holds", self._system.review.turn)

    def _ship(self) -> None:
        """What commands on this machine kept while the database was away. A receiver elsewhere may be silent for seconds."""
        if self._spool is not None and not self._spool.is_empty():
            self._run("spool", partial(self._spool.ship, Courier(lambda: self._system).deliver, partial(log.info, "spool: %s")))

    def _audit(self) -> None:
        """By a hand: reading a page of incidents must keep no timer waiting."""
        self._run("audit", self._system.audit.turn)

    def _forget(self) -> None:
        self._run("retention", self._system.retention.turn)

    def _test(self) -> None:
        """By a hand: the receiver that it is posted to may be silent."""
        if self._self_tests:
            self._run("self-test", self._self_tests.turn)

    def _look_ahead(self) -> None:
        """By a hand: a thousand schedules take a second."""
        self._run("coverage", self._system.announcing.look_ahead)

    def _look_for_shifts(self) -> None:
        self._run("shifts", self._system.announcing.look_for_shifts)

    def _ask_the_next(self) -> None:
        self._run("readiness", self._system.readiness.turn)

    def _announce(self) -> None:
        """By a hand: carriers may be silent."""
        self._run("announcements", self._system.announcing.turn)

    def _ping(self) -> None:
        if self._system.ping:
            self._run("ping", self._say_that_all_is_well)

    def _say_that_all_is_well(self) -> None:
        """Only while it is: whoever waits for it is alarmed by silence. Our own word is not enough, so the rows are asked."""
        late = [found for found in pulse.behind(self._system.queries.sending()) if found.level is Level.FAULT]
        untested = self._self_tests is not None and self._self_tests.is_overdue
        if self._system.ping and self._system.audit.is_clean and not late and not untested:
            self._system.ping.send()

    def _beat(self) -> None:
        with self._system.store.transaction() as tx:
            tx.beat("timekeeper")


def _is_chore(job: Job) -> bool:
    return job.command.kind.is_chore


def loop(timekeeper: Timekeeper, now: Callable[[], datetime], stopped: threading.Event) -> None:
    """Turn after turn until `stopped` is set."""
    while not stopped.is_set():
        if not timekeeper.turn(now()):
            stopped.wait(TURN)


def main() -> None:
    """`python -m workers.timekeeper`: until SIGTERM or SIGINT, then it ends within a turn."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    settings = started(os.environ)
    end_unless_fit(settings)
    nudge = CeleryNudge(broker_url(settings))
    system = build(settings, nudge=nudge)
    self_tests = SelfTests(system) if settings.tests_itself else None
    keeper = Timekeeper(system, nudge, spool=Spool(settings.data_dir), self_tests=self_tests)
    keeper.turn(SystemClock().now())
    say_ready(os.environ)
    loop(keeper, SystemClock().now, stopped)
    nudge.close(timeout=1.0)


if __name__ == "__main__":
    main()
