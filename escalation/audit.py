"""The audit's rounds: every open incident is looked at again and again, a page at a time, whoever is or is not at work. What is missing
is set right at once, by the engine, and said aloud. Not the rules (`domain.audit`)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from escalation.domain.audit import LONGEST_WAIT, findings
from escalation.engine import Engine
from escalation.errors import EscalationError
from escalation.ports import Store

log = logging.getLogger(__name__)

PAGE = 100  # incidents in one reading transaction
REST = 9  # turns between two rounds, so that a site with few incidents is not read all the time
CLEAN = "audit"  # the heartbeat of a round that found nothing


@dataclass(frozen=True, slots=True)
class Missed:
    """Something that a round found. `incident_id` is 0 for what belongs to none. Ids only, nothing of what is in the rows."""

    incident_id: int
    said: str
    is_repaired: bool = False
    is_strange: bool = False  # a single row that this release does not know


@dataclass(frozen=True, slots=True)
class Page:
    """One look: what it found, and after which incident the next one begins; None when this was the last."""

    missed: tuple[Missed, ...]
    next: int | None


class Audit:
    """`turn` is called every second or so by one thread at a time. Several processes may do rounds: each repair looks again under
    the incident's lock."""

    def __init__(self, engine: Engine, store: Store, size: int = PAGE) -> None:
        self._engine = engine
        self._store = store
        self._size = size
        self._after: int = 0
        self._found: set[Missed] = set()
        self._known: frozenset[Missed] = frozenset()  # of the last round: said already
        self._rest = 0
        self.is_clean = False

    def turn(self) -> None:
        """The next page, repaired; nothing while it rests between two rounds. A round that cannot be done is none."""
        if self._rest > 0:
            self._rest -= 1
            return
        try:
            page = self.page(self._after, repair=True)
        except EscalationError:
            self.is_clean = False
            raise
        self._say([one for one in page.missed if one.is_repaired or one not in self._known])
        self._found.update(page.missed)
        if page.next is None:
            self._finish()
        else:
            self._after = page.next

    def page(self, after: int, *, repair: bool) -> Page:
        """One page of open incidents. Raises `StoreUnavailable`."""
        with self._store.read() as tx:
            ids = tx.open_after(after, self._size)
            whole = {incident.id: incident for incident in tx.peek(ids)}
            sending = tx.sending(ids, LONGEST_WAIT)
            lacking = [i.id for i in whole.values() if findings(i, sending[i.id], tx.now)]
            strange = [] if after else tx.strange_commands()
            odd = tx.strange_timers(ids)
        missed = [self._set_right(id) if repair else self._look(id) for id in lacking]
        unread = self._unreadable([id for id in ids if id not in whole], repair=repair)
        other = [Missed(id, "has a timer of a kind that this release does not know", is_strange=True) for id in odd]
        other += [Missed(0, f"command {id} is of a kind that this release does not know", is_strange=True) for id in strange]
        found = (*(m for more in missed for m in more), *unread, *other)
        return Page(found, ids[-1] if len(ids) == self._size else None)

    def whole(self, *, repair: bool) -> tuple[Missed, ...]:
        """A round at once, for the command line. Raises `StoreUnavailable`."""
        found: list[Missed] = []
        after: int | None = 0
        while after is not None:
            page = self.page(after, repair=repair)
            found += page.missed
            after = page.next
        return tuple(found)

    def _finish(self) -> None:
        self.is_clean = not self._found
        if self.is_clean:
            with self._store.transaction() as tx:
                tx.beat(CLEAN)
        self._known = frozenset(self._found)
        self._found.clear()
        self._after, self._rest = 0, REST

    def _say(self, news: Sequence[Missed]) -> None:
        """What stays as it is from round to round is said once."""
        for one in news:
            log.error("INC-%d: %s", one.incident_id, one.said)
        if strange := sum(one.is_strange for one in news):
            with self._store.transaction() as tx:
                tx.bump("unreadable_row", strange)

    def _set_right(self, incident_id: int) -> list[Missed]:
        """One that cannot be repaired stops no other."""
        try:
            return [Missed(incident_id, finding.said, is_repaired=True) for finding in self._engine.audit(incident_id)]
        except Exception as error:
            return [Missed(incident_id, f"could not be set right ({type(error).__name__})")]

    def _look(self, incident_id: int) -> list[Missed]:
        with self._store.read() as tx:
            sending = tx.sending([incident_id], LONGEST_WAIT)[incident_id]
            found = [f for incident in tx.peek([incident_id]) for f in findings(incident, sending, tx.now)]
        return [Missed(incident_id, finding.said) for finding in found]

    def _unreadable(self, incident_ids: Sequence[int], *, repair: bool) -> list[Missed]:
        for incident_id in incident_ids if repair else ():
            with self._store.transaction() as tx:
                tx.set_aside(incident_id)
        return [Missed(id, "cannot be read by this release: another one wrote it, or it is damaged") for id in incident_ids]
