"""What Plivo tells us about calls and texts, for our information: ringing, over, picked up by a machine, delivered. Nobody waits
for the answer; what cannot be stored gets 503, so that Plivo says it again. Not what a caller hears (`voice`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.carriers.plivo import callbacks
from escalation.carriers.plivo.callbacks import Form, Name
from escalation.domain.events import AttemptAccepted, AttemptFailed, Event
from escalation.domain.incident import Incident
from escalation.domain.roster import Roster
from escalation.engine import Engine, Saying
from escalation.errors import NotFound, StoreUnavailable
from escalation.ports import Patience
from webhooks.plivo.guard import binds_body
from webhooks.refused import Refusals

log = logging.getLogger(__name__)

Reading = Callable[[Form, Name], tuple[Sequence[Event], str]]


def add_routes(plivo: Blueprint, system: System, refusals: Refusals) -> None:
    news = _News(system.engine, refusals)
    for what, read in READERS.items():
        path = "/plivo/texts/<name>/status" if what == "status" else f"/plivo/calls/<name>/{what}"
        plivo.add_url_rule(path, what, news.heard(read), methods=["POST"])


class _NotPlivos(Exception):
    """Raised when a callback speaks of another text than the one it was called for."""


class _NotYet(Exception):
    """Raised when we do not know yet what Plivo calls that text: it shall be said again in a minute."""


class _News:
    def __init__(self, engine: Engine, refusals: Refusals) -> None:
        self._engine = engine
        self._refusals = refusals

    def heard(self, read: Reading) -> Callable[[str], ResponseReturnValue]:
        """200 once it is stored, also for what we do not know; 503 when it could not be, or cannot be believed yet; 403 when it
        is not Plivo's."""

        def view(name: str) -> ResponseReturnValue:
            known = Name.parse(name)
            try:
                if known:
                    self._tell(known, *read(request.form, known))
            except NotFound:
                log.info("a callback for INC-%s, which does not exist", known and known.incident_id)
            except _NotPlivos:
                self._refusals.count()
                return "", 403
            except (StoreUnavailable, _NotYet):
                return "", 503
            except Exception as error:  # ours: said again a little later it may find us repaired
                log.error("a callback failed: %s", type(error).__name__)
                return "", 503
            return "", 200

        return view

    def _tell(self, name: Name, events: Sequence[Event], identity: str) -> None:
        for number, event in enumerate(events):
            said = event if binds_body() else _backed(event, request.form)
            self._engine.tell(name.incident_id, said, f"{identity}:{number}", patience=Patience.CALLER)


def _backed(event: Event, form: Form) -> Event | Saying:
    """What a body that no signature covers may say. A failure ends somebody's page, so it must name the text by the id that Plivo
    gave to us; and such a body cannot be where we have that id from."""
    if isinstance(event, AttemptAccepted):
        return replace(event, reference="")
    if not isinstance(event, AttemptFailed):
        return event

    def said(incident: Incident, _: Roster) -> Event | None:
        attempt = incident.attempt(event.attempt)
        if attempt is None:
            return event
        known = attempt.references.get(event.try_, "")
        if not known:
            raise _NotYet
        if known not in callbacks.text_references(form):
            raise _NotPlivos
        return event

    return said


def _of_call(what: str) -> Reading:
    return lambda form, name: (callbacks.call_events(what, form, name), callbacks.call_identity(what, form, name))


READERS: Mapping[str, Reading] = {
    "ring": _of_call("ring"),
    "hangup": _of_call("hangup"),
    "machine": _of_call("machine"),
    "status": lambda form, name: (callbacks.text_events(form, name), callbacks.text_identity(form, name)),
}
