"""The system's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from escalation.clock import SystemClock


def test_the_system_clock_tells_utc() -> None:
    """Now, aware, in UTC."""
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
