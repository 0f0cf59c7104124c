"""The Celery tasks: one per command, one body, and nothing personal in what they let out."""

from __future__ import annotations

import threading
import traceback
from types import SimpleNamespace

import pytest
from celery import Celery

import celeryconfig
from escalation.domain.commands import CommandKind
from escalation.nudge import celery_app
from workers.tasks import Once, TaskFailed, register


class Dispatch:
    def __init__(self) -> None:
        self.carried_out: list[int] = []
        self.fault: Exception | None = None

    def carry_out(self, job_id: int) -> None:
        self.carried_out.append(job_id)
        if self.fault:
            raise self.fault


@pytest.fixture
def dispatch() -> Dispatch:
    return Dispatch()


@pytest.fixture
def app(dispatch: Dispatch) -> Celery:
    app = celery_app("test", "memory://")
    register(app, lambda: SimpleNamespace(dispatch=dispatch))
    return app


@pytest.mark.parametrize("kind", list(CommandKind))
def test_every_command_has_a_task_of_its_name_that_carries_it_out(app: Celery, dispatch: Dispatch, kind: CommandKind) -> None:
    """The name is what an operator reads in Flower; a command without a task would lie in the queue for ever."""
    app.tasks[kind.value](7)
    assert dispatch.carried_out == [7]


def test_a_failing_task_shows_the_class_of_the_fault_and_no_more(app: Celery, dispatch: Dispatch) -> None:
    """Flower and the log show exceptions and tracebacks: no number may be in either."""
    dispatch.fault = ValueError("cannot call +15550100100")
    with pytest.raises(TaskFailed) as caught:
        app.tasks["page_by_voice"](7)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "ValueError" in shown
    assert "+1555" not in shown
    assert caught.value.__context__ is None


def test_the_system_is_built_once_however_many_threads_ask() -> None:
    """The threads pool starts 32 tasks at once; 32 systems would be 32 pools of database connections."""
    built: list[object] = []
    together = threading.Barrier(8)
    once = Once(lambda: built.append(together) or SimpleNamespace())  # type: ignore[arg-type, return-value]
    got: list[object] = []

    def ask() -> None:
        together.wait(5)
        got.append(once())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(built) == 1
    assert len(got) == 8
    assert len({id(s) for s in got}) == 1


def test_a_build_that_failed_is_tried_again() -> None:
    """A database that was away when the worker started must not make it useless for good."""
    answers = iter([RuntimeError("away"), None])

    def make() -> SimpleNamespace:
        if fault := next(answers):
            raise fault
        return SimpleNamespace()

    once = Once(make)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        once()
    assert once() is once()


def test_the_settings_are_the_measured_ones() -> None:
    """Each of these, at its default, lost or doubled tasks, or hung, in the measurements."""
    app = celery_app("test", "redis://127.0.0.1:1/0")
    conf = app.conf
    assert conf.accept_content == ["json"]
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier, conf.task_publish_retry) == (True, 1, False)
    assert (conf.task_create_missing_queues, conf.broker_connection_max_retries) == (False, None)
    assert conf.broker_transport_options["max_connections"] == 200
    assert conf.broker_transport_options["visibility_timeout"] < 3600
    assert set(app.amqp.queues) == {"pages", "chores"}


@pytest.mark.parametrize("kind", list(CommandKind))
def test_every_command_is_routed_to_the_queue_of_its_class(kind: CommandKind) -> None:
    """What goes to Slack has workers of its own: no call waits behind a burst there. What is routed nowhere is never read."""
    app = celery_app("test", "memory://")
    assert app.amqp.router.route({}, kind.value)["queue"].name == (
        "chores" if kind in (CommandKind.SLACK, CommandKind.EDIT_SLACK) else "pages"
    )


def test_a_kind_of_broker_gets_its_own_options_only() -> None:
    """RabbitMQ's client knows none of Redis' and the other way round."""
    options = celery_app("test", "amqp://127.0.0.1:1//", {"redis": {"socket_timeout": 1}, "amqp": {"read_timeout": 1}})
    assert options.conf.broker_transport_options == celeryconfig.transport_options_by_kind["amqp"] | {"read_timeout": 1}
