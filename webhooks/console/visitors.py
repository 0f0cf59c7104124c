"""Who is looking at a page, and so who will have acted: somebody with a signed link, or somebody with the console's password.
Not what they may see (the views) and not the carriers' callers."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime

from flask import request, session

from escalation.domain.incident import Incident, Via
from escalation.domain.links import read
from escalation.domain.roster import Roster
from escalation.settings import Settings

LONGEST_NAME = 40
WRONG_ALLOWED, WRONG_WINDOW, ADDRESSES_KEPT = 10, 60.0, 1000  # wrong passwords of one address, seconds, addresses


@dataclass(frozen=True, slots=True)
class Visitor:
    """`by` is recorded with what they do; `may_name`: the link went to a place, or it is the console, so `by` is what they say."""

    by: str
    via: Via
    name: str
    zone: str = "UTC"
    token: str = ""
    may_name: bool = True

    @property
    def is_console(self) -> bool:
        return self.via is Via.CONSOLE


def by_link(token: str, incident: Incident, roster: Roster) -> Visitor:
    """Whoever the page of a valid token went to; only `linked` says whether it is valid."""
    _, number = _page_of(token)
    handle = incident.page(number).responder if 0 < number <= len(incident.pages) else ""
    found = roster.responder(handle) if handle else None
    if found and not found.is_place:
        return Visitor(handle, Via.LINK, found.name, found.timezone, token, may_name=False)
    return Visitor(_typed(roster) or handle or "somebody with the link", Via.LINK, said_name(), token=token)


def linked(settings: Settings, token: str, incident_id: int, now: datetime) -> bool:
    """Whether a token is ours, not expired, and of this incident."""
    found = read(settings.secret_key, token, now)
    return found is not None and found[0] == incident_id


def _page_of(token: str) -> tuple[int, int]:
    incident, page, *_ = token.split(".")
    return int(incident, 36), int(page, 36)


def by_password(roster: Roster) -> Visitor:
    return Visitor(_typed(roster) or "console", Via.CONSOLE, said_name())


def _typed(roster: Roster) -> str:
    """The name they typed. In quotes where somebody or some place is called that: unquoted it would be them, in the story and as the
    one who has the incident. Looked at every time, since the roster changes."""
    name = said_name()
    taken = {known.casefold() for handle, person in roster.people.items() for known in (handle, person.name)}
    return f"“{name}”" if name.casefold() in taken or roster.responder(name) else name


def said_name() -> str:
    return str(session.get("name", ""))


def keep_name(name: str) -> None:
    session["name"] = " ".join(name.split())[:LONGEST_NAME]


class Door:
    """The console's password: one for all, compared in constant time, a few wrong ones a minute per address."""

    def __init__(self, settings: Settings) -> None:
        self._password = settings.console_password
        self._mark = hashlib.sha256(f"{settings.secret_key} {settings.console_password}".encode()).hexdigest()[:32]
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def is_open(self) -> bool:
        """Whether this session has shown the password that is set now: changing it ends every session."""
        mark = str(session.get("console", ""))
        return bool(self._password) and hmac.compare_digest(mark.encode(), self._mark.encode())

    def knock(self, password: str) -> bool:
        """Opens the session for the right password."""
        if not hmac.compare_digest(password.encode(errors="replace"), self._password.encode()):
            self._note()
            return False
        session["console"] = self._mark
        session.permanent = True
        return True

    def is_shut(self) -> bool:
        """Too many wrong ones from this address lately, so that not even the right one is looked at."""
        with self._lock:
            return len(self._recent()) >= WRONG_ALLOWED

    def _note(self) -> None:
        with self._lock:
            self._recent().append(time.monotonic())

    def _recent(self) -> deque[float]:
        address = request.remote_addr or ""
        times = self._wrong.setdefault(address, deque(maxlen=WRONG_ALLOWED))
        self._wrong.move_to_end(address)
        while len(self._wrong) > ADDRESSES_KEPT:
            self._wrong.popitem(last=False)
        while times and times[0] < time.monotonic() - WRONG_WINDOW:
            times.popleft()
        return times
