"""The night that scenarios happen in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.night import Night


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """The example policy: Ann, Bob, Lee five minutes each, then texts to all and Slack. Silence is asserted at the end."""
    made = Night(tmp_path)
    yield made
    made.nothing_else()
    made.close()
