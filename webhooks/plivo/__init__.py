"""Where Plivo calls us: what happens to calls and texts, keys that were pressed, replies. Assembly only."""

from __future__ import annotations

from flask import Blueprint

from escalation.build import System
from webhooks.plivo import codes, news, texts, voice
from webhooks.plivo.guard import Guard
from webhooks.refused import Refusals


def blueprint(system: System) -> Blueprint:
    plivo, refusals = Blueprint("plivo", __name__), Refusals(system.store)
    plivo.before_request(Guard(system.settings, system.store, refusals).check)
    voice.add_routes(plivo, system)
    codes.add_routes(plivo, system)
    news.add_routes(plivo, system, refusals)
    texts.add_routes(plivo, system, refusals)
    return plivo
