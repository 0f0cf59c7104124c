"""Finds out what is to be announced and tells it, by the timekeeper: kept as a row first, so that of several timekeepers and restarts one tells
it, once. Whoever dies in the middle of telling leaves a lease that runs out, and it is told again. Never while a page waits to be sent.
Not the rules (`domain.gap_notices`, `domain.overlap_notices`, `domain.shift_notices`)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from escalation.domain import gap_notices, overlap_notices, shift_notices
from escalation.domain.announcement import Announcement
from escalation.domain.policy import Site
from escalation.domain.roster import Channel, Roster
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Store, Teller, Transaction

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # beyond the carrier's deadline of 10 s
AT_ONCE = 10  # of one turn: a line at the carrier is free for pages in between
AGAIN = timedelta(minutes=1)  # and then less and less often
LONGEST_PAUSE = timedelta(hours=1)
FAILED = "announcement_failed"


class Announcing:
    """`turn` every ten seconds or so, `look_for_shifts` every half minute, `look_ahead` every few minutes, each by one thread at a time. `carriers` says who brings which channel."""

    def __init__(self, store: Store, carriers: Mapping[Channel, Carrier]) -> None:
        self._store = store
        self._carriers = carriers

    def look_ahead(self) -> None:
        """Gaps and overlaps of the next days, to those whom their schedules name; each once, and again when it is another."""
        with self._store.read() as tx:
            site, now = tx.site(), tx.now
            if tx.is_held() or not site.version:
                return
        self._look_for_gaps(site, now)
        self._look_for_overlaps(site.roster, now)

    def _look_for_gaps(self, site: Site, now: datetime) -> None:
        for name, schedule in site.roster.schedules.items():
            if not site.roster.notify.get(name):
                continue
            found = gap_notices.ahead(site.roster, schedule, now)
            with self._store.read() as tx:
                new, gone = gap_notices.changes(found, tx.gaps_told(name), now)
            if not new and not gone:
                continue
            with self._store.transaction() as tx:
                mine = [gap for gap in new if tx.tell_gap(name, gap.start, gap.end)]
                for start, end in gone:
                    tx.forget_gap(name, start, end)
                for what in gap_notices.announcements(site.roster, schedule, mine, now):
                    tx.announce(what)

    def _look_for_overlaps(self, roster: Roster, now: datetime) -> None:
        found = overlap_notices.ahead(roster, now)
        with self._store.read() as tx:
            kept = tx.announced([one.identity for one in found])
        new = [one for one in found if one.identity not in kept]
        if not new:
            return
        with self._store.transaction() as tx:
            mine = [one for one in new if tx.announce(one.mark(now))]
            for what in overlap_notices.announcements(roster, mine, now):
                tx.announce(what)

    def look_for_shifts(self) -> None:
        """Shifts that begin soon, to those whose they are."""
        with self._store.read() as tx:
            site, now = tx.site(), tx.now
            if tx.is_held() or not site.version:
                return
        found = shift_notices.due(site.roster, now)
        if not found:
            return
        with self._store.read() as tx:
            kept = tx.announced([what.identity for what in found])
        new = [what for what in found if what.identity not in kept]
        if new:
            with self._store.transaction() as tx:
                for what in new:
                    tx.announce(what)

    def turn(self) -> None:
        """What is due, one after the other, each in transactions of its own."""
        for _ in range(AT_ONCE):
            if not self._tell_one():
                return

    def _tell_one(self) -> bool:
        with self._store.transaction() as tx:
            if tx.is_held() or tx.unclaimed(timedelta(0), 1):  # pages go first
                return False
            claimed = tx.claim_announcement(LEASE)
            if claimed is None:
                return False
            what, tries = claimed
            address, lacking = _looked_up(tx, what)
            if lacking:
                self._settle(tx, what, lacking)
                return True
        error = self._tell(what, address)
        with self._store.transaction() as tx:
            again = tx.now + min(AGAIN * 2 ** min(tries, 10), LONGEST_PAUSE)
            if error is not None and error.verdict is Verdict.RETRY and again < what.until:
                tx.defer_announcement(what.identity, again)
            else:
                # Unknown counts as told: two messages are worse than the small chance of none, of what is no page.
                self._settle(tx, what, "" if error is None or error.verdict is Verdict.UNKNOWN else error.reason)
        return True

    def _tell(self, what: Announcement, address: str) -> CarrierError | None:
        carrier = self._carriers[what.channel]
        if not isinstance(carrier, Teller):
            return CarrierError(Verdict.PERMANENT, f"no carrier is configured for {what.channel}")
        try:
            carrier.tell(address, what.subject, what.text, what.identity)
        except CarrierError as error:
            log.warning("%s: %s", what.identity, error.reason)
            return error
        except Exception as error:  # a fault of ours in mid-send: the carrier may have it
            log.error("%s: %s", what.identity, type(error).__name__)
            return CarrierError(Verdict.UNKNOWN, "a fault of ours")
        return None

    @staticmethod
    def _settle(tx: Transaction, what: Announcement, lacking: str) -> None:
        tx.settle_announcement(what.identity, lacking or "told")
        if lacking and lacking not in (GIVEN_AWAY, OVER):
            tx.bump(FAILED)


GIVEN_AWAY = "the shift is somebody else's now"
OVER = "it was over before it could be told"


def _looked_up(tx: Transaction, what: Announcement) -> tuple[str, str]:
    """(the address as it is now, why it is not told)."""
    roster = tx.site().roster
    if tx.now >= what.until:
        return "", OVER
    if not _still_has_it(roster, what):
        return "", GIVEN_AWAY
    responder = roster.responder(what.to)
    contact = responder.contact(what.channel) if responder else None
    return (contact.address, "") if contact else ("", f"nobody there by {what.channel}")


def _still_has_it(roster: Roster, what: Announcement) -> bool:
    if what.starts_at is None:
        return True
    shift = roster.shift(what.schedule, what.starts_at)
    return shift is not None and what.to in shift.people
