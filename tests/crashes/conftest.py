"""What all nights of a test process share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crashes.night import Post, clear


@pytest.fixture(scope="session")
def post() -> Iterator[Post]:
    """Slack's and the mail server's sockets."""
    made = Post()
    yield made
    made.close()
    clear()
