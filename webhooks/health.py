"""How we are: `/healthz` for load balancers (this process, nothing else), `/readyz` for whoever watches (would a page go out now?),
`/metrics` for Prometheus. Asks only the database; mends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from math import inf
from time import monotonic

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from escalation.audit import CLEAN
from escalation.build import System
from escalation.domain.coverage import gaps, overlaps
from escalation.domain.incident import Status
from escalation.domain.roster import Roster
from escalation.domain.schedule import Shift, shifts
from escalation.domain.self_test import BEGUN, FAILED, PASSED
from escalation.domain.verification import Standing, standings
from escalation.errors import StoreUnavailable
from escalation.local.checks import pulse
from escalation.local.checks.finding import Level
from escalation.settings import Settings
from escalation.store.queries import Queries
from escalation.store.sql_retention import FORGOTTEN_ALARMS

RECOUNTED = 60.0  # seconds
AHEAD = timedelta(days=7)  # of the schedules: far enough to fill a hole, near enough to be asked for at every scrape
# Told from the first scrape on, so that an alert on their rise misses none.
WATCHED = ("unknown_key", "audit_finding", "unknown_outcome", "unreadable_row", "rejected_event")


def blueprint(system: System) -> Blueprint:
    health, watch = Blueprint("health", __name__), _Watch(system)
    health.add_url_rule("/healthz", "healthz", _alive)
    health.add_url_rule("/readyz", "readyz", watch.ready)
    health.add_url_rule("/metrics", "metrics", watch.metrics)
    return health


def _alive() -> ResponseReturnValue:
    """This process answers. A database that is away is no reason to take it out: callbacks are answered without one."""
    return jsonify(status="ok")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and in words how far and what to do."""

    what: str
    fault: str


class _Watch:
    def __init__(self, system: System) -> None:
        self._queries = system.queries
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Numbers(system.queries, system.settings))

    def ready(self) -> ResponseReturnValue:
        """200, or 503 with every fault. A carrier that is down is told and is no fault: the other channels page."""
        try:
            faults, about = self._asked()
        except StoreUnavailable:
            faults, about = [Fault("database", "away or too busy: nothing can be paged")], {}
        status, code = ("not ready", 503) if faults else ("ready", 200)
        return jsonify(status=status, faults=[asdict(fault) for fault in faults], **about), code

    def metrics(self) -> ResponseReturnValue:
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def _asked(self) -> tuple[list[Fault], dict[str, object]]:
        beats, sending, versions = self._queries.heartbeats(), self._queries.sending(), self._queries.config_versions(1)
        found = [*pulse.on_hold(self._queries.held()), *pulse.processes(beats), *pulse.behind(sending)]
        faults = [Fault(f.what, f"{f.said}; {f.cure}") for f in found if f.level is Level.FAULT]
        if not versions:
            faults.append(Fault("config", "none was applied: run `escalation config apply`"))
        return faults, {"config_version": versions[0].version if versions else 0, "carriers_down": sorted(sending.down)}


class Closed:
    """How many closed incidents there are, counted once a minute: the longer the history, the longer that takes. `now` in seconds."""

    def __init__(self, queries: Queries, now: Callable[[], float] = monotonic) -> None:
        self._queries = queries
        self._now = now
        self._known = 0
        self._counted_at: float | None = None

    def count(self) -> int:
        """At most a minute old. Raises `StoreUnavailable`."""
        if self._counted_at is None or self._now() >= self._counted_at + RECOUNTED:
            self._known, self._counted_at = self._queries.closed(), self._now()
        return self._known


class _Numbers(Collector):
    """Asks when it is scraped: every process of the receiver tells the same, whichever the scrape hits; of closed incidents what it
    counted within the last minute."""

    def __init__(self, queries: Queries, settings: Settings) -> None:
        self._queries = queries
        self._settings = settings
        self._closed = Closed(queries)

    def collect(self) -> Iterator[Metric]:
        try:
            found = [
                *self._incidents(),
                *self._sending(),
                *self._processes(),
                *self._schedules(),
                *self._quiet(),
                *self._spending(),
            ]
        except StoreUnavailable:
            found = []
        yield GaugeMetricFamily("escalation_database_up", "1 when the database answered this scrape.", value=bool(found))
        yield from found

    def _incidents(self) -> Iterator[Metric]:
        incidents = GaugeMetricFamily("escalation_incidents", "Incidents by status.", labels=["status"])
        for status, count in (self._queries.counts() | {Status.RESOLVED: self._closed.count()}).items():
            incidents.add_metric([status.value], count)
        yield incidents
        yield CounterMetricFamily("escalation_alarms", "Dead ends told to the last resort.", value=self._queries.alarms())
        counted = CounterMetricFamily(
            "escalation_counted", "What operators watch: unknown keys, refused callbacks, …", labels=["what"]
        )
        for what, count in sorted((dict.fromkeys(WATCHED, 0) | self._queries.counters()).items()):
            if what != FORGOTTEN_ALARMS:  # they are among the alarms
                counted.add_metric([what], count)
        yield counted

    def _sending(self) -> Iterator[Metric]:
        sending = self._queries.sending()
        outbox = GaugeMetricFamily("escalation_outbox_commands", "Commands not carried out yet.", labels=["state"])
        outbox.add_metric(["pending"], sending.pending)
        outbox.add_metric(["claimed"], sending.claimed)
        yield outbox
        waiting = sending.oldest_due.total_seconds()
        yield GaugeMetricFamily(
            "escalation_outbox_oldest_seconds", "For how long the oldest command has been due.", value=waiting
        )
        overdue = sending.overdue_timer.total_seconds()
        yield GaugeMetricFamily("escalation_timer_overdue_seconds", "How late the oldest due timer is.", value=overdue)
        down = GaugeMetricFamily("escalation_carrier_down", "1 for each carrier believed down.", labels=["carrier"])
        for carrier in sending.down:
            down.add_metric([carrier], 1)
        yield down
        held = 1.0 if self._queries.held() else 0.0
        yield GaugeMetricFamily("escalation_held", "1 on a restored site that sends nothing until it is let go on.", value=held)

    def _schedules(self) -> Iterator[Metric]:
        roster, now = self._queries.roster()
        on_call = GaugeMetricFamily("escalation_on_call", "How many people are on call in a schedule.", labels=["schedule"])
        gap = GaugeMetricFamily(
            "escalation_schedule_gap_seconds", "Of the next 7 days: for how long nobody is on call.", labels=["schedule"]
        )
        ahead = {name: shifts(s, now, now + AHEAD, roster.overrides, roster.absences) for name, s in roster.schedules.items()}
        for name, theirs in ahead.items():
            on_call.add_metric([name], len(theirs[0].people))
            gap.add_metric([name], sum((hole.end - hole.start).total_seconds() for hole in gaps(theirs)))
        yield from (on_call, gap, _twice(ahead), _reach(roster, self._queries.reach()))
        if self._settings.secret_key:  # without it there are no marks to compare
            yield _verified(standings(self._settings.secret_key, roster, self._queries.verified_numbers()))

    def _quiet(self) -> Iterator[Metric]:
        maintained = self._queries.maintained()
        yield GaugeMetricFamily("escalation_maintenance_on", "Maintenance windows that are on now.", value=len(maintained.on))
        yield GaugeMetricFamily(
            "escalation_incidents_held_back", "Open incidents for which nobody is paged now.", value=maintained.held_back
        )

    def _spending(self) -> Iterator[Metric]:
        spent, cap = self._queries.spending()
        if cap:
            told = "What calls and texts are taken to have cost since midnight UTC."
            yield GaugeMetricFamily("escalation_spent_today", told, value=float(spent.amount))
            yield GaugeMetricFamily("escalation_spending_cap", "What they may cost a day.", value=float(cap.per_day))

    def _processes(self) -> Iterator[Metric]:
        beats = GaugeMetricFamily("escalation_heartbeat_age_seconds", "Since a process was last heard.", labels=["process"])
        ages = self._queries.heartbeats()
        clean, passed, failed, _ = (ages.pop(name, None) for name in (CLEAN, PASSED, FAILED, BEGUN))
        for process, age in ages.items():
            beats.add_metric([process], age.total_seconds())
        yield beats
        if clean is not None:
            yield GaugeMetricFamily(
                "escalation_audit_clean_age_seconds",
                "Since an audit of all open incidents last found nothing.",
                value=clean.total_seconds(),
            )
        if self._settings.tests_itself:
            yield from _self_test(passed, failed)
        versions = self._queries.config_versions(1)
        version = versions[0].version if versions else 0
        yield GaugeMetricFamily(
            "escalation_config_version", "The configuration applied last; 0 when there is none.", value=version
        )


def _twice(ahead: Mapping[str, Sequence[Shift]]) -> Metric:
    """Two incidents would ring one phone."""
    metric = GaugeMetricFamily(
        "escalation_schedule_overlap_seconds",
        "Of the next 7 days: for how long somebody on call is on call in another schedule too.",
        labels=["schedule"],
    )
    found = overlaps(ahead)
    for name in ahead:
        lasts = ((one.end - one.start).total_seconds() for one in found if name in one.schedules)
        metric.add_metric([name], sum(lasts))
    return metric


def _reach(roster: Roster, heard: Mapping[str, bool]) -> Metric:
    """Of those who are called before their shifts, and were once."""
    reachable = GaugeMetricFamily(
        "escalation_person_reachable", "1 when the key of the last call before a shift was pressed.", labels=["person"]
    )
    for handle, person in roster.people.items():
        if person.readiness and handle in heard:
            reachable.add_metric([handle], float(heard[handle]))
    return reachable


def _verified(found: Iterable[Standing]) -> Metric:
    """By the name that a number has in the configuration."""
    verified = GaugeMetricFamily(
        "escalation_number_verified", "1 when a code went to the number and came back.", labels=["person", "phone"]
    )
    for one in found:
        verified.add_metric([one.person, one.number.name], float(one.is_verified))
    return verified


def _self_test(passed: timedelta | None, failed: timedelta | None) -> Iterator[Metric]:
    """For ever ago while none has passed: whoever is alarmed by its age hears of that too."""
    age = passed.total_seconds() if passed is not None else inf
    yield GaugeMetricFamily(
        "escalation_self_test_age_seconds", "Since a self-test was last closed by its own callback.", value=age
    )
    if passed is not None or failed is not None:
        has_passed = passed is not None and (failed is None or passed <= failed)
        yield GaugeMetricFamily("escalation_self_test_passed", "1 when the last self-test passed.", value=float(has_passed))
