"""A calendar's bytes -> its events, as text with their lines. Of RFC 5545 it knows lines, components and properties, each bounded: a file
that somebody else writes must neither hang us nor fill the memory. Our own reader, since the libraries have no bounds and name no lines.
Not what the values mean (`recurrence`), and not whom (`imports`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from escalation.config.faults import Refused

MOST_BYTES = 1_000_000
LONGEST_LINE = 10_000  # unfolded
MOST_EVENTS = 2_000
DEEPEST = 6
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})=("[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*')
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True)
class Property:
    """`name` and the names of the parameters in capitals; of a parameter with several values the first."""

    line: int
    name: str
    value: str = field(repr=False)
    parameters: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Event:
    """The `number`-th of the file, begun in `line`; without the alarms and whatever else is inside of it."""

    number: int
    line: int
    properties: list[Property] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [each for each in self.properties if each.name == name]

    def one(self, name: str) -> Property | None:
        """Raises `Refused` when it is said twice."""
        found = self.all(name)
        if len(found) > 1:
            raise Refused(f"{name} is said twice, in lines {found[0].line} and {found[1].line}")
        return found[0] if found else None


def events(data: bytes) -> list[Event]:
    """Raises `Refused` when it is no calendar, or beyond a bound."""
    found: list[Event] = []
    inside: list[str] = []
    for line, text in _unfolded(data):
        prop = _property(line, text)
        if prop.name == "BEGIN":
            _begin(prop, inside, found)
        elif prop.name == "END":
            if not inside or inside.pop() != prop.value.strip().upper():
                raise Refused(f"line {line}: ends what it has not begun")
        elif not inside:
            raise Refused(f"line {line}: no calendar: it begins with BEGIN:VCALENDAR")
        elif inside == ["VCALENDAR", "VEVENT"]:
            found[-1].properties.append(prop)
    if inside:
        raise Refused("the calendar is cut short: not everything that it begins has an end")
    return found


def _begin(prop: Property, inside: list[str], found: list[Event]) -> None:
    name = prop.value.strip().upper()
    if not inside and name != "VCALENDAR":
        raise Refused(f"line {prop.line}: no calendar: it begins with BEGIN:VCALENDAR")
    inside.append(name)
    if len(inside) > DEEPEST:
        raise Refused(f"line {prop.line}: nested more than {DEEPEST} deep")
    if inside == ["VCALENDAR", "VEVENT"]:
        if len(found) >= MOST_EVENTS:
            raise Refused(f"line {prop.line}: more than {MOST_EVENTS:,} events")
        found.append(Event(len(found) + 1, prop.line))


def _unfolded(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines with the number of the file's line in which they begin; ends of lines may lack their CR."""
    if len(data) > MOST_BYTES:
        raise Refused(f"longer than {MOST_BYTES:,} bytes")
    began, parts, size = 0, list[bytes](), 0
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        line = raw.removesuffix(b"\r")
        if line[:1] in {b" ", b"\t"} and parts:
            parts.append(line[1:])
        else:
            if any(parts):
                yield began, _decoded(began, parts)
            began, parts, size = number, [line], 0
        size += len(line)
        if size > LONGEST_LINE:
            raise Refused(f"line {began}: longer than {LONGEST_LINE:,} bytes")
    if any(parts):
        yield began, _decoded(began, parts)


def _decoded(line: int, parts: list[bytes]) -> str:
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        raise Refused(f"line {line}: not UTF-8 text") from None


def _property(line: int, text: str) -> Property:
    name = _NAME.match(text)
    at, parameters = (name.end() if name else 0), dict[str, str]()
    while found := _PARAMETER.match(text, at):
        parameters.setdefault(found[1].upper(), found[2].strip('"'))
        at = found.end()
    if name is None or text[at : at + 1] != ":":
        raise Refused(f"line {line}: not a line of a calendar (NAME:value)")
    return Property(line, name.group().upper(), text[at + 1 :], parameters)
