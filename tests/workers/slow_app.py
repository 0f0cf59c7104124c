"""A Celery app for the broker guard's test: our settings, one task that runs until it is let go, one that notes that it ran."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from escalation.nudge import celery_app
from workers import broker_guard

FOLDER = Path(os.environ["SLOW_FOLDER"])

if os.environ["SLOW_GUARD"] == "yes":
    broker_guard.install()
app = celery_app("slow", os.environ["SLOW_BROKER"])
app.set_default()


@app.task(name="page_by_voice", shared=False)
def slow(job_id: int) -> None:
    (FOLDER / f"started-{job_id}").touch()
    pause = threading.Event()
    while not (FOLDER / f"go-{job_id}").exists():
        pause.wait(0.02)
    with (FOLDER / f"finished-{job_id}").open("a") as file:
        file.write("x")
