"""How many requests of one process may wait for the database at once. Alerts, pages for people and health checks are patient: with
the database locked each keeps a thread for seconds, and without a bound a storm would take them all, and nobody who presses a key
would be answered. Not how long one may wait (`ports.Patience`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps

from flask import Flask, request
from flask.typing import ResponseReturnValue, RouteCallable

from escalation.errors import StoreUnavailable

THREADS = 48  # of a process, as the Procfile has it
# The other ten are for callers. People have their own, as an acknowledgement must not wait behind a storm; programs that fetch
# calendars all ask on the hour.
ALERTS, PEOPLE, CALENDARS = 32, 4, 2
MOMENT = 1.0  # seconds for a place in a full room: while all goes well one is free within milliseconds
ROOMS = "escalation.rooms"

PROMPT = ("plivo.", "slack.")  # they wait a second at most, and somebody is on the line
STATIC = ("static", "healthz", "home")  # they ask no database


class Room:
    """Places for those who wait. Whoever finds none is told to come again: after a moment, for a burst is no trouble, but at once
    when the database has just failed somebody, for then the threads are needed."""

    def __init__(self, places: int, moment: float = MOMENT) -> None:
        self._moment = moment
        self._free = threading.BoundedSemaphore(places)
        self._is_struggling = False

    @contextmanager
    def place(self) -> Iterator[None]:
        if not self._free.acquire(timeout=0 if self._is_struggling else self._moment):
            self._is_struggling = True
            raise StoreUnavailable("enough are waiting already")
        try:
            yield
            self._is_struggling = False
        except StoreUnavailable:
            self._is_struggling = True
            raise
        finally:
            self._free.release()


def furnish(app: Flask, moment: float = MOMENT) -> None:
    """Gives every view that waits its room; call it when all routes are there. `moment`: for tests on busy machines."""
    alerts, people, calendars = app.extensions[ROOMS] = Room(ALERTS, moment), Room(PEOPLE, moment), Room(CALENDARS, moment)
    rooms = {"intake": alerts, "calendar": calendars}
    for endpoint, view in app.view_functions.items():
        if not endpoint.startswith(PROMPT) and endpoint.rpartition(".")[2] not in STATIC:
            app.view_functions[endpoint] = _in(rooms.get(endpoint.partition(".")[0], people), view)


def _in(room: Room, view: RouteCallable) -> RouteCallable:
    @wraps(view)
    def seated(*args: object, **values: object) -> ResponseReturnValue:
        request.get_data()  # kept: a sender who drips keeps a thread, but no place
        with room.place():
            return view(*args, **values)  # type: ignore[return-value]

    return seated
