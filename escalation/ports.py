"""What the engine needs from outside: Store, Carrier, Clock, Nudge. Each docstring says when it is called and what it
promises. Not an implementation of any of them: those are in `store`, `carriers`, `clock`, `nudge`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol, runtime_checkable

from escalation.domain.alert import Alert, Severity
from escalation.domain.announcement import Announcement
from escalation.domain.arrangements import Arrangement
from escalation.domain.commands import Command
from escalation.domain.events import TimerFired
from escalation.domain.grouping import Member
from escalation.domain.incident import Incident, Status
from escalation.domain.inhibition import Parent
from escalation.domain.maintenance import Maintenance, Planned
from escalation.domain.overrides import Absence, Override
from escalation.domain.policy import Policy, Site
from escalation.domain.roster import Channel
from escalation.domain.timeline import Entry
from escalation.domain.wording import Brief
from escalation.ledger import Ledger
from escalation.number_codes import NumberCodes
from escalation.shared_calls import SharedCalls
from escalation.shared_posts import SharedPosts
from escalation.shared_texts import SharedTexts


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC, aware. The store asks it where the database has no better clock; nobody else does."""


@dataclass(frozen=True, slots=True)
class Job:
    """A command in the outbox. `task_id` begins with the incident's short id; `parent_id` is the task that caused it."""

    id: int
    incident_id: int
    command: Command
    task_id: str
    parent_id: str
    due_at: datetime
    label: str = ""  # incident, step and person's handle: what Flower shows; nothing personal


class Nudge(Protocol):
    def wake(self, jobs: Sequence[Job]) -> None:
        """Called after the commit, for jobs that are due now. Best effort and fast: it may lose them, it never raises."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """A look at an open incident without locking it: enough to know whether an alert is a plain repeat."""

    id: int
    status: Status
    severity: Severity
    occurred_at: datetime | None


class Transaction(SharedCalls, SharedTexts, SharedPosts, Ledger, NumberCodes, Protocol):
    """One transaction. What it changed is seen by others when the context ends without an exception, else nothing is."""

    @property
    def now(self) -> datetime:
        """The one clock that due times and leases are compared with; the same all through the transaction."""

    def first_seen(self, identity: str) -> bool:
        """Inbox: True the first time ever that this identity is shown, and then never again."""

    def site(self) -> Site:
        """The configuration applied last, opted-out addresses marked in its roster."""

    def look(self, service: str, dedup_key: str) -> OpenIncident | None:
        """The open incident of a trouble, not locked. Raises `Unreadable` with its id."""

    def create(self, alert: Alert, service: str, policy: Policy) -> Incident | None:
        """A new incident row, locked; None when somebody else opened one for the same trouble meanwhile."""

    def load(self, incident_id: int) -> Incident | None:
        """The whole incident, locked until the transaction ends. Raises `Unreadable`; once the transaction has ended by that, the
        incident is set aside."""

    def save(
        self, before: Incident, after: Incident, commands: Sequence[Command], entries: Sequence[Entry], cause: str
    ) -> list[Job]:
        """Writes what differs, the commands as outbox rows (`cause`: the task id that led to them), the timeline entries.
        Returns the jobs that are due now, marked as nudged: the caller nudges them after the commit."""

    def note(self, incident_id: int, entries: Sequence[Entry]) -> None:
        """Timeline entries without touching the incident."""

    def take_turn(self, name: str) -> int:
        """Counts one turn of a round robin (from 1). Whoever else takes one of it waits until this transaction ends."""

    def count(self, incident_id: int, alert: Alert) -> None:
        """One more alert of an incident that this transaction has made or locked."""

    def repeat(self, incident_id: int, alert: Alert) -> bool:
        """One more alert of an open incident, beside it: never locks the incident, so a storm cannot delay a key press. False when
        it was resolved meanwhile: nobody would be paged for an alert counted there, so look again."""

    def last_alert(self, incident_id: int) -> datetime | None:
        """When the last alert of an incident that is locked came. Counting waits until this transaction ends, as for `shut`: one that
        is counted a moment later must not be closed with it."""

    def shut(self, incident_id: int) -> None:
        """Waits for those who are counting on it; who comes later waits for this transaction. Resolving does it by itself (`save`)."""

    def due_timers(self, limit: int) -> list[tuple[int, TimerFired]]:
        """Timers whose time has come, with their incident: of the most urgent first, and of those the oldest first."""

    def open_incidents(self, *statuses: Status) -> list[int]:
        """Ids of incidents in these states, most urgent first."""

    def job(self, job_id: int) -> Job | None:
        """An outbox row that is not done, whoever holds it."""

    def claim(self, job_id: int, holder: str, lease: timedelta) -> Job | None:
        """Takes a pending, due job by compare-and-set; None when it is done, not due, or somebody's."""

    def holds(self, job_id: int, holder: str) -> bool:
        """Whether the claim is still ours and its lease has not run out: asked immediately before sending."""

    def finish(self, job_id: int) -> None:
        """The job is carried out, or no longer wanted."""

    def defer(self, job_id: int, until: datetime) -> None:
        """Back to pending, not before `until`."""

    def abandoned(self, limit: int) -> list[Job]:
        """Claimed jobs whose lease has run out (whoever held them died or froze)."""

    def unnudged(self, limit: int) -> list[Job]:
        """Pending jobs that have become due and were not nudged yet; marks them nudged."""

    def unclaimed(self, since: timedelta, limit: int) -> list[Job]:
        """Pending jobs that have been due for longer than `since`: nobody took them, so the broker or the workers are gone."""

    def hold_phone(self, address: str, incident_id: int, attempt: int, try_: int, until: datetime) -> bool:
        """At most one unsettled call per phone number, site-wide: False while another attempt's call may still be on it.
        The same attempt may hold it again (a redial). Ends by itself at `until`, when no such call can be alive."""

    def take_slot(self, job: Job, per_second: int) -> datetime | None:
        """The next send slot of that kind of command, site-wide; None when it was taken for this job. Else when its turn is to be
        expected: nothing may be sent yet, as the carrier's rate is used up or something more urgent, or older, waits too."""

    def free_phone(self, incident_id: int, attempt: int) -> None:
        """That attempt's calls are over."""

    def keep_phone(self, incident_id: int, attempt: int, try_: int, until: datetime) -> None:
        """How long that call still holds its phone, if it does: nothing that was freed is taken again."""

    def set_aside(self, incident_id: int) -> None:
        """An incident that cannot be read (`Unreadable`): counted (`unreadable_row`), logged by its id, and its timers and commands
        left alone for a while, so that they take no place from others."""

    def peek(self, incident_ids: Sequence[int]) -> list[Incident]:
        """Whole incidents, not locked, in the order of their ids; without those that cannot be read."""

    def open_after(self, incident_id: int, limit: int) -> list[int]:
        """Ids of open incidents above that one, in order."""

    def sending(self, incident_ids: Sequence[int], within: timedelta) -> dict[int, frozenset[tuple[int, int]]]:
        """Of each of these incidents (attempt, try) of the commands that will be carried out within that time."""

    def strange_timers(self, incident_ids: Sequence[int]) -> list[int]:
        """Which of these incidents have a timer of a kind that this release does not know."""

    def strange_commands(self) -> list[int]:
        """Outbox rows that are not done, of a kind or a state that this release does not know; some of them when there are many."""

    def text_pages(self, address: str) -> list[tuple[Incident, int]]:
        """Open incidents (not locked) with an attempt (its number, the newest per page) by text to this address."""

    def block(self, channel: Channel, address: str, reason: str) -> None:
        """Marks an address unusable (opted out)."""

    def unblock(self, channel: Channel, address: str) -> bool:
        """Marks an address usable again; False when it was not marked."""

    def carrier_down(self, carrier: str, reason: str) -> bool:
        """Remembers that a carrier failed just now; True when it was believed up until now."""

    def carrier_up(self, carrier: str) -> bool:
        """Remembers that a carrier works; True when it was believed down until now."""

    def carriers_down(self) -> list[str]:
        """Names of carriers believed down: one failed, and nothing was accepted since."""

    def carriers_to_ask(self, quiet: timedelta) -> list[str]:
        """Of those, the ones worth asking whether they are back: left alone for `quiet` since their last failure, longer the
        longer the trouble lasts, and not believed to be back since."""

    def carrier_answers(self, carrier: str) -> None:
        """It says that it is back, and everybody was told. Believed until it fails again; forgotten when it accepts something."""

    def apply(self, site: Site, document: str) -> int:
        """Stores a configuration as the current one; returns its version."""

    def document(self) -> str:
        """The text of the configuration applied last, empty before the first."""

    def arrange(self, what: Override | Absence, by: str) -> int:
        """Stores an override (its own id counts for nothing) or an absence; returns its id. Whether it may be was asked before."""

    def take_back(self, id: int, by: str) -> Arrangement | None:
        """Ends an arrangement now; None when there is none that still holds or will."""

    def arrangements(self, since: datetime, *, removed: bool = False) -> list[Arrangement]:
        """Those that ended later, in the order in which they were made; with `removed` also what was taken back."""

    def announce(self, what: Announcement) -> bool:
        """Keeps it until it is told; False when the same was kept before, by whomever."""

    def announced(self, identities: Sequence[str]) -> set[str]:
        """Which of these were kept before."""

    def claim_announcement(self, lease: timedelta) -> tuple[Announcement, int] | None:
        """The one that has been due for longest, and how often it was tried before; nobody else gets it until the lease has run out."""

    def settle_announcement(self, identity: str, reason: str) -> None:
        """It was told, or is not worth it any more."""

    def defer_announcement(self, identity: str, until: datetime) -> None:
        """Not before then."""

    def forget_announcements(self, before: datetime, limit: int) -> int:
        """The same as `forget_incidents` for announcements that were not worth it any more by then."""

    def gaps_told(self, schedule: str) -> list[tuple[datetime, datetime]]:
        """Gaps of that schedule that somebody was told of."""

    def tell_gap(self, schedule: str, start: datetime, end: datetime) -> bool:
        """Marks one as told; False when it was before."""

    def forget_gap(self, schedule: str, start: datetime, end: datetime) -> None:
        """It was filled, or is over: should it come back it is told again."""

    def ask_reach(self, person: str, shift_at: datetime, apart: timedelta) -> bool:
        """Marks that somebody is called before that shift; False when they were, or were called for another within `apart`."""

    def reached(self, person: str, *, answered: bool) -> None:
        """What came of that call."""

    def reach(self) -> dict[str, bool]:
        """What came of the last one, by person; without those of whom nothing is known yet."""

    def calendar_editions(self) -> dict[str, int]:
        """How often the addresses of calendars were renewed, by owner (a target's text); without those that never were."""

    def renew_calendar(self, owner: str, by: str) -> int:
        """Makes the addresses of a calendar that were given out void; returns the new edition."""

    def applied_at(self) -> datetime | None:
        """When the configuration in use was applied."""

    def forget_arrangements(self, before: datetime, limit: int) -> int:
        """The same as `forget_incidents` for arrangements and maintenance windows that were over by then."""

    def plan_maintenance(self, what: Planned, by: str) -> int:
        """Stores a maintenance window; returns its id. Whether it may be was asked before."""

    def end_maintenance(self, id: int, by: str) -> Maintenance | None:
        """Ends one now; None when there is none that is on or will be."""

    def maintenance(self, since: datetime, *, ended: bool = False) -> list[Maintenance]:
        """Those that are over later, in the order in which they were made; with `ended` also what was ended early."""

    def parents(self, services: Sequence[str], since: datetime, *, details: bool) -> list[Parent]:
        """Open incidents of these services that were opened later, the oldest first, of many the newest hundred. `details`: with them,
        which may be large."""

    def member(self, service: str, dedup_key: str) -> Member | None:
        """That trouble's place in an open incident that gathers several, not locked; also one that is over."""

    def gather(self, service: str, group_key: str) -> None:
        """Waits for others who are looking for the open incident of that group: of two first alerts one opens it."""

    def group(self, service: str, group_key: str, since: datetime) -> Member | None:
        """The newest open incident of that group that was opened later, as one of its members."""

    def join(self, incident_id: int, service: str, group_key: str, alert: Alert) -> bool:
        """Makes the alert's trouble a member; False when it is one already, and not over."""

    def leave(self, incident_id: int, dedup_key: str) -> None:
        """That trouble is over."""

    def members(self, incident_id: int) -> int:
        """How many troubles of it are not over."""

    def held(self) -> list[int]:
        """Ids of the incidents that something holds back, in order."""

    def forget_incidents(self, before: datetime, limit: int) -> int:
        """Removes at most so many closed incidents, with all that hangs on them, in which nothing happened since. Returns how many rows
        went, 0 when there are none left: come again until then. Waits for nobody and locks no open incident."""

    def forget_commands(self, before: datetime, limit: int) -> int:
        """The same for commands that were carried out."""

    def forget_identities(self, before: datetime, nonces_before: datetime | None, limit: int) -> int:
        """The same for the inbox, but none that was first seen while an incident was open that still is; nonces of V2 signatures by a
        time of their own, or never."""

    def bump(self, counter: str, by: int = 1) -> None:
        """One more of something that operators watch (`refused_callback`, `unknown_key`, …)."""

    def beat(self, process: str) -> None:
        """Heartbeat of a named process, read by health checks."""

    def beat_if_due(self, name: str, every: timedelta) -> bool:
        """Heartbeat of something that is done once in that time, by whoever comes first: True for that one alone."""

    def is_held(self) -> bool:
        """Whether this is a restored site that sends nothing yet."""


class Patience(Enum):
    """Seconds that a transaction may wait before it can begin, and for each lock. Each kind has connections of its own, so that a
    storm of alerts keeps no key press waiting."""

    CALLER = 0.8  # somebody is on the line: what is not committed in this time must not be committed later
    SENDER = 5.0  # a monitoring tool or a browser: it comes again, or does not, so a slow machine gets some time
    WORKER = 10.0  # nobody waits for the answer


class Store(Protocol):
    """Where truth lives."""

    def transaction(self, *, patience: Patience = Patience.WORKER) -> AbstractContextManager[Transaction]:
        """A write transaction. Raises `StoreUnavailable`, nothing changed, when the database is away, too slow for `patience`, or
        ended it for the sake of another one (a deadlock: then `passes` is set, and the same again will do)."""

    def read(self, *, patience: Patience = Patience.WORKER) -> AbstractContextManager[Transaction]:
        """A transaction that only reads: all that was committed before it began. It waits for no writer. Raises `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a carrier is handed. Incident, attempt and try name it in callback URLs; the address is never logged."""

    incident_id: int
    attempt: int
    try_: int
    channel: Channel
    address: str
    ring: timedelta
    brief: Brief


class Carrier(Protocol):
    """Whoever brings a page. `name` is what the timeline says."""

    name: str
    channels: frozenset[Channel]

    def send(self, notice: Notice) -> str:
        """One request with one total deadline of 10 s. Returns the carrier's reference (may be empty); raises `CarrierError`."""

    def alive(self) -> bool:
        """A cheap question, asked while the carrier is believed down. Never raises."""


@runtime_checkable
class Teller(Protocol):
    """A carrier that brings a message about no incident. Nothing comes back about it."""

    def tell(self, address: str, subject: str, text: str, identity: str) -> None:
        """One request with one total deadline of 10 s; `identity` is the same each time that this message is tried. Raises
        `CarrierError`."""


@runtime_checkable
class Telephone(Protocol):
    """A carrier that places calls."""

    def hang_up(self, reference: str) -> None:
        """Ends a queued, ringing or answered call; a call that is over already is no error. Raises `CarrierError`."""

    def leave_message(self, notice: Notice, reference: str) -> None:
        """Turns a call that a machine answered into a short message (15 s at most). Raises `CarrierError`."""


@runtime_checkable
class Editable(Protocol):
    """A carrier whose messages can be edited in place as the incident moves."""

    def edit(self, notice: Notice, reference: str) -> None:
        """Rewrites a message sent earlier. Raises `CarrierError`."""
