"""What people arrange at run time: overrides and absences with who made and who took them back, and which are refused. What they do to a
schedule is in `overrides`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.overrides import Absence, Override
from escalation.domain.roster import Roster

LONGEST = timedelta(days=90)
GRACE = timedelta(minutes=1)  # whoever writes the minute that it is means now


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Never erased before it is long over: whoever asks who changed what finds it, taken back or not."""

    id: int
    what: Override | Absence
    made_by: str
    made_at: datetime
    removed_by: str = ""
    removed_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.removed_at is None and self.what.start <= at < self.what.end


def refusals(what: Override | Absence, roster: Roster, now: datetime) -> list[str]:
    """Every reason why it cannot be; none when it can."""
    return [*_of_time(what.start, what.end, now), *_of_names(what, roster)]


def _of_time(start: datetime, end: datetime, now: datetime) -> Iterator[str]:
    if end <= start:
        yield "it ends before it begins"
    elif end <= now:
        yield "it is in the past"
    elif start < now - GRACE:
        yield "it begins in the past: let it begin now"
    if end - start > LONGEST:
        yield f"it lasts {(end - start) / timedelta(days=1):.0f} days: {LONGEST.days} at most"


def _of_names(what: Override | Absence, roster: Roster) -> Iterator[str]:
    if isinstance(what, Absence):
        yield from _unknown(what.person, roster)
        return
    if what.schedule not in roster.schedules:
        yield f"there is no schedule {what.schedule}"
    for person in dict.fromkeys([what.takes, what.instead_of]):
        yield from _unknown(person, roster) if person is not None else ()
    if what.takes is not None and what.takes == what.instead_of:
        yield f"{what.takes} cannot be on call instead of {what.takes}"


def _unknown(person: str, roster: Roster) -> Iterator[str]:
    if person not in roster.people:
        yield f"there is no person {person}"
