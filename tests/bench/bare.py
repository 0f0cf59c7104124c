"""The floor: the same Celery, broker, worker settings and database without any of ours on top. `start` does nothing but note when
it began; `page` does one small transaction and one HTTP POST. Started as `celery -A tests.bench.bare worker`."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

import httpx
from sqlalchemy import Engine

from escalation.nudge import celery_app
from escalation.store.engines import make_engine

QUEUE = "bare"
BROKER, DATABASE, STARTS, CARRIER = (f"BENCH_{name}" for name in ("BROKER", "DATABASE", "STARTS", "CARRIER"))

TABLES = (
    "CREATE TABLE bare_pages (id INTEGER PRIMARY KEY, state VARCHAR(20) NOT NULL)",
    "CREATE TABLE bare_entries (page INTEGER NOT NULL, text VARCHAR(200) NOT NULL)",
)


def bare_app(broker_url: str):
    app = celery_app("bare", broker_url)
    app.conf.update(
        task_queues={QUEUE: {"exchange": QUEUE, "routing_key": QUEUE}},
        task_default_queue=QUEUE,
        task_default_exchange=QUEUE,
        task_default_routing_key=QUEUE,
        task_routes={},
    )
    return app


@cache
def engine() -> Engine:
    return make_engine(os.environ[DATABASE])


@cache
def http() -> httpx.Client:
    return httpx.Client(base_url=os.environ[CARRIER], timeout=10)


def start(number: int) -> None:
    now = time.monotonic_ns()
    with Path(os.environ[STARTS]).open("a") as file:
        file.write(f"{number} {now}\n")


def page(number: int) -> None:
    with engine().begin() as connection:
        connection.exec_driver_sql(f"UPDATE bare_pages SET state = 'sent' WHERE id = {number}")
        connection.exec_driver_sql(f"INSERT INTO bare_entries VALUES ({number}, 'called')")
    http().post("/v1/Account/bare/Call/", json={"to": str(number)}).raise_for_status()


if BROKER in os.environ:
    app = bare_app(os.environ[BROKER])
    app.set_default()
    app.task(name="start")(start)
    app.task(name="page")(page)
