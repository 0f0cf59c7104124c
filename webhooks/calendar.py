"""`/calendar/<token>.ics`: the shifts of a person or a schedule, for calendar programs that can show no password. Read-only; whoever has the
address reads it until it is renewed. Not what is in a calendar (`escalation.domain.feed`)."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.domain.feed import BEFORE, Feed
from escalation.domain.links import calendar_owner
from escalation.domain.roster import Roster, Target, TargetKind
from escalation.ports import Patience

LONGEST = 64  # characters of a token that are looked at


def blueprint(system: System) -> Blueprint:
    calendar, shelf = Blueprint("calendar", __name__), _Shelf(system)
    calendar.add_url_rule("/calendar/<token>.ics", "calendar", shelf.calendar)
    return calendar


class _Shelf:
    """Where calendars are fetched from."""

    def __init__(self, system: System) -> None:
        self._store, self._secret = system.store, system.settings.secret_key

    def calendar(self, token: str) -> ResponseReturnValue:
        """What nobody gave out, what was renewed since, and a person who left are the same 404."""
        text = self._text(token) if self._secret and len(token) <= LONGEST else None
        if text is None:
            abort(404)
        body = text.encode()
        answer = Response(body, content_type="text/calendar; charset=utf-8")
        answer.set_etag(hashlib.sha256(body).hexdigest()[:32])
        answer.headers["Cache-Control"] = "private, no-cache"  # kept, and asked after each time
        answer.headers["Content-Disposition"] = 'inline; filename="on-call.ics"'
        return answer.make_conditional(request)

    def _text(self, token: str) -> str | None:
        with self._store.read(patience=Patience.SENDER) as tx:
            roster = tx.site().roster
            owner = calendar_owner(self._secret, token, _owners(roster) | tx.calendar_editions())
            if owner is None:
                return None
            arranged = tuple(tx.arrangements(tx.now - BEFORE, removed=True))
            feed = Feed(self._secret, roster, arranged, tx.applied_at() or tx.now, tx.now)
        return feed.of(_target(owner))


def _owners(roster: Roster) -> dict[str, int]:
    """All of whom a calendar may be asked for, in the first edition."""
    people = (Target(TargetKind.PERSON, handle) for handle in roster.people)
    schedules = (Target(TargetKind.SCHEDULE, name) for name in roster.schedules)
    return {str(target): 0 for target in (*people, *schedules)}


def _target(owner: str) -> Target:
    kind, colon, name = owner.partition(":")
    return Target(TargetKind(kind), name) if colon else Target(TargetKind.PERSON, owner)
