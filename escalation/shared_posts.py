"""What a transaction must know of Slack messages that show several incidents: a part of `ports.Transaction`. Not an implementation (the store's
`sql_posts`), not when they are shared (`gathered_posts`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from escalation.domain.alert import Severity
from escalation.domain.joined import Part
from escalation.domain.shown import Line


@dataclass(frozen=True, slots=True)
class Post:
    """A message. `reference` is the carrier's, empty while it is not known to be there and of one that it never tells us of; `busy_until`: somebody is writing it, or has died
    in that."""

    id: int
    reference: str
    posted_at: datetime
    busy_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """A message of another incident that could go out now. `kind` as in `shown.kind_of`."""

    part: Part
    severity: Severity
    kind: str


class SharedPosts(Protocol):
    def last_post(self, kind: str) -> Post:
        """The one of that kind that is not given up; without a reference where there is none. Nobody else changes it, or begins one, until
        this transaction ends."""

    def post_of(self, incident_id: int, attempt: int) -> tuple[Post, int | None] | None:
        """The message in which that attempt stands, or is to, locked as above, and the turn that it shows of the incident: None as long
        as it is not known to."""

    def begin_post(self, kind: str, until: datetime) -> Post:
        """A message that is about to be written for the first time, instead of the last one of that kind."""

    def keep_post(self, post_id: int, until: datetime) -> None:
        """It is being written until then."""

    def show(self, post_id: int, members: Sequence[Part]) -> None:
        """These are to stand in it."""

    def lines(self, post_id: int) -> list[Line]:
        """All that stand in it or are to, in the order in which they came, as they are now."""

    def waiting_posts(self, address: str, incident_id: int, limit: int) -> list[Waits]:
        """Messages of other incidents there that could go out now: the most severe first, then the oldest."""

    def posted(self, post_id: int, until: datetime, reference: str, shown: Mapping[Part, int]) -> bool:
        """It was written by whoever kept it until then, with these turns; False when somebody else has it by now, and nothing changed.
        Without a reference it can never be edited, so that nothing else comes into it."""

    def unposted(self, post_id: int, until: datetime, *, is_gone: bool) -> None:
        """It could not be written by whoever kept it until then: what it did not show before does not stand in it. `is_gone`: nothing comes
        into it any more."""
