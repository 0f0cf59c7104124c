"""The Celery app: `celery -A workers.app worker`. Reads the environment once, connects to the broker, registers one task per
kind of command. Not the settings (`celeryconfig`), not what a task does (`tasks`)."""

from __future__ import annotations

import os

from celery import signals

from escalation.build import System, build
from escalation.local.broker import broker_url
from escalation.nudge import CeleryNudge, celery_app
from escalation.settings import started
from workers import broker_guard, heartbeat, start, tasks

settings = started(os.environ)


def system() -> System:
    """What tasks work with; their own nudge, as carrying out one command may lead to the next."""
    return build(settings, nudge=CeleryNudge(broker_url(settings)))


def must_fit(**_: object) -> None:
    start.end_unless_fit(settings)


broker_guard.install()
signals.worker_init.connect(must_fit, weak=False)  # not at import: Flower imports this too, and needs no database
app = celery_app("escalation", broker_url(settings))
app.set_default()
once = tasks.Once(system)
tasks.register(app, once)
heartbeat.install(app, once)
