"""What Plivo tells us about calls and texts, for our information: ringing, over, picked up by a machine, delivered. Nobody waits
for the answer; what cannot be stored gets 503, so that Plivo says it again. Not what a caller hears (`voice`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.carriers.plivo import callbacks
from escalation.carriers.plivo.callbacks import Form, Name
from escalation.domain.events import Event
from escalation.engine import Engine
from escalation.errors import NotFound, StoreUnavailable

log = logging.getLogger(__name__)

Reading = Callable[[Form, Name], tuple[Sequence[Event], str]]


def add_routes(plivo: Blueprint, system: System) -> None:
    news = _News(system.engine)
    for what, read in READERS.items():
        path = "/plivo/texts/<name>/status" if what == "status" else f"/plivo/calls/<name>/{what}"
        plivo.add_url_rule(path, what, news.heard(read), methods=["POST"])


class _News:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def heard(self, read: Reading) -> Callable[[str], ResponseReturnValue]:
        """200 once it is stored, also for what we do not know; 503 when it could not be."""

        def view(name: str) -> ResponseReturnValue:
            known = Name.parse(name)
            try:
                if known:
                    self._tell(known, *read(request.form, known))
            except NotFound:
                log.info("a callback for INC-%s, which does not exist", known and known.incident_id)
            except StoreUnavailable:
                return "", 503
            except Exception as error:  # ours: said again a little later it may find us repaired
                log.error("a callback failed: %s", type(error).__name__)
                return "", 503
            return "", 200

        return view

    def _tell(self, name: Name, events: Sequence[Event], identity: str) -> None:
        for number, event in enumerate(events):
            self._engine.tell(name.incident_id, event, f"{identity}:{number}", impatient=True)


def _of_call(what: str) -> Reading:
    return lambda form, name: (callbacks.call_events(what, form, name), callbacks.call_identity(what, form, name))


READERS: Mapping[str, Reading] = {
    "ring": _of_call("ring"),
    "hangup": _of_call("hangup"),
    "machine": _of_call("machine"),
    "status": lambda form, name: (callbacks.text_events(form, name), callbacks.text_identity(form, name)),
}
