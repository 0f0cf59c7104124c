"""The log of everything the sandbox was asked and everything it sent, in order, for tests and for `/_sandbox/log`. It is
kept in memory only and is no audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Record:
    """`kind` is a noun and what happened to it: `call.requested`, `callback.sent`, `mail.received`."""

    number: int
    at: float
    kind: str
    data: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        return {"number": self.number, "at": self.at, "kind": self.kind, "data": dict(self.data)}


class Journal:
    def __init__(self) -> None:
        self._records: list[Record] = []

    def add(self, at: float, kind: str, data: Mapping[str, object]) -> None:
        self._records.append(Record(len(self._records) + 1, at, kind, MappingProxyType(dict(data))))

    def __iter__(self) -> Iterator[Record]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Record:
        return self._records[index]

    def since(self, number: int) -> list[Record]:
        return self._records[number:]

    def of(self, kind: str) -> list[Record]:
        """All of one kind; `of("call.")` is everything about calls."""
        return [
            record for record in self._records if record.kind == kind or (kind.endswith(".") and record.kind.startswith(kind))
        ]
