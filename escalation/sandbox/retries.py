"""How often an URL is tried again. For voice that is set by the URL's own fragment (`#rc=2&rp=5xx,ct&ct=3000`), for texts
it is Plivo's fixed 60, 120, 240 seconds. It only answers "again, and when?"; sending is for `callbacks.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urldefrag

from escalation.sandbox.courier import Outcome

GAP = 1.0  # Plivo does not say how long it waits between tries of a voice URL


class Retries(Protocol):
    """Asked after each try that was not answered with 2xx; None means that was the last one."""

    @property
    def connect(self) -> float: ...

    @property
    def read(self) -> float: ...

    def again_after(self, tries: int, spent: float, outcome: Outcome) -> float | None: ...


@dataclass(frozen=True)
class VoiceRetries:
    connect: float = 2.0
    read: float = 40.0
    total: float = 55.0
    retries: int = 1
    on: frozenset[str] = frozenset({"ct", "rt"})

    def again_after(self, tries: int, spent: float, outcome: Outcome) -> float | None:
        if tries > self.retries or spent + GAP > self.total or not self._covers(outcome):
            return None
        return GAP

    def _covers(self, outcome: Outcome) -> bool:
        what = outcome.failure or f"{outcome.status // 100}xx"
        return what in self.on or "all" in self.on


@dataclass(frozen=True)
class TextRetries:
    connect: float = 2.0
    read: float = 15.0
    delays: tuple[float, ...] = (60.0, 120.0, 240.0)

    def again_after(self, tries: int, spent: float, outcome: Outcome) -> float | None:
        return self.delays[tries - 1] if tries <= len(self.delays) else None


def split_fragment(url: str) -> tuple[str, VoiceRetries]:
    """The URL as it is called and signed (never with the fragment), and what the fragment asked for."""
    bare, fragment = urldefrag(url)
    keys = dict(parse_qsl(fragment))
    default = VoiceRetries()
    return bare, VoiceRetries(
        connect=_number(keys, "ct", 100, 10_000, default.connect * 1000) / 1000,
        read=_number(keys, "rt", 100, 40_000, default.read * 1000) / 1000,
        total=_number(keys, "tt", 100, 55_000, default.total * 1000) / 1000,
        retries=int(_number(keys, "rc", 0, 5, default.retries)),
        on=frozenset(keys["rp"].split(",")) if keys.get("rp") else default.on,
    )


def _number(keys: dict[str, str], key: str, low: int, high: int, default: float) -> float:
    text = keys.get(key, "")
    return float(text) if text.isdigit() and low <= int(text) <= high else default
