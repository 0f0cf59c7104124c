"""Calendars as RFC 5545 wants them written: escaped, folded, ended with CRLF, all times in UTC. Not what is in one (`feed`), and not
reading them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_OCTETS = 75  # of a line, without its end
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
# A calendar must hold something; one without events holds a time zone that says nothing.
NOTHING = (
    "BEGIN:VTIMEZONE", "TZID:Etc/UTC", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000",
    "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """`uid` is the same each time that the same thing is told."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    description: str = ""


def calendar(name: str, events: Iterable[Event], changed_at: datetime) -> str:
    """`changed_at`: when what is told was changed last. A calendar that nobody publishes to anybody (no METHOD) has that for its DTSTAMP,
    so the text stays the same until something is different."""
    lines = [*_head(name), *(line for event in events for line in _event(event, changed_at))]
    if lines[-1] != "END:VEVENT":
        lines += NOTHING
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    """A value of type TEXT; of control characters only the end of a line can be said."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in lines if each == "\n" or each.isprintable()).translate(ESCAPES)


def folded(line: str) -> str:
    """A long line goes on in the next one behind a space, which counts. No character is cut in two."""
    parts, room, begin, used = [], MOST_OCTETS, 0, 0
    for n, each in enumerate(line):
        size = len(each.encode(errors="replace"))
        if used + size > room:
            parts.append(line[begin:n])
            begin, used, room = n, 0, MOST_OCTETS - 1
        used += size
    return "\r\n ".join([*parts, line[begin:]])


def stamp(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc.year:04}{utc:%m%dT%H%M%SZ}"  # %Y has as many digits as it likes


def _head(name: str) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//escalation//on call//EN", "CALSCALE:GREGORIAN")
    yield f"NAME:{escaped(name)}"
    yield f"X-WR-CALNAME:{escaped(name)}"
    yield from ("REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M")


def _event(event: Event, changed_at: datetime) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{event.uid}", f"DTSTAMP:{stamp(changed_at)}")
    yield from (f"DTSTART:{stamp(event.start)}", f"DTEND:{stamp(event.end)}", f"SUMMARY:{escaped(event.summary)}")
    if event.description:
        yield f"DESCRIPTION:{escaped(event.description)}"
    # Whoever is on call is no less free to be invited.
    yield from ("TRANSP:TRANSPARENT", "END:VEVENT")
