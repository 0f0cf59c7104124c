"""The engine around the machine: one transaction per delivery, per event, per due timer. It reads the incident under its lock, asks
the machine, writes what was decided, and only then, after the commit, nudges the workers. It sends nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from escalation import call_ends, gathering, spending
from escalation.domain import events as ev
from escalation.domain.alert import Action, Alert
from escalation.domain.arrangements import Arrangement, refusals
from escalation.domain.audit import LONGEST_WAIT, Finding, findings
from escalation.domain.dedup import What, meaning
from escalation.domain.grouping import Member
from escalation.domain.incident import AttemptStatus, Incident, Status, TimerKind, Via
from escalation.domain.machine import advance
from escalation.domain.overrides import Absence, Override
from escalation.domain.policy import Policy, Service, Site
from escalation.domain.roster import Channel, Roster
from escalation.domain.round_robin import with_turns
from escalation.domain.self_test import SelfTest
from escalation.domain.timeline import Entry, EntryKind
from escalation.errors import BadInput, NotFound, StoreUnavailable, UnknownKey, Unreadable
from escalation.holds import informed
from escalation.phones import release_phones
from escalation.ports import Job, Nudge, OpenIncident, Patience, Store, Transaction
from escalation.tested import keep_result

log = logging.getLogger(__name__)
T = TypeVar("T")
S = TypeVar("S")

TRIES = 3
MOST_STUCK = 1000  # timers that failed and are looked at again with the next batch


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one alert. `incident_id` is None when it concerned no open incident."""

    dedup_key: str
    what: What
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The incident as it stands after an event, `at` which time and with which roster; `fresh` is False when this very delivery
    was seen before, `event` None when there was nothing to say."""

    incident: Incident
    roster: Roster
    event: ev.Event | None
    at: datetime
    fresh: bool = True
    entries: tuple[Entry, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether anything came of it: what the machine ignores it notes as a NOTE and nothing else."""
        return any(entry.kind is not EntryKind.NOTE for entry in self.entries)


# An event that depends on the incident as it stands under its lock: whose attempt was it, who pressed that button.
Saying = Callable[[Incident, Roster], ev.Event | None]


class Engine:
    """`self_test`: its alerts are taken too, where one is set up."""

    def __init__(self, store: Store, nudge: Nudge, self_test: SelfTest | None = None) -> None:
        self._store = store
        self._nudge = nudge
        self._self_test = self_test
        self._stuck = 0

    def take(self, alerts: Sequence[Alert], *, patience: Patience = Patience.WORKER) -> tuple[Taken, ...]:
        """All alerts of one delivery in one transaction, in key order so that two storms cannot lock each other out.
        Raises `UnknownKey` (nothing applied) or `StoreUnavailable` (nothing applied, send again)."""

        def work(tx: Transaction) -> tuple[tuple[Taken, ...], list[Job]]:
            site = self._site(tx)
            _check_keys(alerts, site)
            jobs: list[Job] = []
            order = sorted(range(len(alerts)), key=lambda i: (alerts[i].key, alerts[i].dedup_key))
            taken = {i: self._take(tx, alerts[i], site, jobs) for i in order}
            return tuple(taken[i] for i in range(len(alerts))), jobs

        return self._run(work, patience)

    def knows(self, key: str) -> bool:
        """Whether an intake key belongs to a service."""
        return self._run(lambda tx: (self._site(tx).service_of(key) is not None, []), Patience.SENDER)

    def tell(
        self,
        incident_id: int,
        said: ev.Event | Saying,
        identity: str = "",
        *,
        patience: Patience = Patience.WORKER,
        job: int = 0,
    ) -> Told:
        """One event to one incident. The same `identity` twice changes nothing the second time; `job` is finished with it.
        Raises `NotFound`, and `StoreUnavailable` when nothing was changed."""

        def work(tx: Transaction) -> tuple[Told, list[Job]]:
            incident = tx.load(incident_id)
            if incident is None:
                raise NotFound(f"There is no incident INC-{incident_id}.")
            event = said(incident, tx.site().roster) if callable(said) else said
            if event is None or (identity and not tx.first_seen(identity)):
                return Told(incident, tx.site().roster, event, tx.now, fresh=False), []
            jobs: list[Job] = []
            if isinstance(event, ev.TimerFired) and event.kind is TimerKind.QUIET:
                event = replace(event, heard_at=tx.last_alert(incident_id))
            told = rule(tx, incident, event, jobs)
            if job:
                tx.finish(job)
            return told, jobs

        return self._run(work, patience)

    def tell_open(
        self, service: str, dedup_key: str, event: ev.Event, identity: str, *, patience: Patience = Patience.WORKER
    ) -> Told | None:
        """One event to the open incident of a trouble. The same `identity` twice changes nothing the second time, also when there was
        no such incident (None) the first time. Raises `StoreUnavailable` when nothing was changed."""

        def work(tx: Transaction) -> tuple[Told | None, list[Job]]:
            fresh = tx.first_seen(identity)
            found, member = tx.look(service, dedup_key), tx.member(service, dedup_key)
            which = found.id if found else member.incident_id if member else 0
            incident = tx.load(which) if which else None
            if incident is None or not incident.is_open:
                return None, []
            if not fresh:
                return Told(incident, tx.site().roster, event, tx.now, fresh=False), []
            jobs: list[Job] = []
            return rule(tx, incident, event, jobs), jobs

        return self._run(work, patience)

    def fire_due(self, limit: int = 100) -> int:
        """Fires timers that are due, each in a transaction of its own; returns how many could be. One incident that cannot be ruled on
        stops no other, and what failed takes no place in the next batch, up to `MOST_STUCK` of them.
        Two timekeepers may do this at once: the machine takes a timer only as it stands in the locked incident."""
        call_ends.tell_all(self._store, limit, self.tell, each)
        due = self._run(lambda tx: (tx.due_timers(limit + self._stuck), []))
        failed = each("a timer", due, lambda one: self.tell(*one))
        self._stuck = min(failed, MOST_STUCK)
        return len(due) - failed

    def recovered(self, carrier: str, channels: frozenset[Channel] = frozenset(Channel)) -> bool:
        """A carrier that was down works again: what waited for it, and whom it had failed, is told to every incident concerned.
        False when one could not be told: say it again."""
        concerned = self._run(lambda tx: (tx.open_incidents(Status.TRIGGERED, Status.EXHAUSTED), []))
        return not each("a recovery", concerned, lambda one: self.tell(one, ev.CarrierRecovered(carrier, channels)))

    def roster_changed(self) -> bool:
        """After a configuration was applied, or an arrangement made, in mid-step. Each incident hears of each edition once, whoever says
        it and however often. False when one could not be told: say it again."""

        def look(tx: Transaction) -> tuple[tuple[str, list[int]], list[Job]]:
            return (tx.site().edition, tx.open_incidents(Status.TRIGGERED, Status.EXHAUSTED)), []

        edition, concerned = self._run(look)
        name = f"roster:{edition}"
        return not each("a change of the roster", concerned, lambda one: self.tell(one, ev.RosterChanged(), f"{name}:{one}"))

    def arrange(self, *arranged: Override | Absence, by: str) -> list[int]:
        """Makes overrides and absences, all or none, and tells the open incidents where one holds at once; returns their ids. Raises
        `BadInput` with every reason why it cannot be, nothing changed, and `StoreUnavailable`. Dying before they are told costs them a second: the
        timekeeper sees the edition too."""

        def work(tx: Transaction) -> tuple[tuple[list[int], bool], list[Job]]:
            reasons = [reason for what in arranged for reason in refusals(what, tx.site().roster, tx.now)]
            if reasons:
                raise BadInput(reasons)
            return ([tx.arrange(what, by) for what in arranged], any(what.start <= tx.now for what in arranged)), []

        ids, at_once = self._run(work)
        if at_once:
            self.roster_changed()
        return ids

    def take_back(self, id: int, by: str) -> Arrangement:
        """The same for the end of an arrangement. Raises `NotFound` when it is over, or was taken back before."""

        def work(tx: Transaction) -> tuple[tuple[Arrangement, bool], list[Job]]:
            gone = tx.take_back(id, by)
            if gone is None:
                raise NotFound(f"There is no arrangement {id} that still holds or will.")
            return (gone, gone.what.start <= tx.now), []

        gone, at_once = self._run(work)
        if at_once:
            self.roster_changed()
        return gone

    def audit(self, incident_id: int) -> tuple[Finding, ...]:
        """Sets right what one incident lacks, judged again under its lock; returns what that was."""

        def work(tx: Transaction) -> tuple[tuple[Finding, ...], list[Job]]:
            jobs: list[Job] = []
            incident = tx.load(incident_id)
            sending = tx.sending([incident_id], LONGEST_WAIT)[incident_id]
            missed = findings(incident, sending, tx.now) if incident else ()
            if incident and missed:
                rule(tx, incident, ev.Audited(sending), jobs)
            for _ in missed:
                tx.bump("audit_finding")
            return missed, jobs

        return self._run(work)

    def _site(self, tx: Transaction) -> Site:
        return self._self_test.beside(tx.site()) if self._self_test else tx.site()

    def _take(self, tx: Transaction, alert: Alert, site: Site, jobs: list[Job]) -> Taken:
        service = _service(alert, site)
        if alert.identity and not tx.first_seen(f"alert:{service.name}:{alert.identity}"):
            found = tx.look(service.name, alert.dedup_key)
            return Taken(alert.dedup_key, What.COUNTED, found.id if found else None)
        for _ in range(TRIES):
            try:
                taken = self._try(tx, alert, service, site.policy_of(service), jobs)
            except Unreadable as error:
                if not error.incident_id:
                    raise
                return _beside(tx, alert, error.incident_id)
            if taken is not None:
                return taken
        raise StoreUnavailable("others open and close this incident all the time", passes=True)

    def _try(self, tx: Transaction, alert: Alert, service: Service, policy: Policy, jobs: list[Job]) -> Taken | None:
        """None when the incident was opened or closed between our look and our lock: look again."""
        found = tx.look(service.name, alert.dedup_key)
        if service.grouping or found is None or alert.action is Action.RESOLVE:
            member = tx.member(service.name, alert.dedup_key)
            if member or (service.grouping and found is None):
                return self._gathered(tx, alert, service, policy, member, jobs)
        what = meaning(alert, found is not None, found.severity if found else None, found.occurred_at if found else None)
        if found is None:
            return self._open(tx, alert, service, policy, jobs) if what is What.OPENED else Taken(alert.dedup_key, what)
        if what in (What.COUNTED, What.IGNORED):
            return Taken(alert.dedup_key, what, found.id) if tx.repeat(found.id, alert) else None
        if not self._move(tx, alert, found, jobs):
            return None
        tx.count(found.id, alert)
        return Taken(alert.dedup_key, what, found.id)

    def _gathered(
        self, tx: Transaction, alert: Alert, service: Service, policy: Policy, member: Member | None, jobs: list[Job]
    ) -> Taken | None:
        def begin() -> int | None:
            opened = self._open(tx, alert, service, policy, jobs)
            return opened.incident_id if opened else None

        def tell(incident: Incident, event: ev.Event) -> object:
            return rule(tx, incident, event, jobs)

        came: gathering.Came | None
        if alert.action is Action.TRIGGER:
            came = gathering.trigger(tx, alert, service, member, begin, tell)
        elif member is None:
            return Taken(alert.dedup_key, What.IGNORED)
        elif alert.action is Action.RESOLVE:
            came = gathering.resolve(tx, alert, service, member, tell)
        else:
            came = gathering.acknowledge(tx, alert, member, tell)
        return Taken(alert.dedup_key, *came) if came else None

    def _open(self, tx: Transaction, alert: Alert, service: Service, policy: Policy, jobs: list[Job]) -> Taken | None:
        incident = tx.create(alert, service.name, with_turns(policy, tx.site().roster, tx.take_turn))
        if incident is None:
            return None
        tx.count(incident.id, alert)
        rule(tx, incident, ev.Triggered(alert), jobs)
        return Taken(alert.dedup_key, What.OPENED, incident.id)

    def _move(self, tx: Transaction, alert: Alert, found: OpenIncident, jobs: list[Job]) -> bool:
        incident = tx.load(found.id)
        if incident is None or not incident.is_open:
            return False
        if alert.action is Action.RESOLVE:
            tx.shut(found.id)
            if tx.look(incident.service, incident.dedup_key) != found:  # it fired again before we had it
                return False
        rule(tx, incident, _event(alert), jobs)
        return True

    def _run(self, work: Callable[[Transaction], tuple[T, list[Job]]], patience: Patience = Patience.WORKER) -> T:
        # A caller is answered by then: what is tried again must not be committed behind the answer's back.
        for tries_left in reversed(range(1 if patience is Patience.CALLER else TRIES)):
            try:
                with self._store.transaction(patience=patience) as tx:
                    result, jobs = work(tx)
                break
            except StoreUnavailable as error:
                if not (tries_left and error.passes):
                    raise
        self.wake(jobs)
        return result

    def wake(self, jobs: Sequence[Job]) -> None:
        """After the commit: dying between the two costs the timekeeper's patience, never the page."""
        if jobs:
            self._nudge.wake(jobs)


def each(what: str, items: Sequence[S], act: Callable[[S], object]) -> int:
    """Does every one of them: one that fails (a locked row, a fault of ours) stops no other. Returns how many failed; raises
    `StoreUnavailable` when nothing could be done at all. What cannot be read is set aside by then, and telling it again is no use."""
    failures: list[Exception] = []
    for item in items:
        try:
            act(item)
        except Unreadable as error:
            log.error("%s could not be told: %s", what, error)
        except Exception as error:
            log.error("%s could not be told: %s", what, type(error).__name__)
            failures.append(error)
    if failures and len(failures) == len(items) and all(isinstance(f, StoreUnavailable) for f in failures):
        raise StoreUnavailable(f"{what} could not be told")
    return len(failures)


def rule(tx: Transaction, incident: Incident, event: ev.Event, jobs: list[Job]) -> Told:
    """The machine's decision on a locked incident, written; jobs that are due now are added to `jobs`."""
    roster, event = tx.site().roster, informed(tx, incident, event)
    decision = advance(incident, event, roster, tx.now)
    release_phones(tx, incident, decision.incident, event)
    if _is_in_doubt(incident, decision.incident, event):
        tx.bump("unknown_outcome")
    keep_result(tx, incident, decision.incident)
    jobs += tx.save(incident, decision.incident, decision.commands, decision.entries, cause_of(incident, event))
    spending.correct(tx, incident, event)
    return Told(decision.incident, roster, event, tx.now, True, decision.entries)


def _is_in_doubt(before: Incident, after: Incident, event: ev.Event) -> bool:
    """Whether nobody knows since this event what became of a request."""
    number = getattr(event, "attempt", 0) or getattr(event, "ref", 0)
    old, new = before.attempt(number), after.attempt(number)
    return new is not None and new.status is AttemptStatus.UNKNOWN and (old is None or old.status is not AttemptStatus.UNKNOWN)


def cause_of(incident: Incident, event: ev.Event) -> str:
    """The task that led to this event: the attempt it names, else the newest attempt, else none (the first page)."""
    number = getattr(event, "attempt", 0) or len(incident.attempts)
    attempt = incident.attempt(number)
    return task_name(incident, attempt.number, getattr(event, "try_", attempt.try_)) if attempt else ""


def task_name(incident: Incident, number: int, try_: int) -> str:
    """`INC-42.s1.a1.t1`: what the attempt's task is called in Flower; `last` instead of a step for the last resort."""
    step = incident.page(incident.attempts[number - 1].page).step + 1
    return f"{incident.short_id}.{f's{step}' if step else 'last'}.a{number}.t{try_}"


def _beside(tx: Transaction, alert: Alert, incident_id: int) -> Taken:
    """This trouble's incident cannot be read: the others of the delivery must not be refused with it for ever."""
    tx.set_aside(incident_id)
    tx.count(incident_id, alert)
    return Taken(alert.dedup_key, What.COUNTED, incident_id)


def _check_keys(alerts: Sequence[Alert], site: Site) -> None:
    if not site.services:  # a site that is being set up: whoever sends shall come again, and nothing is rejected meanwhile
        raise StoreUnavailable("no configuration was applied yet")
    unknown = [i for i, alert in enumerate(alerts) if site.service_of(alert.key) is None]
    if unknown:
        raise UnknownKey([f"alert {i + 1}: the intake key belongs to no service" for i in unknown])


def _service(alert: Alert, site: Site) -> Service:
    service = site.service_of(alert.key)
    if service is None:
        raise UnknownKey(["the intake key belongs to no service"])
    return service


def _event(alert: Alert) -> ev.Event:
    by = alert.sender or "the monitor"
    match alert.action:
        case Action.TRIGGER:
            return ev.Triggered(alert)
        case Action.ACKNOWLEDGE:
            return ev.Acknowledged(by, Via.MONITOR)
        case Action.RESOLVE:
            return ev.Resolved(by, Via.MONITOR, alert.occurred_at)
