"""What people may write beside an incident: one printable line of bounded length. It stands in the timeline, moves nothing and is sent to
nobody. Not what the machine notes by itself."""

from __future__ import annotations

from escalation.errors import BadInput

LONGEST_NOTE = 400


def note_of(text: str) -> str:
    """Lines become one. Raises `BadInput` with the reason, which does not repeat it."""
    line = " ".join(text.split())
    if not line:
        raise BadInput(["a note of no words is none"])
    if len(line) > LONGEST_NOTE:
        raise BadInput([f"a note has {LONGEST_NOTE} characters at most, this one {len(line)}"])
    if not line.isprintable():
        raise BadInput(["a note is made of printable characters"])
    return line
