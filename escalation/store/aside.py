"""Rows that this release cannot read: each is told once, then left out of what is asked for a while, so that it takes no place from the
others and is not tried at every turn. Kept in memory only: another release beside this one may well read them. Counting them is the
transaction's business."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

log = logging.getLogger(__name__)

LOOKED_AT_AGAIN = timedelta(minutes=5)
MOST = 500  # ids in one statement; who has more of them has another trouble


class Aside:
    """What one store has set aside: ids by table. Threads share it."""

    def __init__(self) -> None:
        self._until: dict[str, dict[int, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, table: str, id: int, now: datetime) -> bool:
        """False when that row was set aside already."""
        with self._lock:
            rows = self._until.setdefault(table, {})
            if id in rows and rows[id] > now:
                return False
            if len(rows) >= MOST:
                del rows[next(iter(rows))]
            rows[id] = now + LOOKED_AT_AGAIN
        log.error("%s %d cannot be read by this release: set aside for %d s", table, id, LOOKED_AT_AGAIN.total_seconds())
        return True

    def ids(self, table: str, now: datetime) -> list[int]:
        """Empty, and at once, where everything can be read."""
        if table not in self._until:
            return []
        with self._lock:
            rows = {id: until for id, until in self._until[table].items() if now < until <= now + LOOKED_AT_AGAIN}
            self._until[table] = rows
            return list(rows)
