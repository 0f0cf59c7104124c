"""Telling a schedule's own people that nobody will be on call: which gaps of the next days are new, and in which words. Not what a gap is
(`coverage`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from escalation.domain.announcement import Announcement, identity, way
from escalation.domain.coverage import Gap, gaps
from escalation.domain.roster import Channel, Responder, Roster
from escalation.domain.schedule import Schedule, on_call, shifts

AHEAD = timedelta(days=7)
MOST_SHOWN = 10
FARTHEST = timedelta(days=366)  # a gap that lasts longer has no end worth saying
NO_END = datetime(9000, 1, 1, tzinfo=UTC)
STEPS = 400
BY = (Channel.SLACK, Channel.EMAIL, Channel.SMS)  # how a person is told, the first that they have

Spell = tuple[datetime, datetime]


def ahead(roster: Roster, schedule: Schedule, now: datetime) -> list[Gap]:
    """Gaps that go on now or begin in time, each as one whatever it is made of, with the end that it really has."""
    joined: list[Gap] = []
    for gap in gaps(shifts(schedule, now, now + AHEAD, roster.overrides, roster.absences)):
        if joined and joined[-1].end == gap.start:
            joined[-1] = replace(joined[-1], end=gap.end)
        else:
            joined.append(gap)
    if joined and joined[-1].end == now + AHEAD:
        joined[-1] = replace(joined[-1], end=_end(roster, schedule, joined[-1].start, now))
    return joined


def changes(found: Sequence[Gap], told: Iterable[Spell], now: datetime) -> tuple[list[Gap], list[Spell]]:
    """(gaps that were not told yet, told ones that there are no more). One that goes on already is known by its end."""
    known = set(told)
    ends = {end for _, end in known}
    new = [gap for gap in found if (gap.start, gap.end) not in known and not (gap.start <= now and gap.end in ends)]
    there, going_on = {(gap.start, gap.end) for gap in found}, {gap.end for gap in found if gap.start <= now}
    return new, [spell for spell in known if spell not in there and not (spell[1] in going_on and spell[0] <= now)]


def announcements(roster: Roster, schedule: Schedule, new: Sequence[Gap], now: datetime) -> list[Announcement]:
    """One to each whom the schedule names, about all that are new."""
    if not new:
        return []
    subject, said = f"Nobody is on call in {schedule.name}", words(schedule, new)
    until = min(max(gap.end for gap in new), now + AHEAD)
    mark = " ".join(f"{gap.start.isoformat()}/{gap.end.isoformat()}" for gap in new)
    return [
        Announcement(identity("gap", schedule.name, who.handle, mark, now.isoformat()), who.handle, channel, subject, said, until)
        for who, channel in whom(roster, schedule.name)
    ]


def words(schedule: Schedule, new: Sequence[Gap]) -> str:
    zone = schedule.zone
    lines = [f"Nobody is on call in {schedule.name} ({zone.key}):"]
    lines += [f"{local(gap.start, zone)} to {_until(gap, zone)}: {gap.why}" for gap in new[:MOST_SHOWN]]
    lines += [f"and {len(new) - MOST_SHOWN} more in the next {AHEAD.days} days"] if len(new) > MOST_SHOWN else []
    return "\n".join([*lines, f"Somebody takes it with: escalation override add {schedule.name!r} PERSON --from TIME --to TIME"])


def local(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _until(gap: Gap, zone: ZoneInfo) -> str:
    return local(gap.end, zone) if gap.end < NO_END else "an end that is not in sight"


def _end(roster: Roster, schedule: Schedule, at: datetime, now: datetime) -> datetime:
    for _ in range(STEPS):
        shift = on_call(schedule, at, roster.overrides, roster.absences)
        if shift.empty is None:
            return at
        at = shift.end
        if at > now + FARTHEST:
            break
    return NO_END


def whom(roster: Roster, schedule: str) -> list[tuple[Responder, Channel]]:
    """Those whom its `notify` names, each by the first way that they have."""
    found: dict[str, tuple[Responder, Channel]] = {}
    for target in roster.notify.get(schedule, ()):
        for who in roster.everybody(target):
            if channel := way(who, BY):
                found.setdefault(who.handle, (who, channel))
    return list(found.values())
