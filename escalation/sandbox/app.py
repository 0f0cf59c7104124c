"""The sandbox as one WSGI app: Plivo's REST API, the Slack stand-in, the control API and the phones page over one World.
It only puts the pieces together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask.json.provider import DefaultJSONProvider

from escalation.sandbox import api_account, api_calls, api_messages, control, gate, pages, slack_api

if TYPE_CHECKING:
    from escalation.sandbox.world import World


class _JSON(DefaultJSONProvider):
    ensure_ascii = True
    sort_keys = True


def create_app(world: World) -> Flask:
    """In virtual time the faults `timeout` and `down` come out of it as httpx exceptions (`SandboxTimeout`,
    `SandboxDown`), which WSGITransport hands on to the client."""
    app = Flask(__name__)
    app.json = _JSON(app)
    app.url_map.strict_slashes = False
    app.config["PROPAGATE_EXCEPTIONS"] = not world.is_real
    gate.install(app, world)
    for part in (api_calls, api_messages, api_account, slack_api, control, pages):
        part.register(app, world)
    app.register_error_handler(404, lambda _: gate.error(world, 404, "not found"))
    app.register_error_handler(405, lambda _: gate.error(world, 405, "method not allowed"))
    gate.lock_views(app, world)
    return app
