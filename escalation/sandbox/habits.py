"""What a phone does by itself: how it meets a call and whether it answers a text. Values only; `phones.py` acts on them,
`script.py` reads them from YAML."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("manual", "ignores", "answers", "busy", "declines", "voicemail", "unreachable")
_AFTER = {"answers": 4.0, "declines": 2.0, "voicemail": 15.0}


@dataclass(frozen=True)
class Habit:
    """`after`: seconds of ringing before it acts (`ignores` with `after`: the carrier gives up then, 3000). `presses`: one
    entry per menu it hears, each pressed `wait` seconds into the menu. `hangs_up`: seconds after it answered. `code`: the
    hangup code of a phone that is `unreachable` (2010)."""

    kind: str = "manual"
    after: float | None = None
    presses: tuple[str, ...] = ()
    wait: float = 2.0
    hangs_up: float | None = None
    code: int = 2010

    @property
    def delay(self) -> float:
        return _AFTER.get(self.kind, 0.0) if self.after is None else self.after


@dataclass(frozen=True)
class Reply:
    """The answer to every text: `{found}` in `text` is the first group of the regular expression `find` in the text
    received (no match: no answer)."""

    text: str
    after: float = 5.0
    find: str = ""


MANUAL = Habit()
