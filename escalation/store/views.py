"""What `queries` answers with: frozen values for the console, the command line, the health checks and the metrics. No SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.alert import Severity
from escalation.domain.commands import CommandKind
from escalation.domain.hold import Hold as HeldBack
from escalation.domain.incident import Incident, Status
from escalation.domain.maintenance import On
from escalation.domain.timeline import Entry
from escalation.store.types import JobState


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line of a list. `step` counts from 1 and never beyond `steps`; `next_at` is when the step, the snooze or the
    acknowledgement runs out; `repeats` are the alerts after the first."""

    id: int
    service: str
    summary: str
    severity: Severity
    status: Status
    opened_at: datetime
    acknowledged_by: str
    step: int
    steps: int
    next_at: datetime | None
    repeats: int
    hold: HeldBack | None = None

    @property
    def short_id(self) -> str:
        return f"INC-{self.id}"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An entry with its place in the story: ask for what came after `seq`."""

    seq: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A command that is not carried out yet. `nudged_at` is None while no worker was told of it."""

    id: int
    task_id: str
    kind: CommandKind
    label: str
    state: JobState
    due_at: datetime
    nudged_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything about one incident."""

    incident: Incident
    entries: tuple[TimelineEntry, ...]
    repeats: int
    jobs: tuple[WaitingJob, ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """How far the outbox is behind. `oldest_due`: for how long the oldest due command has been waiting or under way; `overdue_timer`:
    the same of a timer; `down`: carriers believed down, with the moment it was noticed."""

    now: datetime
    pending: int
    claimed: int
    oldest_due: timedelta
    overdue_timer: timedelta
    down: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Maintained:
    """The maintenance windows that are on, and how many open incidents something holds back."""

    on: tuple[On, ...]
    held_back: int


@dataclass(frozen=True, slots=True)
class Hold:
    """A site that sends nothing, until `escalation resume`."""

    why: str
    since: datetime

    def __str__(self) -> str:
        return f"held since {self.since:%Y-%m-%d %H:%M} UTC, {self.why}: nobody is paged"


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    version: int
    applied_at: datetime
