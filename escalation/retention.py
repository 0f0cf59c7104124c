"""What is forgotten, and when: a chore of the timekeeper, a few rows at a time, so that a page costs the same after years. Open incidents
and all that belongs to them are left alone. Not the SQL (`store`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from escalation.ports import Store, Transaction

COMMANDS = timedelta(days=7)  # carried out: nobody asks for them, they only tell what was
IDENTITIES = timedelta(days=14)  # no sender and no carrier repeats a delivery for so long
REST = 59  # turns after one in which there was nothing to forget
INCIDENTS_AT_ONCE = 10
ROWS_AT_ONCE = 500


class Retention:
    """`turn` is called every second or so. `days`: how long closed incidents are kept; 0: for ever."""

    def __init__(self, store: Store, days: int) -> None:
        self._store = store
        self._incidents = timedelta(days=days) if days else None
        self._rest = 0

    def turn(self) -> int:
        """Forgets some of what is old enough, each kind in a transaction of its own; returns how many rows went."""
        if self._rest > 0:
            self._rest -= 1
            return 0
        gone = sum(
            self._done(forget)
            for forget in (
                self._forget_incidents,
                self._forget_arrangements,
                self._forget_announcements,
                self._forget_codes,
                self._forget_commands,
                self._forget_identities,
            )
        )
        if not gone:
            self._rest = REST
        return gone

    def _done(self, forget: Callable[[Transaction], int]) -> int:
        with self._store.transaction() as tx:
            return forget(tx)

    def _forget_incidents(self, tx: Transaction) -> int:
        return tx.forget_incidents(tx.now - self._incidents, INCIDENTS_AT_ONCE) if self._incidents else 0

    def _forget_arrangements(self, tx: Transaction) -> int:
        """As long as the incidents that they explain."""
        return tx.forget_arrangements(tx.now - self._incidents, ROWS_AT_ONCE) if self._incidents else 0

    def _forget_announcements(self, tx: Transaction) -> int:
        return tx.forget_announcements(tx.now - IDENTITIES, ROWS_AT_ONCE)

    def _forget_codes(self, tx: Transaction) -> int:
        return tx.forget_codes(tx.now - IDENTITIES, ROWS_AT_ONCE)

    def _forget_commands(self, tx: Transaction) -> int:
        return tx.forget_commands(tx.now - COMMANDS, ROWS_AT_ONCE)

    def _forget_identities(self, tx: Transaction) -> int:
        """The nonce of a V2 signature stays as long as what it may have changed: that signature would hold for another body."""
        nonces = tx.now - max(self._incidents, IDENTITIES) if self._incidents else None
        return tx.forget_identities(tx.now - IDENTITIES, nonces, ROWS_AT_ONCE)
