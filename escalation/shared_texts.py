"""What a transaction must know of texts that tell of several incidents: a part of `ports.Transaction`. Not an implementation (the store's
`sql_texts`), not when texts are gathered (`gathered_texts`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from escalation.domain.joined import Part


@dataclass(frozen=True, slots=True)
class LastText:
    """For which attempt a text went to a phone lately, and until when others wait."""

    host: Part
    until: datetime


class SharedTexts(Protocol):
    """A text is named by the attempt that it goes out for, its host; those that it names too are its members. `address`: a phone's."""

    def call_is_being_told(self, address: str, since: datetime) -> bool:
        """Whether a call to that phone has ended since then of which not everybody whom it spoke for knows."""

    def last_text(self, address: str) -> LastText | None:
        """The last one that others wait for; nobody else changes it until this transaction ends."""

    def hold_texts(self, address: str, incident_id: int, attempt: int, try_: int, until: datetime) -> bool:
        """A text is about to be sent there for that attempt, and others wait until then: False where they wait for another one's."""

    def overrule_texts(self, address: str) -> None:
        """Nobody waits for the last text there any more."""

    def waiting_texts(self, address: str, incident_id: int, limit: int) -> list[Part]:
        """Texts of other incidents to that phone that could go out now: the most severe first, then the oldest."""

    def write_of(self, address: str, incident_id: int, attempt: int, try_: int, members: list[Part]) -> None:
        """Keeps whom the host's text names (the host among them), before it is sent."""

    def names(self, address: str, incident_id: int, attempt: int) -> Part | None:
        """The host of a text that goes out, or went, and names that attempt; None when there is none, or it is known not to have."""

    def named(self, incident_id: int, attempt: int) -> list[Part]:
        """Whom the host's newest text named; nobody where it told of one only."""

    def texts_of_several(self, address: str, since: datetime) -> list[tuple[Part, list[Part]]]:
        """Texts to that phone that told of several since then, the newest first: the host, and whom each named."""
