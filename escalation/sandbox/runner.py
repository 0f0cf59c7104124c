"""Runs a World in real time: one thread that does what is due and otherwise sleeps until the next due time or until
something new is put on the agenda. Requests are answered elsewhere (`server.py`), deliveries carried elsewhere (`courier.py`)."""

from __future__ import annotations

import threading

from escalation.sandbox.clock import RealClock
from escalation.sandbox.courier import PooledCourier
from escalation.sandbox.world import World

LONGEST_SLEEP = 5.0


class Runner:
    """Holds the World's lock except while it sleeps. `skip` lets time jump from due action to due action, waiting for what
    is in flight in between, so that a skipped minute has everything in it that a minute would have had."""

    def __init__(self, world: World, clock: RealClock, courier: PooledCourier) -> None:
        self._world, self._clock, self._courier = world, clock, courier
        self._changed = threading.Condition(world.lock)
        self._stopped = False
        self._goal: float | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox-runner", daemon=True)
        world.wake, world.skip = self.wake, self.skip

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(5)

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def skip(self, seconds: float) -> None:
        """Returns when the time is reached. Waiting gives the lock back, also when the caller holds it."""
        with self._changed:
            self._goal = self._world.now() + seconds
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._goal is None or self._stopped, timeout=60)

    def _run(self) -> None:
        with self._changed:
            while not self._stopped:
                if not self._step():
                    self._changed.wait(self._pause())

    def _step(self) -> bool:
        return self._world.run_next(self._clock.now()) or self._jump()

    def _jump(self) -> bool:
        if self._goal is None or self._courier.in_flight:
            return False
        due = self._world.next_due()
        if due is not None and due < self._goal:
            self._clock.move_to(due)
        else:
            self._clock.move_to(self._goal)
            self._goal = None
            self._changed.notify_all()
        return True

    def _pause(self) -> float:
        due = self._world.next_due()
        return LONGEST_SLEEP if due is None else min(LONGEST_SLEEP, self._clock.real_seconds_until(due))
