"""A real Redis for tests: the embedded broker's server, as the product starts it, one for each test process; or somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from escalation.local.broker import client_url
from tests.processes import running_broker
from tests.servers.run import alone


@contextmanager
def running(folder: Path) -> Iterator[str]:
    with running_broker(folder) as (_, broker):
        yield broker.url


@contextmanager
def own(server: Path) -> Iterator[str]:
    """The server of this folder, with nothing in it."""
    url = (server / "url").read_text()
    _empty(url)
    yield url


@contextmanager
def emptied(url: str) -> Iterator[str]:
    """Somebody's, without anything in it, for one test process at a time."""
    with alone("redis"):
        _empty(url)
        yield url


def _empty(url: str) -> None:
    with redis.Redis.from_url(client_url(url)) as client:
        client.flushdb()
