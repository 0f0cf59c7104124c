"""Carries out one command from the outbox and tells the engine what came of it. The order is the promise: claim and look last in one
transaction, re-read the claim immediately before sending, send once with one deadline, tell. It decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from escalation.briefing import Briefs
from escalation.domain import events as ev
from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import Attempt, AttemptStatus, Incident
from escalation.domain.roster import Channel
from escalation.domain.timeline import Entry, EntryKind
from escalation.engine import Engine, rule
from escalation.errors import CarrierError, Verdict
from escalation.ports import Carrier, Editable, Job, Notice, Store, Telephone, Transaction

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)  # beyond the carrier's deadline of 10 s: whoever still holds it then has died or is frozen
CALL_LASTS = timedelta(seconds=330)  # the calls' time limit at the carrier and some slack: no call of ours can be alive after it
PHONE_IS_BUSY = timedelta(seconds=2)
HANG_UP_AGAIN = timedelta(seconds=2)
EDIT_AGAIN = timedelta(seconds=15)
HANGING_UP_HELPS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed job with all that is needed to carry it out, read under the incident's lock."""

    job: Job
    attempt: Attempt
    notice: Notice
    carrier: Carrier
    is_old: bool


class Dispatch:
    """`carriers` says who brings which channel; `holder` names this process in claims."""

    def __init__(self, engine: Engine, store: Store, carriers: Mapping[Channel, Carrier], briefs: Briefs, holder: str) -> None:
        self._engine = engine
        self._store = store
        self._carriers = carriers
        self._briefs = briefs
        self._holder = holder
        self._claims = count(1)

    def carry_out(self, job_id: int) -> None:
        """1. Claim, look last, write the intent. 2. Re-read the claim. 3. Send. 4. Tell. Dying after 1 or in 3 leaves a lease
        that runs out (`settle_abandoned`); dying after 3 too, and the carrier's callbacks name the attempt meanwhile."""
        claimant = f"{self._holder}:{next(self._claims)}"  # one per claim: a thread that froze must not pass for the next one
        with self._store.transaction() as tx:
            errand = self._claim(tx, job_id, claimant)
        if errand is None:
            return
        with self._store.transaction() as tx:
            if not tx.holds(job_id, claimant):
                return
        if errand.job.command.kind.begins_attempt:
            self._send(errand)
        else:
            self._tend(errand)

    def settle_abandoned(self, limit: int = 100) -> int:
        """Leases that ran out: nobody knows whether a page was sent; anything else is simply done again."""
        with self._store.transaction() as tx:
            jobs = tx.abandoned(limit)
        for job in jobs:
            if job.command.kind.begins_attempt:
                lost = ev.AttemptUnknown(job.command.attempt, job.command.try_, "whoever was sending it died")
                self._engine.tell(job.incident_id, lost, job=job.id)
            else:
                with self._store.transaction() as tx:
                    tx.defer(job.id, tx.now)
        return len(jobs)

    def probe(self) -> None:
        """Asks the carriers that are believed down, and tells every concerned incident when one is back."""
        with self._store.transaction() as tx:
            down = tx.carriers_down()
        for carrier in {c.name: c for c in self._carriers.values() if c.name in down}.values():
            if not carrier.alive():
                continue
            with self._store.transaction() as tx:
                was_down = tx.carrier_up(carrier.name)
            if was_down:
                self._engine.recovered(carrier.name)

    # --- claiming

    def _claim(self, tx: Transaction, job_id: int, claimant: str) -> Errand | None:
        job = tx.claim(job_id, claimant, LEASE)
        if job is None:
            return None
        incident = tx.load(job.incident_id)
        attempt = incident.attempt(job.command.attempt) if incident else None
        if incident is None or attempt is None:
            tx.finish(job.id)
            return None
        if job.command.kind.begins_attempt:
            claimed = self._claim_attempt(tx, job, incident, attempt)
            if claimed is None:
                return None
            incident, attempt = claimed
        return self._errand(tx, job, incident, attempt)

    def _claim_attempt(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> tuple[Incident, Attempt] | None:
        """The last look: the attempt must still be planned with this try, its phone free."""
        command = job.command
        if attempt.status is not AttemptStatus.PLANNED or attempt.try_ != command.try_:
            tx.finish(job.id)
            return None
        if attempt.channel.rings and not self._hold_phone(tx, job, incident, attempt):
            return None
        told = rule(tx, incident, ev.AttemptClaimed(attempt.number, command.try_), [])
        return told.incident, told.incident.attempts[attempt.number - 1]

    def _hold_phone(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> bool:
        until = tx.now + incident.policy.ring + CALL_LASTS
        if tx.hold_phone(attempt.address, incident.id, attempt.number, attempt.try_, until):
            return True
        tx.defer(job.id, tx.now + PHONE_IS_BUSY)
        if tx.first_seen(f"phone-busy:{job.task_id}"):
            who = tx.site().roster.name(incident.page_of(attempt).responder)
            tx.note(
                incident.id, [Entry(tx.now, EntryKind.PAGE, f"Waiting to call {who}: another call of ours is on that phone.")]
            )
        return False

    def _errand(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> Errand:
        brief = self._briefs.brief(incident, tx.site().roster, tx.now, attempt.number)
        notice = Notice(
            incident.id, attempt.number, job.command.try_, attempt.channel, attempt.address, incident.policy.ring, brief
        )
        is_old = tx.now - (attempt.began_at or tx.now) > HANGING_UP_HELPS
        return Errand(job, attempt, notice, self._carriers[attempt.channel], is_old)

    # --- sending

    def _send(self, errand: Errand) -> None:
        command = errand.job.command
        event: ev.AttemptEvent
        try:
            reference = errand.carrier.send(errand.notice)
        except CarrierError as error:
            self._mark_down(errand.carrier, error)
            event = failure(command, error)
        except Exception as error:  # a fault of ours in mid-send: the carrier may have it
            log.error("%s: sending failed: %s", errand.job.task_id, type(error).__name__)
            event = ev.AttemptUnknown(command.attempt, command.try_, f"a fault of ours ({type(error).__name__})")
        else:
            event = ev.AttemptAccepted(command.attempt, command.try_, reference)
        self._engine.tell(errand.job.incident_id, event, job=errand.job.id)

    def _mark_down(self, carrier: Carrier, error: CarrierError) -> None:
        if error.verdict is Verdict.PERMANENT:
            return
        with self._store.transaction() as tx:
            if tx.carrier_down(carrier.name, error.reason):
                log.warning("%s fails: %s", carrier.name, error.reason)

    # --- tending to what was sent

    def _tend(self, errand: Errand) -> None:
        again = None
        try:
            self._do(errand)
        except CarrierError as error:
            again = retry_after(errand, error)
            log.warning("%s: %s", errand.job.task_id, error.reason)
        with self._store.transaction() as tx:
            if again is None:
                tx.finish(errand.job.id)
            else:
                tx.defer(errand.job.id, tx.now + again)

    def _do(self, errand: Errand) -> None:
        reference = errand.attempt.references.get(errand.job.command.try_, "")
        if not reference:
            return
        match errand.job.command.kind, errand.carrier:
            case CommandKind.HANG_UP, Telephone() as telephone:
                telephone.hang_up(reference)
            case CommandKind.LEAVE_MESSAGE, Telephone() as telephone:
                telephone.leave_message(errand.notice, reference)
            case CommandKind.EDIT_SLACK, Editable() as editable:
                editable.edit(errand.notice, reference)
            case _:
                pass


def failure(command: Command, error: CarrierError) -> ev.AttemptUnknown | ev.AttemptFailed:
    """What a carrier's refusal allows the machine to conclude."""
    match error.verdict:
        case Verdict.UNKNOWN:
            return ev.AttemptUnknown(command.attempt, command.try_, error.reason)
        case verdict:
            permanent = verdict is Verdict.PERMANENT
            return ev.AttemptFailed(command.attempt, command.try_, permanent, error.reason, error.alarm)


def retry_after(errand: Errand, error: CarrierError) -> timedelta | None:
    """A call must be hung up while it can still ring; an edit can wait for ever; a voicemail's message is not worth a second try."""
    if error.verdict in (Verdict.PERMANENT, Verdict.CREDENTIALS):
        return None
    match errand.job.command.kind:
        case CommandKind.HANG_UP:
            return None if errand.is_old else HANG_UP_AGAIN
        case CommandKind.EDIT_SLACK:
            return EDIT_AGAIN
        case _:
            return None
