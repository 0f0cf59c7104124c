"""The night that scenarios happen in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.night import Night


@pytest.fixture
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Night]:
    """The example policy: Ann, Bob, Lee five minutes each, then texts to all and Slack. Silence is asserted at the end. On SQLite
    unless a test wants `on_both_databases`."""
    on_postgresql = getattr(request, "param", "sqlite") == "postgresql"
    made = Night(tmp_path, database_url=request.getfixturevalue("postgres_url") if on_postgresql else "")
    yield made
    made.nothing_else()
    made.close()
