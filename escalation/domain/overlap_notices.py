"""Telling schedules' own people that two phones are one: a person who is on call in two schedules at once, and layers that want the same hours.
Which of the next days are new, and in which words. Not what an overlap is (`coverage`); who is told, and how, is as of gaps
(`gap_notices`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.domain.announcement import Announcement, identity
from escalation.domain.coverage import Collision, Overlap, collisions, overlaps
from escalation.domain.gap_notices import AHEAD, MOST_SHOWN, local, whom
from escalation.domain.overrides import Override
from escalation.domain.roster import Channel, Responder, Roster
from escalation.domain.schedule import shifts

SUBJECT = "On call twice at once"
REMEMBERED = timedelta(days=76)  # and 14 more, as all that is over: a standing one is told again after three months

Spells = Sequence[Overlap | Collision]


@dataclass(frozen=True, slots=True)
class Doubled:
    """`identity`: the same is told once, however often it comes round; one that an override makes has that override's."""

    identity: str
    schedules: tuple[str, ...]
    words: str

    def mark(self, now: datetime) -> Announcement:
        """Kept in place of a message, so that of several timekeepers one tells it."""
        return Announcement(self.identity, "", Channel.SLACK, "", "", now + REMEMBERED, overtaken=True)


def ahead(roster: Roster, now: datetime) -> list[Doubled]:
    """Of the schedules that name somebody to tell, with overrides and holidays counted."""
    if not any(roster.notify.values()):
        return []
    return [one for one in (*_people(roster, now), *_layers(roster, now)) if any(map(roster.notify.get, one.schedules))]


def announcements(roster: Roster, new: Iterable[Doubled], now: datetime) -> list[Announcement]:
    """One to each whom the schedules name, about all that is new in theirs."""
    told: dict[str, tuple[Responder, Channel, list[Doubled]]] = {}
    for one in new:
        for who, channel in _concerned(roster, one):
            told.setdefault(who.handle, (who, channel, []))[2].append(one)
    return [_message(who, channel, theirs, now) for who, channel, theirs in told.values()]


def _concerned(roster: Roster, one: Doubled) -> Iterable[tuple[Responder, Channel]]:
    return {who.handle: (who, channel) for name in one.schedules for who, channel in whom(roster, name)}.values()


def _message(who: Responder, channel: Channel, theirs: Sequence[Doubled], now: datetime) -> Announcement:
    mark = identity("twice", who.handle, *(one.identity for one in theirs))
    return Announcement(mark, who.handle, channel, SUBJECT, _said(theirs), now + AHEAD)


def _said(theirs: Sequence[Doubled]) -> str:
    more = len(theirs) - MOST_SHOWN
    lines = [one.words for one in theirs[:MOST_SHOWN]] + ([f"and {more} more like these"] if more > 0 else [])
    return "\n".join([*lines, "Somebody takes hours over with: escalation override add SCHEDULE PERSON --from TIME --to TIME"])


def _people(roster: Roster, now: datetime) -> Iterator[Doubled]:
    found = {name: shifts(s, now, now + AHEAD, roster.overrides, roster.absences) for name, s in roster.schedules.items()}
    by: dict[tuple[str, tuple[str, ...], int], list[Overlap]] = defaultdict(list)
    for one in overlaps(found):
        for override in _made_by(roster.overrides, one) or [0]:
            by[(one.person, one.schedules, override)].append(one)
    for (handle, names, override), spells in by.items():
        who = roster.people[handle].name if handle in roster.people else handle
        words = f"{who} is on call in {' and '.join(names)} at once: {_times(spells, roster.schedules[names[0]].zone, now)}"
        yield Doubled(identity("overlap", handle, *names, str(override)), names, words)


def _layers(roster: Roster, now: datetime) -> Iterator[Doubled]:
    for name, schedule in roster.schedules.items():
        by: dict[tuple[str, str], list[Collision]] = defaultdict(list)
        for one in collisions(schedule, now, now + AHEAD):
            by[(one.lower, one.upper)].append(one)
        for (lower, upper), spells in by.items():
            times = _times(spells, schedule.zone, now)
            words = f"{lower} and {upper} want the same hours in {name}, {upper} has them: {times}"
            yield Doubled(identity("collision", name, lower, upper), (name,), words)


def _made_by(overrides: Iterable[Override], one: Overlap) -> list[int]:
    """The overrides by which that person has any of these hours."""
    theirs = (o for o in overrides if o.takes == one.person and o.schedule in one.schedules)
    return [o.id for o in theirs if max(o.start, one.start) < min(o.end, one.end)]


def _times(spells: Spells, zone: ZoneInfo, now: datetime) -> str:
    first = spells[0]
    begin = "now" if first.start <= now else local(first.start, zone)
    end = f"to {local(first.end, zone)}" if first.end < now + AHEAD else f"and for the rest of the next {AHEAD.days} days"
    again = {1: "", 2: ", and once more"}.get(len(spells), f", and {len(spells) - 1} times more")
    return f"{begin} {end} ({zone.key}){again}" + (f" in the next {AHEAD.days} days" if again else "")
