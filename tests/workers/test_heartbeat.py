"""A worker's heartbeat: one row for each of its queues, at most so often, and a database that is away does no harm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from escalation.build import System, build
from escalation.nudge import celery_app
from escalation.settings import Settings
from escalation.store import schema
from tests.processes import until
from workers.heartbeat import Heartbeat


@pytest.fixture
def system(tmp_path: Path) -> System:
    settings = Settings(data_dir=tmp_path)
    schema.migrate(settings.sql_url)
    return build(settings)


def pages_worker(system: System, every: float = 0.02) -> Heartbeat:
    app = celery_app("test", "memory://")
    app.amqp.queues.select(["pages"])
    return Heartbeat(app, lambda: system, every)


def test_each_queue_that_a_worker_takes_from_has_its_row(system: System) -> None:
    """`worker pages`: whoever watches asks by queue, not by host."""
    pages_worker(system).sign()
    assert until(lambda: "worker pages" in system.queries.heartbeats())
    assert "worker chores" not in system.queries.heartbeats()


def test_without_a_new_sign_nothing_is_written(system: System) -> None:
    """Celery's own heartbeat ends with the connection to the broker; a thread that beats on would hide it."""
    heartbeat = pages_worker(system)
    heartbeat.sign()
    assert until(lambda: "worker pages" in system.queries.heartbeats())
    assert until(lambda: system.queries.heartbeats()["worker pages"] > timedelta(seconds=0.3))
    heartbeat.sign()
    assert until(lambda: system.queries.heartbeats()["worker pages"] < timedelta(seconds=0.2))


def test_a_database_that_comes_later_gets_its_row(tmp_path: Path) -> None:
    """The thread goes on after an error, whatever it was."""
    settings = Settings(data_dir=tmp_path)
    system = build(settings)
    heartbeat = pages_worker(system)
    heartbeat.sign()
    schema.migrate(settings.sql_url)
    assert until(lambda: (heartbeat.sign(), "worker pages" in system.queries.heartbeats())[1])
