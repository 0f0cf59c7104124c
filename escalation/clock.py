"""SystemClock: the only place in the product that asks the machine for the time. Not the time that due times and leases are
compared with where the database has a clock of its own (the store hands that one out)."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Implements `ports.Clock`."""

    def now(self) -> datetime:
        """The time in UTC, aware."""
        return datetime.now(UTC)
