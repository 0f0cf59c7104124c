"""When a Slack message shows several incidents, and who writes it: one message for a burst, edited in place as others come and are taken. One
writer at a time, and whoever waits for it is mostly in it by then. Not which may come into one (the domain's `shown`), not the rows (the store's
`sql_posts`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.domain.incident import Attempt, Incident
from escalation.domain.joined import Part
from escalation.domain.roster import Channel
from escalation.domain.shown import MOST, Line, kind_of, may_join
from escalation.ports import Carrier, Editable, Transaction
from escalation.shared_posts import Post

WRITING_LASTS = timedelta(seconds=15)  # beyond the carrier's deadline of 10 s: whoever still holds it has died or is frozen
LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Writing:
    """A message that is being written now: a new one without `reference`. `lines` is what it is to show."""

    post: int
    until: datetime
    reference: str
    lines: tuple[Line, ...]

    @property
    def turns(self) -> dict[Part, int]:
        return {(line.incident_id, line.attempt): line.turn for line in self.lines}

    @property
    def last(self) -> int:
        """The place of the newest line: a button means those up to it, and nothing that came while somebody was reading."""
        return max(line.place for line in self.lines)


def may_be_shared(attempt: Attempt, carrier: Carrier) -> bool:
    return attempt.channel is Channel.SLACK and isinstance(carrier, Editable)


def shown_in(tx: Transaction, incident: Incident, attempt: Attempt) -> tuple[str, int] | None:
    """The reference of a message in which it stands already as it is now, written by another, and the incident that this was for."""
    found = tx.post_of(incident.id, attempt.number)
    if found is None or not _shows(found[1], incident):
        return None
    return found[0].reference, tx.lines(found[0].id)[0].incident_id


def waits_until(tx: Transaction, incident: Incident, attempt: Attempt) -> datetime | None:
    """None: it may be written now."""
    found = tx.post_of(incident.id, attempt.number)
    post = found[0] if found else tx.last_post(kind_of(incident, attempt))
    return tx.now + LOOK_AGAIN if _is_busy(post, tx.now) else None


def gather(tx: Transaction, incident: Incident, attempt: Attempt) -> None:
    """It comes into the message that stands there, or begins one; all that waits and may, comes with it."""
    host, until = (incident.id, attempt.number), tx.now + WRITING_LASTS
    found = tx.post_of(*host)
    if found and found[0].reference:  # a try before this one is not known to have written it
        tx.keep_post(found[0].id, until)
        return
    kind = kind_of(incident, attempt)
    post = tx.last_post(kind)
    lines = tx.lines(post.id) if post.reference else []
    if not may_join(incident.id, incident.severity, lines, post.posted_at, tx.now):
        post, lines = tx.begin_post(kind, until), []
    tx.keep_post(post.id, until)
    tx.show(post.id, [host, *_others(tx, incident, attempt, post, lines)][: MOST - len(lines)])


def drawn(tx: Transaction, incident: Incident, attempt: Attempt) -> Writing | None:
    """What is to be written now, by whoever keeps it; None where nothing is shared."""
    found = tx.post_of(incident.id, attempt.number)
    if found is None or found[0].busy_until is None:
        return None
    return Writing(found[0].id, found[0].busy_until, found[0].reference, tuple(tx.lines(found[0].id)))


def is_shown(tx: Transaction, incident: Incident, attempt: Attempt) -> bool:
    """Whether its message shows the incident as it stands: another's edit did."""
    found = tx.post_of(incident.id, attempt.number)
    return found is not None and _shows(found[1], incident)


def edit_waits_until(tx: Transaction, incident: Incident, attempt: Attempt) -> datetime | None:
    """The same for an edit of the message in which it stands."""
    found = tx.post_of(incident.id, attempt.number)
    return tx.now + LOOK_AGAIN if found and _is_busy(found[0], tx.now) else None


def keep(tx: Transaction, incident: Incident, attempt: Attempt) -> None:
    """Before an edit."""
    if found := tx.post_of(incident.id, attempt.number):
        tx.keep_post(found[0].id, tx.now + WRITING_LASTS)


def settle(tx: Transaction, writing: Writing, reference: str | None, *, is_gone: bool) -> None:
    """What became of the writing. None: nothing is known to stand there. Empty: an incoming webhook took it."""
    if reference is None:
        tx.unposted(writing.post, writing.until, is_gone=is_gone)
    else:
        tx.posted(writing.post, writing.until, reference, writing.turns)


def _shows(turn: int | None, incident: Incident) -> bool:
    return turn is not None and turn >= incident.turn


def _is_busy(post: Post, now: datetime) -> bool:
    return post.busy_until is not None and now < post.busy_until <= now + 2 * WRITING_LASTS


def _others(tx: Transaction, incident: Incident, attempt: Attempt, post: Post, lines: list[Line]) -> list[Part]:
    """A message of its own makes a sound whatever comes with it."""
    waiting = [w for w in tx.waiting_posts(attempt.address, incident.id, MOST) if w.kind == kind_of(incident, attempt)]
    return [w.part for w in waiting if not lines or may_join(w.part[0], w.severity, lines, post.posted_at, tx.now)]
