"""The Celery app: `celery -A workers.app worker`. Reads the environment once, connects to the broker, registers one task per
kind of command. Not the settings (`celeryconfig`), not what a task does (`tasks`)."""

from __future__ import annotations

import os

from escalation.build import System, build
from escalation.local.broker import broker_url
from escalation.nudge import CeleryNudge, celery_app
from escalation.settings import Settings
from workers import broker_guard, tasks

settings = Settings.from_env(os.environ)


def system() -> System:
    """What tasks work with; their own nudge, as carrying out one command may lead to the next."""
    return build(settings, nudge=CeleryNudge(broker_url(settings)))


broker_guard.install()
app = celery_app("escalation", broker_url(settings))
app.set_default()
tasks.register(app, tasks.Once(system))
