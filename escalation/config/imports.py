"""Layers that are somebody's calendar: the files that the configuration names, read when it is checked or applied -> shifts of people. Files
beside the configuration only: an address would be asked at night, from inside the site, and might not answer. Every fault names the
event and its line. Not the form of a calendar (`ical`), not repetitions (`recurrence`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from escalation.config import ical, words
from escalation.config.crosschecks import block, items
from escalation.config.document import Document
from escalation.config.faults import Path as Place
from escalation.config.faults import Refused
from escalation.config.recurrence import LONGEST, Moment, length, moment, moments, rule, starts
from escalation.domain.imported import Booking, Imported
from escalation.domain.localtime import instant, on_the_wall

BEFORE, AHEAD = timedelta(days=31), timedelta(days=400)
MOST_SHIFTS = 10_000
MOST_FAULTS = 20
_MAIL = re.compile(r"mailto:", re.IGNORECASE)


def calendars(document: Document, folder: Path, now: datetime | None) -> dict[tuple[str, int], Imported]:
    """By schedule and number of the layer; faults go to the document. Without `now` the window begins with the earliest event."""
    top, found = block(document.data), {}
    whom = _known(block(top.get("people")))
    for name, schedule in block(top.get("schedules")).items():
        for n, layer in enumerate(items(block(schedule).get("layers"))):
            said = block(layer).get("ical")
            if isinstance(said, str) and said.strip():
                zone = _zone(block(layer).get("timezone"), block(schedule).get("timezone"))
                place = ("schedules", name, "layers", n, "ical")
                found[name, n] = _Reading(document, place, whom, zone, now).of(folder, said.strip())
    return found


class _Reading:
    """One file."""

    def __init__(self, document: Document, place: Place, whom: Mapping[str, str], zone: ZoneInfo, now: datetime | None) -> None:
        self._faults, self._place, self._whom, self._zone, self._now = document.faults, place, whom, zone, now
        self._count = self._wrong = 0

    def of(self, folder: Path, name: str) -> Imported:
        try:
            found = ical.events(_data(folder, name))
            return Imported.of(booking for event in self._looked_at(found) for booking in event)
        except ValueError as error:  # a `Refused` is one
            self._faults.add(self._place, str(error))
            return Imported()

    def _looked_at(self, found: list[ical.Event]) -> Iterator[list[Booking]]:
        """An event with RECURRENCE-ID stands in the place of one of another's repetitions."""
        moved: dict[str, list[ical.Property]] = {}
        for event in found:
            for uid in event.all("UID")[:1]:
                moved.setdefault(uid.value, []).extend(event.all("RECURRENCE-ID"))
        for event in found:
            if self._wrong > MOST_FAULTS:
                return
            try:
                yield self._bookings(event, moved)
            except Refused as error:
                self._wrong += 1
                text = f"event {event.number} (line {event.line} of the calendar): {error}"
                self._faults.add(self._place, text if self._wrong <= MOST_FAULTS else "and more of the kind")

    def _bookings(self, event: ical.Event, moved: Mapping[str, list[ical.Property]]) -> list[Booking]:
        status, said, uid = event.one("STATUS"), event.one("DTSTART"), event.one("UID")
        if status is not None and status.value.strip().upper() == "CANCELLED":
            return []
        if said is None:
            raise Refused("has no DTSTART")
        start = moment(said, self._zone)
        lasts, people = length(event, start), self._people(event)
        is_moved = bool(event.all("RECURRENCE-ID"))
        repeats = None if is_moved else rule(event, start)
        left_out = set() if is_moved else self._left_out(event, start, moved.get(uid.value, []) if uid else [])
        now = (self._now.astimezone(start.zone).replace(tzinfo=None)) if self._now else start.wall + BEFORE
        times = starts(start, repeats, now - BEFORE - LONGEST, now + AHEAD)
        return [self._booking(start.zone, at, lasts, people) for at in times if at not in left_out and at.date() not in left_out]

    def _booking(self, zone: ZoneInfo, at: datetime, lasts: timedelta, people: tuple[str, ...]) -> Booking:
        self._count += 1
        if self._count > MOST_SHIFTS:
            raise Refused(f"with it there are more than {MOST_SHIFTS:,} shifts in {AHEAD.days} days")
        return Booking(instant(zone, _wall(at)), instant(zone, _wall(at + lasts)), people)

    def _left_out(self, event: ical.Event, start: Moment, moved: list[ical.Property]) -> set[object]:
        """Local times, or days, at which it is not."""
        if any("RANGE" in each.parameters for each in moved):
            raise Refused("RECURRENCE-ID with RANGE is not read here")
        said = [each for prop in (*event.all("EXDATE"), *moved) for each in moments(prop, start.zone)]
        return {each.wall.date() if each.whole_day else each.on(start.zone) for each in said}

    def _people(self, event: ical.Event) -> tuple[str, ...]:
        """Those of `people` who are invited; if none of them is, whoever the summary names."""
        invited = (_MAIL.sub("", each.value.strip(), 1).casefold() for each in event.all("ATTENDEE"))
        found = [self._whom[each] for each in invited if each in self._whom and "@" in each]
        summary = event.one("SUMMARY")
        named = self._whom.get(_text(summary.value).casefold(), "") if summary and not found else ""
        people = tuple(dict.fromkeys([*found, *([named] if named else [])]))
        if not people:
            raise Refused("means nobody of `people`: nobody's e-mail address is invited, and its summary is nobody's name")
        return people


def _known(people: Mapping[str, object]) -> dict[str, str]:
    """By what names them: short name, name, e-mail address. What names two names nobody."""
    names: dict[str, set[str]] = {}
    for handle, raw in people.items():
        for said in (handle, block(raw).get("name"), block(raw).get("email")):
            if isinstance(said, str) and said.strip():
                names.setdefault(said.strip().casefold(), set()).add(handle)
    return {name: handles.pop() for name, handles in names.items() if len(handles) == 1}


def _zone(*said: object) -> ZoneInfo:
    """The first that is one; a wrong one is a fault elsewhere."""
    for name in said:
        try:
            return ZoneInfo(words.timezone(name))
        except Refused:
            continue
    return ZoneInfo("UTC")


def _data(folder: Path, name: str) -> bytes:
    if "://" in name:
        raise Refused("a file beside the configuration expected: fetch the calendar into one, then apply")
    try:
        path = folder / name
        if not path.is_file():  # neither a folder nor a pipe that would keep us waiting
            raise Refused("no such file")
        with path.open("rb") as file:
            return file.read(ical.MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"cannot be read ({type(error).__name__})") from None


def _wall(at: datetime) -> int:
    return on_the_wall(at.date(), at.time())


def _text(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nN" else found[1], value).strip()
