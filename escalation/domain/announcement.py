"""What is told to people beside incidents: that nobody will be on call, that a shift begins. Never a page: nothing waits for it, and it waits
for everything. Not which there are (`gap_notices`, `shift_notices`), and not the sending (`escalation.announcing`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.domain.roster import Channel, Responder

MOST_BY_TEXT = 300  # characters: two messages


@dataclass(frozen=True, slots=True)
class Announcement:
    """`identity`: the same is told once, whoever comes first. `to` is a responder's handle, a person's or a place's; the address is looked
    up when it is sent. Worth it `until` then. With a `schedule` it is about `to`'s shift there from `starts_at` on, and is dropped when
    that was given away. `overtaken`: another one says it better, so this one is never sent."""

    identity: str
    to: str
    channel: Channel
    subject: str
    text: str
    until: datetime
    schedule: str = ""
    starts_at: datetime | None = None
    overtaken: bool = False


def way(who: Responder, ways: Sequence[Channel]) -> Channel | None:
    """The first of these ways that a person has; a place has one of its own."""
    if who.is_place and who.contacts:
        return who.contacts[0].channel
    return next((channel for channel in ways if who.contact(channel)), None)


def identity(*parts: str) -> str:
    """Short enough for a key, and without any address that is in the parts."""
    return f"{parts[0]}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:40]}"
