"""The receiver: one Flask application for alerts, carrier callbacks, the console and health. Assembly only; what each address
does is in its own module."""

from __future__ import annotations

import hashlib
import os
from functools import cache

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from escalation.build import System, build, must_fit
from escalation.local.broker import broker_url
from escalation.nudge import CeleryNudge
from escalation.settings import started
from webhooks import calendar, console, guard, health, intake, plivo, rooms, slack

BLUEPRINTS = (intake, plivo, slack, health, console, calendar)


def create_app(system: System | None = None) -> Flask:
    """The application around a system; without one, around what the environment describes (raises `BadSettings`, `SchemaMismatch`)."""
    system = system or _system()
    app = Flask("webhooks", static_folder=None)
    # Its own key: what signs sessions must not be able to sign links.
    app.secret_key = hashlib.sha256(b"sessions " + system.settings.secret_key.encode()).hexdigest()
    app.json.sort_keys = False  # type: ignore[attr-defined]
    guard.install(app)
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint(system))
    rooms.furnish(app)
    if proxies := system.settings.trusted_proxies:
        # The address only: it tells whose wrong passwords are counted. Scheme and host are those we are configured with.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _system() -> System:
    settings = started(os.environ)
    must_fit(settings)
    return build(settings, nudge=CeleryNudge(broker_url(settings)))


@cache
def _from_env() -> Flask:
    return create_app()


def __getattr__(name: str) -> Flask:
    """`webhooks.app:app` for WSGI servers, made when it is asked for: importing this module needs no environment."""
    if name == "app":
        return _from_env()
    raise AttributeError(name)
