"""Faults and warnings as they are gathered: each with its line, its place and a hint. Knows how to show a word from the file
without giving a number or a secret away. Not the rules themselves (`schema`, `crosschecks`, `advice`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Names and list indexes (from 0) that lead from the top of the file to a value."""

_A_WORD = re.compile(r"[^\W_][\w .:#-]{0,39}")
_MANY_DIGITS = 7  # fewer than any phone number has
_LONGEST_PLAIN = 15  # an intake key has at least 16 characters


class Refused(ValueError):
    """Raised for a single word of the file, with a plain reason. A ValueError, since pydantic gathers those and no others."""


@dataclass(slots=True)
class Faults:
    """What was found so far. `lines` says where a path is; places in lists are shown counted from 1, as people count."""

    lines: Mapping[Path, int]
    _found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, path: Path, text: str, line: int = 0) -> None:
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        at = line or self.lines.get(known, 1)
        self._found.append((at, len(self._found), f"line {at}: {place(known)}: {text}"))

    def sorted(self) -> list[str]:
        """In the order of the file, each once."""
        return list(dict.fromkeys(text for _, _, text in sorted(self._found)))

    def __bool__(self) -> bool:
        return bool(self._found)


def place(path: Path) -> str:
    return ".".join(str(p + 1) if isinstance(p, int) else bare(p) for p in path) or "file"


def bare(word: str) -> str:
    """The word itself when it looks like a name; else only its length, since it may be a number or a secret."""
    digits = sum(c.isdigit() for c in word)
    long = len(word) > _LONGEST_PLAIN and digits > 0
    shown = _A_WORD.fullmatch(word) and word.isprintable() and digits < _MANY_DIGITS and not long
    return word if shown else f"({len(word)} characters)"


def quoted(word: str) -> str:
    shown = bare(word)
    return f"`{word}`" if shown == word else shown


def guess(word: str, known: Iterable[str], *, public: bool = False) -> str:
    """`, did you mean …?`, or nothing when no known word is near. Unless the known words are public (none is out of the file),
    one that may be a number or a secret is not proposed."""
    lower = {k.lower(): k for k in known if public or bare(k) == k}
    close = difflib.get_close_matches(word.lower(), lower, n=1)
    return f", did you mean `{lower[close[0]]}`?" if close else ""
