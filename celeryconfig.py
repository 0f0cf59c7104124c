"""Celery's settings and nothing else: chosen by measurement (docs/adr: the database is the truth, a task only hurries).
It reads no environment: `escalation.nudge.celery_app` adds the broker's URL and the options of its kind."""

from __future__ import annotations

from escalation.domain.commands import CommandKind

# JSON only: a pickle from the broker would be code.
task_serializer = "json"
result_serializer = "json"
event_serializer = "json"
accept_content = ["json"]

# What came of a task is in the database; a result backend costs 30 % of the rate and is one more thing to be down.
result_backend = None
task_ignore_result = True

# Late acks and prefetch 1: a killed worker's hints go to another one. The claim in the outbox makes a second run harmless.
task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1

# A mistyped queue would be created and never read. What goes to Slack has its own queue and worker: no call waits behind it.
task_create_missing_queues = False
task_queues = {name: {"exchange": name, "routing_key": name} for name in ("pages", "chores")}
task_default_queue = task_default_exchange = task_default_routing_key = "chores"
task_routes = {kind.value: {"queue": "chores" if kind.is_chore else "pages"} for kind in CommandKind}

# A worker that gives up after 100 tries (Celery's default) is silent from then on.
broker_connection_retry = True
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# True kills a call task half way through when the broker goes; the row and its lease already settle such a task.
worker_cancel_long_running_tasks_on_connection_loss = False

# The publish retry policy hangs on a frozen broker (over 40 s measured); the timekeeper repairs what was not published.
task_publish_retry = False

# A hint that a broker's restart loses is repaired by the timekeeper; RabbitMQ would write each to disk before it confirms it.
task_default_delivery_mode = "transient"

# Flower: 25-40 % of the no-op rate, nothing beside a carrier's 100 ms. Argument texts come from the job's label.
task_send_sent_event = True
worker_send_task_events = True
task_track_started = False

worker_enable_remote_control = True
worker_soft_shutdown_timeout = 10.0  # a send has 10 s in all
worker_enable_soft_shutdown_on_idle = False

# By the broker's kind, as one kind's options are another kind's errors. Not a Celery setting: `nudge.celery_app` picks.
transport_options_by_kind: dict[str, dict[str, object]] = {
    "redis": {
        "visibility_timeout": 120,  # over the longest task (slot and send), far below the default hour
        "unacked_restore_interval": 5,  # the default sweep, 10 s x 10, hands a dead worker's hints on after 100 s
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,  # has to be over BRPOP's own second
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "max_connections": 200,  # 10, the default, silently lost acks under load
        "global_keyprefix": "escalation:",
    },
    "amqp": {},  # a worker's events wait for no confirmation; nudges do (`escalation.nudge`)
}
