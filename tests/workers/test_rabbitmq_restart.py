"""A real worker and a RabbitMQ that is killed under it and comes back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from escalation.local.supervisor import Child, Supervisor
from escalation.nudge import HURRY, celery_app, publish
from tests.processes import environment, until
from tests.servers import rabbitmq
from tests.test_nudge import job
from tests.workers.test_broker_guard import WORKER


def published(app: Celery, number: int) -> bool:
    """As a nudge does it: the first try may meet the connection that broke."""
    try:
        publish(app, job(number))
    except OperationalError:
        return False
    return True


@pytest.mark.slow
def test_a_worker_survives_a_restart_of_rabbitmq_in_the_middle_of_a_task(
    rabbitmq_node: tuple[Supervisor, str], tmp_path: Path
) -> None:
    """The same process finishes what was running and takes the next task."""
    brokers, url = rabbitmq_node
    with Supervisor(tmp_path / "log", grace=5) as workers:
        workers.start(Child("worker", WORKER, environment(SLOW_FOLDER=str(tmp_path), SLOW_BROKER=url, SLOW_GUARD="yes")))
        app = celery_app("test", url, HURRY)
        publish(app, job(1))
        assert until((tmp_path / "started-1").exists)
        worker, broker = workers.pid("worker"), brokers.pid("rabbitmq")
        assert broker
        os.killpg(broker, signal.SIGKILL)
        assert until(lambda: brokers.pid("rabbitmq") not in (None, broker) and rabbitmq.answers(url), 60)
        (tmp_path / "go-1").touch()
        (tmp_path / "go-2").touch()
        assert until(lambda: published(app, 2), 30)
        assert until((tmp_path / "finished-2").exists, 30)
        assert (tmp_path / "finished-1").read_text() == "x"
        assert workers.pid("worker") == worker
        app.pool.force_close_all()
        app.close()
