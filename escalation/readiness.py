"""Calls people before their shifts, those who asked for it: begins an incident for each, and keeps that it did. Never while somebody is being
paged: a test can wait. Not its rules (`domain.readiness`), nor what is made of the result (`local.checks.reach`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.incident import Status
from escalation.domain.policy import READINESS
from escalation.domain.readiness import APART, Test, alert, due, policy
from escalation.engine import Engine, rule
from escalation.ports import Job, Store, Transaction

MANY = 50  # so many are no tests


class Readiness:
    """`turn` is called every minute or so, by one thread at a time; of several timekeepers one calls."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine, self._store = engine, store

    def turn(self) -> None:
        with self._store.read() as tx:
            site, now = tx.site(), tx.now
            if tx.is_held() or not site.version:
                return
        for test in due(site.roster, now):
            self._call(test)

    def _call(self, test: Test) -> None:
        jobs: list[Job] = []
        with self._store.transaction() as tx:
            if _is_busy(tx) or not tx.ask_reach(test.person.handle, test.shift_at, APART):
                return
            chosen = policy(test)
            incident = tx.create(alert(test), READINESS, chosen) if chosen else None
            if incident is None:
                tx.reached(test.person.handle, answered=False)
                return
            tx.count(incident.id, alert(test))
            rule(tx, incident, ev.Triggered(alert(test)), jobs)
        self._engine.wake(jobs)


def _is_busy(tx: Transaction) -> bool:
    """Whether anybody is being paged in earnest."""
    paging = tx.open_incidents(Status.TRIGGERED)
    return len(paging) > MANY or any(not incident.policy.test_number for incident in tx.peek(paging))
