"""The buttons of our Slack messages: who pressed what, told to the engine, answered to that person only. Not posting and editing
messages (`carriers.slack`)."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.carriers.slack.blocks import escaped
from escalation.carriers.slack.callbacks import ALL, Button, button
from escalation.carriers.slack.signature import is_fresh, is_signed
from escalation.carriers.slack.whisper import Whisper
from escalation.errors import StoreUnavailable
from escalation.ports import Patience
from escalation.responses import sentence
from webhooks.refused import Refusals

UNSAVED = "This could not be saved, the database is away. Press again."


def blueprint(system: System) -> Blueprint:
    slack = Blueprint("slack", __name__)
    slack.add_url_rule("/slack/actions", "actions", _Counter(system).actions, methods=["POST"])
    return slack


class _Counter:
    """Where buttons arrive. Slack waits 3 s for an answer; what it says to the person goes out beside it."""

    def __init__(self, system: System) -> None:
        self._secret = system.settings.slack_signing_secret
        self._responses = system.responses
        self._store = system.store
        self._whisper = Whisper(system.settings.slack_api_url)
        self._refusals = Refusals(system.store)

    def actions(self) -> ResponseReturnValue:
        """403 without Slack's signature; 200 for whatever we do not know; 503 (Slack shows a warning) when it could not be saved."""
        header, at = (request.headers.get(f"X-Slack-{name}", "") for name in ("Signature", "Request-Timestamp"))
        # The raw bytes, kept for the form: a form written anew would be another text.
        if not is_signed(self._secret, at, request.get_data(cache=True), header):
            return self._refuse()
        pressed = button(request.form.get("payload", ""))
        if pressed is None:
            return "", 200
        try:
            return self._press(pressed) if self._is_fresh(at) else self._refuse()
        except StoreUnavailable:
            self._whisper.say(pressed.response_url, UNSAVED)
            return "", 503

    def _press(self, pressed: Button) -> ResponseReturnValue:
        if pressed.action == ALL:
            said = self._responses.button_for_all(pressed.incident_id, pressed.turn, pressed.user, pressed.identity)
        else:
            what = pressed.incident_id, pressed.action, pressed.user, pressed.identity, pressed.turn
            said = sentence(self._responses.button(*what))
        self._whisper.say(pressed.response_url, escaped(said, 1000))
        return "", 200

    def _is_fresh(self, at: str) -> bool:
        """By the one clock, the database's. Without it nothing could be saved either."""
        with self._store.read(patience=Patience.CALLER) as tx:
            return is_fresh(at, tx.now)

    def _refuse(self) -> ResponseReturnValue:
        self._refusals.count()
        return "", 403
