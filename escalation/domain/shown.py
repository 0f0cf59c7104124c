"""A Slack message that shows several incidents: what stands in it, and what may still come into it. Not its rows (the store's `sql_posts`),
not its blocks (the carrier's `several`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.alert import Severity
from escalation.domain.incident import LAST_RESORT, Attempt, Incident, Status

FRESH = timedelta(minutes=5)  # an edit makes no sound: later than that, what comes is a message of its own
MOST = 50  # in one message: its button is to acknowledge them while Slack waits for our answer
_SKEW = timedelta(seconds=2)  # of hosts; more is a clock that was put back
_WANTED = (Status.TRIGGERED, Status.EXHAUSTED)


@dataclass(frozen=True, slots=True)
class Line:
    """One incident in a message. `place` is its number there, from 1 on; `turn` the incident's as it is shown; `acknowledged_by` a handle
    until it is written out."""

    incident_id: int
    attempt: int
    page: int
    place: int
    severity: Severity
    service: str
    summary: str
    status: Status
    turn: int
    acknowledged_by: str = ""
    link: str = ""

    @property
    def short_id(self) -> str:
        return f"INC-{self.incident_id}"

    @property
    def is_wanted(self) -> bool:
        """Nobody has it."""
        return self.status in _WANTED


def kind_of(incident: Incident, attempt: Attempt) -> str:
    """To an address where messages of this kind stand: that nobody answered is never slipped in silently under what was posted before."""
    return f"{'last resort' if incident.page_of(attempt).step == LAST_RESORT else 'page'} {attempt.address}"


def may_join(incident_id: int, severity: Severity, lines: Sequence[Line], posted_at: datetime, now: datetime) -> bool:
    """Whether it may come into that message, which makes no sound: only while somebody has yet to look at it, nothing in it is less severe
    than what comes, and never what stands there already (it is paged again)."""
    wanted = [line.severity.rank for line in lines if line.is_wanted]
    is_fresh = now - FRESH < posted_at <= now + _SKEW
    is_new = all(line.incident_id != incident_id for line in lines)
    return bool(wanted) and is_fresh and is_new and len(lines) < MOST and severity.rank >= min(wanted)


def in_order(lines: Sequence[Line]) -> list[Line]:
    """What nobody has before the rest; the most severe first, then the oldest."""
    return sorted(lines, key=lambda line: (not line.is_wanted, line.severity.rank, line.incident_id))
