"""The database, its schema and its clock, and the processes that live by it; the broker beside it. Not what is stored (`paging`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from time import monotonic

import redis

from escalation.audit import CLEAN
from escalation.clock import SystemClock
from escalation.errors import SchemaMismatch, StoreUnavailable
from escalation.local.broker import broker_url, client_url
from escalation.local.checks import pulse
from escalation.local.checks.finding import Finding, Level, fault, ok, unknown, warning
from escalation.local.checks.patient import Patient
from escalation.local.self_test import is_somebodys
from escalation.nudge import trouble
from escalation.store import schema

MOST_SKEW = 2.0  # seconds
OLDEST_REDIS = (6, 2)
QUEUE_INTAKE = "queue intake"
GIVEN_UP = timedelta(days=1)
UNCLEAN = timedelta(minutes=5)  # a round takes a second for each hundred open incidents, and rests for ten


def database(patient: Patient) -> Iterator[Finding]:
    """Reached, and of the schema that this code wants. Nobody else may ask the database before this was found well."""
    url, began = patient.settings.sql_url, monotonic()
    try:
        schema.check(url)
        at = schema.current(url)
    except StoreUnavailable as error:
        yield fault("database", str(error), "start it, see ESCALATION_DATABASE_URL (host, user, password) and its log")
    except SchemaMismatch as error:
        said, _, cure = str(error).partition(": ")
        yield fault("schema", said, cure)
    else:
        kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
        yield ok("database", f"{kind}, schema {at}, answered in {(monotonic() - began) * 1000:.0f} ms")


def clock(patient: Patient) -> Iterator[Finding]:
    """Due times are the database's; what is shown and signed is this machine's."""
    before = SystemClock().now()
    with patient.system.store.read() as tx:
        there = tx.now
    after = SystemClock().now()
    skew = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if skew > MOST_SKEW:
        yield fault(
            "clock",
            f"this machine and the database are {skew:.1f} s apart",
            "run an NTP client (chrony, systemd-timesyncd) on both",
        )
    else:
        yield ok("clock", "the same here and in the database")


def timekeeper(patient: Patient) -> Iterator[Finding]:
    yield from (finding for finding in pulse.processes(patient.system.queries.heartbeats()) if finding.what == "timekeeper")


def workers(patient: Patient) -> Iterator[Finding]:
    yield from (finding for finding in pulse.processes(patient.system.queries.heartbeats()) if finding.what != "timekeeper")


def queue_intake(patient: Patient) -> Iterator[Finding]:
    """Asked after only where it once ran; where it has been silent for a day somebody may have meant it."""
    age = patient.system.queries.heartbeats().get(QUEUE_INTAKE)
    if age is None:
        yield unknown(QUEUE_INTAKE, "never ran here: alerts come by HTTP only")
    elif age > pulse.SILENT:
        level = warning if age > GIVEN_UP else fault
        said = f"not heard of for {age.total_seconds():.0f} s: alerts on the broker wait"
        yield level(QUEUE_INTAKE, said, "start `python -m workers.queue_intake`, see its log")
    else:
        yield ok(QUEUE_INTAKE, f"heard {max(age.total_seconds(), 0):.0f} s ago")


def audit(patient: Patient) -> Iterator[Finding]:
    """How long ago a round over all open incidents found nothing. None yet is no fault: a site has its first seconds after it starts."""
    beats = patient.system.queries.heartbeats()
    age, cure = beats.get(CLEAN), "escalation audit, and the timekeeper's log"
    if age is None and any(name.startswith("timekeeper") and beat <= pulse.SILENT for name, beat in beats.items()):
        yield warning("audit", "never clean, though a timekeeper runs", cure)
    elif age is None:
        yield unknown("audit", "needs the timekeeper")
    elif age > UNCLEAN:
        yield fault("audit", f"last clean {age.total_seconds():.0f} s ago: an open incident may be forgotten", cure)
    else:
        yield ok("audit", f"clean {max(age.total_seconds(), 0):.0f} s ago")


def self_test(patient: Patient) -> Iterator[Finding]:
    """Whether a call of ours came through lately, from the intake to its callback."""
    settings = patient.settings
    if not settings.self_test_number:
        yield ok("self-test", "not set up (ESCALATION_SELF_TEST_NUMBER)")
        return
    if not settings.tests_itself:
        yield fault(
            "self-test", "needs ESCALATION_SECRET_KEY, which its intake key is made of", "give every process the same one"
        )
        return
    with patient.system.store.read() as tx:
        somebodys = is_somebodys(tx.site(), settings.self_test_number)
    if somebodys:
        yield fault("self-test", "its number is a person's, who would be called", "give it a number that a machine answers")
    else:
        yield pulse.self_test(patient.system.queries.heartbeats(), settings.self_test_every)


def held(patient: Patient) -> Iterator[Finding]:
    """Whether a restored site waits for somebody."""
    yield from list(pulse.on_hold(patient.system.queries.held())) or [ok("held", "no: what is due goes out")]


def late(patient: Patient) -> Iterator[Finding]:
    """Whether what is due gets done."""
    yield from list(pulse.behind(patient.system.queries.sending())) or [ok("outbox", "nothing is late")]


def broker(patient: Patient) -> Iterator[Finding]:
    """Reached, and of a kind that forgets nothing under pressure."""
    url, embedded = broker_url(patient.settings), not patient.settings.broker_url
    if kind := trouble(url):
        start = "start `escalation up`, or set ESCALATION_BROKER_URL" if embedded else "start it, see ESCALATION_BROKER_URL"
        unknown_kind = kind == "KeyError"
        said = "not a broker's URL" if unknown_kind else f"cannot be reached ({kind}): pages go out ten seconds late"
        yield fault("broker", said, "redis://… or amqp://…" if unknown_kind else start)
        return
    yield from _redis(url) if url.startswith("redis") else [ok("broker", "answers")]


def _redis(url: str) -> Iterator[Finding]:
    try:
        with redis.Redis.from_url(client_url(url), socket_timeout=2, socket_connect_timeout=2) as client:
            told = dict(client.info())
    except redis.RedisError:  # some rented ones do not tell
        told = {}
    version = str(told.get("redis_version", ""))
    policy = str(told.get("maxmemory_policy", "noeviction"))
    if version and tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST_REDIS:
        yield fault("broker", f"Redis {version} is too old", "6.2 or newer, or Valkey")
    elif policy != "noeviction":
        yield warning("broker", f"forgets under pressure (maxmemory-policy {policy})", "maxmemory-policy noeviction")
    else:
        yield ok("broker", "answers")


def is_usable(findings: list[Finding]) -> bool:
    """Whether the other checks may ask the database."""
    return all(finding.level is Level.OK for finding in findings)
