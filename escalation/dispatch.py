"""Carries out one command from the outbox and tells the engine what came of it. The order is the promise: claim and look last in one
transaction, re-read the claim immediately before sending, send once with one deadline, tell. It decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from types import MappingProxyType

from escalation import gathered_posts, spending
from escalation.briefing import Briefs
from escalation.domain import events as ev
from escalation.domain.commands import CommandKind
from escalation.domain.incident import Attempt, AttemptStatus, Incident
from escalation.domain.joined import Part
from escalation.domain.roster import Channel
from escalation.domain.wording import messages
from escalation.engine import Engine, each, rule
from escalation.errand import Errand, failure, has_moved, is_gone, request, retry_after, tend
from escalation.errors import CarrierError, Unreadable
from escalation.gathered_texts import gather, may_be_gathered, told_of, waits_until
from escalation.phones import REQUEST_LASTS, STOPS_RINGING
from escalation.ports import Carrier, Job, Notice, Store, Transaction

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=15)  # beyond the carrier's deadline of 10 s: whoever still holds it then has died or is frozen
CALL_LASTS = timedelta(seconds=330)  # the calls' time limit at the carrier and some slack: no call of ours can be alive after it
WORTH_SAYING = timedelta(seconds=2)
PACED = "the carrier takes only so many a second, and what is more urgent or older goes first"
GATHERED = "a text went there less than a minute ago, and what comes meanwhile goes in one"
PHONE_IS_BUSY = timedelta(seconds=2)
LOOK_AGAIN = timedelta(seconds=2)
QUIET = timedelta(seconds=60)  # a carrier is asked whether it is back when nothing of ours has failed there for so long


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that could not be carried out now: its phone is taken, or its turn at the carrier comes at `until`."""

    job: Job
    until: datetime | None = None
    gathers: bool = False  # a text, for others to the same phone


class Dispatch:
    """`carriers` says who brings which channel; `holder` names this process in claims; `rates` is how many a second go out at most by a
    channel, all processes together (none: as many as come)."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        carriers: Mapping[Channel, Carrier],
        briefs: Briefs,
        holder: str,
        rates: Mapping[Channel, int] = MappingProxyType({}),
    ) -> None:
        self._engine = engine
        self._store = store
        self._carriers = carriers
        self._briefs = briefs
        self._holder = holder
        self._rates = rates
        self._claims = count(1)

    def carry_out(self, job_id: int) -> None:
        """1. Claim, look last, write the intent. 2. Re-read the claim. 3. Send. 4. Tell. Dying after 1 or in 3 leaves a lease
        that runs out (`settle_abandoned`); dying after 3 too, and the carrier's callbacks name the attempt meanwhile."""
        claimant = f"{self._holder}:{next(self._claims)}"  # one per claim: a thread that froze must not pass for the next one
        others: list[Job] = []
        try:
            with self._store.transaction() as tx:
                errand = self._claim(tx, job_id, claimant, others)
        except Unreadable as error:  # set aside by now; a task that fails would only be looked for
            log.error("command %d is left alone: %s", job_id, error)
            return
        self._engine.wake(others)
        if errand is not None and self._still_holds(job_id, claimant):
            if errand.notice and errand.job.command.kind.begins_attempt:
                self._send(errand, errand.notice)
            else:
                self._tend(errand)

    def settle_abandoned(self, limit: int = 100) -> int:
        """Leases that ran out: nobody knows whether a page was sent; anything else is simply done again."""
        with self._store.transaction() as tx:
            jobs = tx.abandoned(limit)
        each("an abandoned command", jobs, self._settle)
        return len(jobs)

    def _settle(self, job: Job) -> None:
        if job.command.kind.begins_attempt:
            lost = ev.AttemptUnknown(job.command.attempt, job.command.try_, "whoever was sending it died")
            self._engine.tell(job.incident_id, lost, job=job.id)
        else:
            with self._store.transaction() as tx:
                tx.defer(job.id, tx.now)

    def probe(self) -> None:
        """Asks the carriers that are believed down and have been left alone for a while: one that answers this question and still
        fails our calls must not be believed at every turn. Tells every concerned incident when one is back."""
        with self._store.transaction() as tx:
            down = tx.carriers_to_ask(QUIET)
        for carrier in {c.name: c for c in self._carriers.values() if c.name in down}.values():
            # Dying between the telling and the note of it, it is told again.
            if carrier.alive() and self._told_of_recovery(carrier):
                with self._store.transaction() as tx:
                    tx.carrier_answers(carrier.name)

    # --- claiming

    def _still_holds(self, job_id: int, claimant: str) -> bool:
        with self._store.read() as tx:  # a write transaction would wait for its turn on SQLite, and see nothing newer
            return tx.holds(job_id, claimant)

    @staticmethod
    def _wait(tx: Transaction, incident: Incident, waiting: Waiting, jobs: list[Job]) -> None:
        """Said once for each reason."""
        job, until = waiting.job, waiting.until
        reason = GATHERED if waiting.gathers else PACED if until else "another call of ours is on that phone"
        why = ev.AttemptDelayed(job.command.attempt, job.command.try_, reason, until, waiting.gathers)
        name = "gathers" if waiting.gathers else "slot" if until else "phone-busy"
        if tx.first_seen(f"{name}:{job.task_id}"):
            rule(tx, incident, why, jobs)

    def _claim(self, tx: Transaction, job_id: int, claimant: str, others: list[Job]) -> Errand | None:
        """The incident is locked before the job is claimed, in the order in which everybody else takes the two. `others`: jobs that
        came of looking last."""
        job = tx.job(job_id)
        incident = tx.load(job.incident_id) if job else None
        job = tx.claim(job_id, claimant, LEASE)
        if job is None:
            return None
        attempt = incident.attempt(job.command.attempt) if incident else None
        if incident is None or attempt is None:
            tx.finish(job.id)
            return None
        if job.command.kind.begins_attempt:
            claimed = self._claim_attempt(tx, job, incident, attempt, others)
            if claimed is None:
                return None
            incident, attempt = claimed
        if not self._may_tend(tx, job, incident, attempt):
            return None
        if job.command.kind is CommandKind.HANG_UP:  # it rings until the carrier has taken our word, and may be slow in that
            tx.keep_phone(incident.id, attempt.number, job.command.try_, tx.now + REQUEST_LASTS)
        errand = self._errand(tx, job, incident, attempt)
        if job.command.kind.begins_attempt and errand.notice:
            return replace(errand, price=spending.count(tx, errand.notice))
        return errand

    def _claim_attempt(
        self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, jobs: list[Job]
    ) -> tuple[Incident, Attempt] | None:
        """The last look: the attempt must still be planned with this try, its phone free (else the job waits)."""
        command = job.command
        if attempt.status is not AttemptStatus.PLANNED or attempt.try_ != command.try_:
            tx.finish(job.id)
            return None
        cap = spending.reached(tx, incident, attempt)
        if not self._goes_now(tx, job, incident, attempt, jobs, goes_out=cap is None):
            return None
        told = rule(tx, incident, ev.AttemptClaimed(attempt.number, command.try_, tx.now - job.due_at, cap), jobs)
        claimed = told.incident.attempts[attempt.number - 1]
        if claimed.status is not AttemptStatus.CLAIMED:  # held back, or after an outage somebody else is on call
            if command.try_ == 1:  # else an earlier call of it may still ring
                tx.free_phone(incident.id, attempt.number)
            tx.finish(job.id)
            if cap is not None:
                spending.held_back(tx)
            return None
        if may_be_gathered(incident, attempt):
            gather(tx, told.incident, claimed, command.try_)
        if self._may_be_shared(attempt):
            gathered_posts.gather(tx, told.incident, claimed)
        return told.incident, claimed

    def _goes_now(
        self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, jobs: list[Job], *, goes_out: bool
    ) -> bool:
        way = self._way(tx, job, incident, attempt, jobs, goes_out=goes_out)
        if isinstance(way, Waiting):
            self._wait(tx, incident, way, jobs)
        return way is True

    def _way(
        self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, jobs: list[Job], *, goes_out: bool
    ) -> Waiting | bool:
        """Whether it may go out now. Else it waits, or goes with what is on its way there already (False: nothing is left to do). One that
        is held back may do that too, as it costs nothing, and waits for no turn."""
        if attempt.channel.rings and not self._hold_phone(tx, incident, attempt):
            return False if self._joins(tx, job, incident, attempt, jobs) else Waiting(job)
        if may_be_gathered(incident, attempt):
            if host := tx.names(attempt.address, incident.id, attempt.number):
                self._join(tx, job, incident, attempt, host, jobs)
                return False
            if goes_out and (until := waits_until(tx, incident, attempt)):
                return self._waits_until(tx, job, until, gathers=True) or False
        if self._may_be_shared(attempt):
            if shown := gathered_posts.shown_in(tx, incident, attempt):
                self._stands_there(tx, job, incident, attempt, *shown, jobs)
                return False
            if until := gathered_posts.waits_until(tx, incident, attempt):
                tx.defer(job.id, until)
                return False
        until = self._turn(tx, job, attempt) if goes_out else None
        return True if until is None else self._waits_until(tx, job, until) or False

    def _turn(self, tx: Transaction, job: Job, attempt: Attempt) -> datetime | None:
        """None when it may go out now, else when its turn is expected. The phone is not kept for it: whoever is called first takes the
        others along."""
        rate = self._rates.get(attempt.channel, 0)
        until = tx.take_slot(job, rate) if rate else None
        if until is not None and (
            not attempt.channel.rings or job.command.try_ == 1
        ):  # else an earlier call of it may still ring
            tx.free_phone(job.incident_id, attempt.number)
        return until

    def _waits_until(self, tx: Transaction, job: Job, until: datetime, *, gathers: bool = False) -> Waiting | None:
        """Worth a line where it takes longer than anybody would notice."""
        tx.defer(job.id, until)
        return Waiting(job, until, gathers) if until - tx.now >= WORTH_SAYING else None

    def _hold_phone(self, tx: Transaction, incident: Incident, attempt: Attempt) -> bool:
        until = tx.now + incident.policy.ring + CALL_LASTS
        return tx.hold_phone(attempt.address, incident.id, attempt.number, attempt.try_, until)

    def _joins(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, jobs: list[Job]) -> bool:
        """Whether the call that is on that phone takes this one along. A test call speaks of nothing else, and waits."""
        host = None if incident.policy.test_number else tx.joinable(attempt.address, incident.id, attempt.number)
        if host is None:
            tx.defer(job.id, tx.now + PHONE_IS_BUSY)
            return False
        self._join(tx, job, incident, attempt, host, jobs)
        return True

    def _join(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, host: Part, jobs: list[Job]) -> None:
        event = ev.AttemptJoined(attempt.number, job.command.try_, host[0], tx.now - job.due_at)
        told = rule(tx, incident, event, jobs)
        if not told.incident.attempts[attempt.number - 1].settled:
            tx.join_call(host, incident.id, attempt.number, attempt.address)
        tx.finish(job.id)

    def _may_be_shared(self, attempt: Attempt) -> bool:
        return gathered_posts.may_be_shared(attempt, self._carriers[attempt.channel])

    def _stands_there(
        self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, reference: str, host: int, jobs: list[Job]
    ) -> None:
        """Another's request has written it."""
        joined = ev.AttemptJoined(attempt.number, job.command.try_, host, tx.now - job.due_at)
        told = rule(tx, incident, joined, jobs)
        if not told.incident.attempts[attempt.number - 1].settled:
            rule(tx, told.incident, ev.AttemptAccepted(attempt.number, job.command.try_, reference), jobs)
        tx.finish(job.id)

    def _may_tend(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> bool:
        match job.command.kind:
            case CommandKind.HANG_UP if job.command.try_ == attempt.try_ and tx.is_shared(incident.id, attempt.number):
                tx.defer(job.id, tx.now + LOOK_AGAIN)  # others still want that call
                return False
            case CommandKind.EDIT_SLACK:
                return self._may_edit(tx, job, incident, attempt)
            case _:
                return True

    @staticmethod
    def _may_edit(tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> bool:
        """One writer at a time, and none for what is shown already."""
        if gathered_posts.is_shown(tx, incident, attempt):
            tx.finish(job.id)
            return False
        if until := gathered_posts.edit_waits_until(tx, incident, attempt):
            tx.defer(job.id, until)
            return False
        gathered_posts.keep(tx, incident, attempt)
        return True

    def _errand(self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt) -> Errand:
        carrier = self._carriers[attempt.channel]
        age = tx.now - (attempt.began_at or tx.now)
        writing = gathered_posts.drawn(tx, incident, attempt) if self._may_be_shared(attempt) else None
        notice = None if job.command.kind is CommandKind.HANG_UP else self._notice(tx, job, incident, attempt, writing)
        was_down = carrier.name in tx.carriers_down()
        return Errand(job, attempt, incident.turn, notice, carrier, age, was_down, writing=writing)

    def _notice(
        self, tx: Transaction, job: Job, incident: Incident, attempt: Attempt, writing: gathered_posts.Writing | None
    ) -> Notice:
        brief = self._briefs.brief(incident, tx.site().roster, tx.now, attempt.number)
        if writing and len(writing.lines) > 1:
            wanted = tx.peek([line.incident_id for line in writing.lines if line.is_wanted])
            button = f"{writing.post}:{writing.last}"
            brief = self._briefs.of_shown(brief, writing.lines, wanted, button, tx.site().roster, tx.now)
        try_, ring = job.command.try_, incident.policy.ring
        if attempt.channel is Channel.SMS and (told := told_of(tx, (incident.id, attempt.number), try_)):
            brief = self._briefs.of_several(brief, told, attempt.number)
        return Notice(incident.id, attempt.number, try_, attempt.channel, attempt.address, ring, brief)

    # --- sending

    def _send(self, errand: Errand, notice: Notice) -> None:
        command, refused = errand.job.command, None
        event: ev.AttemptEvent
        try:
            parts = messages(notice.brief) if notice.channel is Channel.SMS else 0
            event = ev.AttemptAccepted(command.attempt, command.try_, request(errand, notice), parts)
        except CarrierError as error:
            event, refused = failure(errand, error), error
        except Exception as error:  # a fault of ours in mid-send: the carrier may have it
            log.error("%s: sending failed: %s", errand.job.task_id, type(error).__name__)
            event = ev.AttemptUnknown(command.attempt, command.try_, f"a fault of ours ({type(error).__name__})")
        self._engine.tell(errand.job.incident_id, event, job=errand.job.id)
        if isinstance(event, ev.AttemptFailed) and errand.price:  # a night of refusals must not use the day up
            with self._store.transaction() as tx:
                tx.take_back_spending(errand.price)
        self._free(errand, event.reference if isinstance(event, ev.AttemptAccepted) else None, refused)
        self._judge(errand, event, refused)

    def _free(self, errand: Errand, reference: str | None, refused: CarrierError | None = None) -> None:
        """The message that others may want to write. Dying before this, they wait until we are given up, and then write it."""
        if errand.writing:
            with self._store.transaction() as tx:
                gathered_posts.settle(tx, errand.writing, reference, is_gone=is_gone(errand, refused))

    def _judge(self, errand: Errand, event: ev.AttemptEvent, refused: CarrierError | None) -> None:
        """What this request says about the carrier, after the page itself is settled."""
        if refused is not None and refused.outage:
            with self._store.transaction() as tx:
                if tx.carrier_down(errand.carrier.name, refused.reason):
                    log.warning("%s fails: %s", errand.carrier.name, refused.reason)
        elif errand.was_down and isinstance(event, ev.AttemptAccepted) and self._told_of_recovery(errand.carrier):
            with self._store.transaction() as tx:
                tx.carrier_up(errand.carrier.name)

    def _told_of_recovery(self, carrier: Carrier) -> bool:
        return self._engine.recovered(carrier.name, carrier.channels)

    # --- tending to what was sent

    def _tend(self, errand: Errand) -> None:
        again, refused = None, None
        try:
            tend(errand)
        except CarrierError as error:
            again, refused = retry_after(errand, error), error
            log.warning("%s: %s", errand.job.task_id, error.reason)
        with self._store.transaction() as tx:
            incident = tx.load(errand.job.incident_id)
            if errand.job.command.kind is CommandKind.HANG_UP:
                lasts = again + REQUEST_LASTS if again else STOPS_RINGING
                tx.keep_phone(errand.job.incident_id, errand.attempt.number, errand.job.command.try_, tx.now + lasts)
            if errand.writing:
                reference = None if refused else errand.writing.reference
                gathered_posts.settle(tx, errand.writing, reference, is_gone=is_gone(errand, refused))
            if again is None and not (incident and has_moved(errand, incident)):
                tx.finish(errand.job.id)
            else:
                tx.defer(errand.job.id, tx.now + (again or timedelta(0)))
