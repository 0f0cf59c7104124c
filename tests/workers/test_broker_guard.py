"""The guard against Celery 5.7.0's exit when the broker restarts under a running task, with a real broker and a real worker."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis
from celery import Celery

from escalation.local.broker import Broker, client_url
from escalation.local.supervisor import Child, Supervisor
from escalation.nudge import celery_app, publish
from tests.processes import celery_argv, environment, running_broker, until
from tests.test_nudge import job

WORKER = celery_argv(
    "tests.workers.slow_app", "worker", "-P", "threads", "-c", "2", "-Q", "pages", "--without-gossip", "--without-mingle"
)


def restart(supervisor: Supervisor, broker: Broker) -> None:
    before = supervisor.pid("broker")
    assert before
    os.kill(before, signal.SIGKILL)
    assert until(lambda: supervisor.pid("broker") not in (None, before) and broker.answers())


def worker(folder: Path, broker: Broker, guard: str) -> Child:
    return Child("worker", WORKER, environment(SLOW_FOLDER=str(folder), SLOW_BROKER=broker.url, SLOW_GUARD=guard))


@pytest.mark.slow
def test_a_worker_survives_a_broker_restart_in_the_middle_of_a_task(tmp_path: Path) -> None:
    """The same process goes on: it finishes what was running, acknowledges it, and takes the next task."""
    with running_broker(tmp_path) as (supervisor, broker):
        supervisor.start(worker(tmp_path, broker, "yes"))
        app = celery_app("test", broker.url)
        publish(app, job(1))
        assert until((tmp_path / "started-1").exists)
        pid = supervisor.pid("worker")
        restart(supervisor, broker)
        (tmp_path / "go-1").touch()
        (tmp_path / "go-2").touch()
        publish(app, job(2))
        assert until((tmp_path / "finished-2").exists)
        assert until((tmp_path / "finished-1").exists)
        assert supervisor.pid("worker") == pid
        with redis.Redis.from_url(client_url(broker.url)) as client:
            assert until(lambda: client.hlen("escalation:unacked") == 0, 5)
        app.close()


@pytest.mark.slow
def test_without_the_guard_the_worker_ends(tmp_path: Path) -> None:
    """As long as this passes the guard is needed; once it fails, Celery has mended it and `broker_guard` can go."""
    with running_broker(tmp_path) as (supervisor, broker):
        supervisor.start(worker(tmp_path, broker, "no"))
        app, log = celery_app("test", broker.url), tmp_path / "log" / "worker.log"
        # A race of its own: a busy machine may be back at the broker before it has noticed that the task's connection is gone.
        assert any(_ends_at_a_restart(supervisor, broker, app, log, number) for number in (1, 2, 3))
        assert "Unrecoverable error: AttributeError" in log.read_text()
        app.close()


def _ends_at_a_restart(supervisor: Supervisor, broker: Broker, app: Celery, log: Path, number: int) -> bool:
    folder, pid = log.parent.parent, supervisor.pid("worker")
    publish(app, job(number))
    assert until((folder / f"started-{number}").exists)
    restart(supervisor, broker)
    # It must have noticed while it still holds the task; it ends once the task is done, so let it then.
    assert until(lambda: log.read_text().count("Connection to broker lost") >= number or "Unrecoverable" in log.read_text())
    (folder / f"go-{number}").touch()
    return until(lambda: supervisor.pid("worker") != pid, 10)
