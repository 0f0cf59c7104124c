"""Looks again and again whether what holds incidents back still does: a window ended early, one that begins and stops what is being paged, a
configuration that was changed. It looks at how things stand, never at who should have said so, so a death anywhere costs a second and
no page. Also where windows are made and ended. Not the judgement (`domain.holding`); a window's own end is the incident's timer."""

from __future__ import annotations

from collections.abc import Iterable

from escalation.domain import events as ev
from escalation.domain.holding import Holding
from escalation.domain.incident import Incident, Status
from escalation.domain.maintenance import Maintenance, Planned, refusals
from escalation.engine import Engine, each
from escalation.errors import BadInput, NotFound
from escalation.holds import quiet
from escalation.ports import Store, Transaction

AT_ONCE = 100  # incidents that are read in one go
PAGED = (Status.TRIGGERED, Status.EXHAUSTED)


class Review:
    """`turn` is called every second or so by one thread at a time. Several processes may do it: the machine is told under the
    incident's lock, and what it has heard before changes nothing."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._known: Holding | None = None
        self._seen: frozenset[int] = frozenset()

    def turn(self) -> int:
        """Tells every incident that stands otherwise than it should; returns how many. While nothing changes only those are looked at
        that were held since, for the sake of one that was held in the very moment in which the reason went away."""
        with self._store.read() as tx:
            now_quiet = quiet(tx)
            held = frozenset(tx.held())
            is_new = now_quiet != self._known
            ids = held if is_new else held - self._seen
            paged = tx.open_incidents(*PAGED) if now_quiet.stops and is_new else []
            wrong = [one.id for one in _peeked(tx, [*sorted(ids), *paged]) if is_wrong(one, now_quiet, tx)]
        failed = each("what holds it back", wrong, lambda one: self._engine.tell(one, ev.Reviewed()))
        self._known, self._seen = (None if failed else now_quiet), held
        return len(wrong)

    def plan(self, what: Planned, by: str) -> int:
        """Makes a window; returns its id. Raises `BadInput` with every reason why it cannot be, nothing stored, and `StoreUnavailable`."""
        with self._store.transaction() as tx:
            reasons = list(refusals(what, tx.site().services, tx.now))
            if reasons:
                raise BadInput(reasons)
            made = tx.plan_maintenance(what, by)
        self.turn()
        return made

    def end(self, id: int, by: str) -> Maintenance:
        """Ends a window now, or before it begins, and pages what it held and is still open. Raises `NotFound` when it is over."""
        with self._store.transaction() as tx:
            gone = tx.end_maintenance(id, by)
            if gone is None:
                raise NotFound(f"There is no maintenance {id} that is on or will be.")
        self.turn()
        return gone


def is_wrong(incident: Incident, now_quiet: Holding, tx: Transaction) -> bool:
    """Whether it has to be told: what is held by something else or by nothing any more, what is paged and should not be."""
    hold, was = now_quiet.hold(incident, incident.severity, tx.now), incident.hold
    if was is not None:
        return hold is None or hold.word != was.word
    return incident.status in PAGED and hold is not None and hold.stops


def _peeked(tx: Transaction, ids: list[int]) -> Iterable[Incident]:
    for first in range(0, len(ids), AT_ONCE):
        yield from tx.peek(ids[first : first + AT_ONCE])
