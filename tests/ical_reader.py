"""A reader of calendars that shares nothing with what we write them by: bytes -> components, as RFC 5545 says, refusing what it does not
allow. Enough for events; it knows no recurrence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(rb"[A-Za-z0-9-]+")
TEXTS = {"SUMMARY", "DESCRIPTION", "NAME", "X-WR-CALNAME"}
NEEDED = {"VCALENDAR": {"VERSION", "PRODID"}, "VEVENT": {"UID", "DTSTAMP", "DTSTART"}}
ONCE = {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "VERSION", "PRODID", "TRANSP"}


@dataclass
class Component:
    name: str
    values: dict[str, str] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def calendar(body: bytes) -> Component:
    """The one calendar in there; asserts its form."""
    found = Component("")
    stack = [found]
    for line in unfolded(body):
        name, value = _property(line)
        if name == "BEGIN":
            stack.append(Component(value))
        elif name == "END":
            done = stack.pop()
            assert done.name == value, (done.name, value)
            assert NEEDED.get(value, set()) <= done.values.keys(), done
            stack[-1].parts.append(done)
        else:
            assert not (name in ONCE and name in stack[-1].values), f"{name} twice"
            stack[-1].values[name] = _text(value) if name in TEXTS else value
    assert stack == [found]
    assert [part.name for part in found.parts] == ["VCALENDAR"]
    assert found.parts[0].parts, "a calendar holds at least one component"
    uids = [event["UID"] for event in events(found.parts[0])]
    assert len(uids) == len(set(uids))
    return found.parts[0]


def events(found: Component) -> list[Component]:
    return [part for part in found.parts if part.name == "VEVENT"]


def unfolded(body: bytes) -> list[bytes]:
    assert body.endswith(b"\r\n")
    lines = body[:-2].split(b"\r\n")
    whole: list[bytes] = []
    for line in lines:
        assert b"\n" not in line and b"\r" not in line, "a line ends with both"
        assert 0 < len(line) <= 75, len(line)
        line.decode()  # each line by itself: no character is cut in two
        if line[:1] == b" ":
            whole[-1] += line[1:]
        else:
            whole.append(line)
    return whole


def _property(line: bytes) -> tuple[str, str]:
    found = NAME.match(line)
    assert found, line
    _, colon, value = line[found.end() :].partition(b":")
    assert colon, line
    return found.group().decode().upper(), value.decode()


def _text(value: str) -> str:
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), f"not escaped: {value}"
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
