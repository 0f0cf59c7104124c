"""Why nobody is paged for an incident that is open, and until when at the latest: a value, and the word in which an incident keeps it. Not
who says so (`holding`), and not what becomes of the incident (`held`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

HELD = "held: "


@dataclass(frozen=True, slots=True)
class Hold:
    """`stops`: it also stops what is being paged already; without it, only what has not been paged yet is held."""

    why: str
    until: datetime
    stops: bool = False

    @property
    def word(self) -> str:
        """Beside the other words of an incident (`alarmed`): the release before reads and leaves it alone."""
        return f"{HELD}{self.until.isoformat()} {self.why}"

    def __str__(self) -> str:
        return f"held back until {self.until:%Y-%m-%d %H:%M} UTC, {self.why}"


def held_by(words: Iterable[str]) -> Hold | None:
    found = next((word.removeprefix(HELD) for word in words if word.startswith(HELD)), "")
    until, _, why = found.partition(" ")
    try:
        return Hold(why, datetime.fromisoformat(until)) if why else None
    except ValueError:  # another release's
        return None
