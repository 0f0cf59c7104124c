"""Where monitoring tools send their alerts. Answers 2xx only after the engine has committed all of a body's alerts, in one
transaction. Not parsing (escalation.intake), not carrier callbacks."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from escalation.build import System
from escalation.domain.alert import Action, Alert
from escalation.engine import Taken
from escalation.errors import BadAlert, BadInput, StoreUnavailable, UnknownKey
from escalation.intake import FORMATS
from escalation.intake.reading import MAX_BODY
from escalation.ports import Patience
from webhooks.refused import Refusals


def blueprint(system: System) -> Blueprint:
    intake, desk = Blueprint("intake", __name__), _Desk(system)
    intake.add_url_rule("/v2/enqueue", "enqueue", desk.enqueue, methods=["POST"])
    intake.add_url_rule("/intake/<sender>", "take", desk.take, methods=["POST", "PUT"])  # Grafana may be told to PUT
    intake.add_url_rule("/intake/<sender>/<key>", "take", desk.take, methods=["POST", "PUT"])
    intake.register_error_handler(UnknownKey, desk.unknown_key)
    intake.register_error_handler(BadAlert, _refused)
    return intake


class _Desk:
    """Takes bodies in."""

    def __init__(self, system: System) -> None:
        self._engine, self._unknown = system.engine, Refusals(system.store, "unknown_key")

    def enqueue(self) -> ResponseReturnValue:
        """PagerDuty's address and PagerDuty's answer: 202, `status` exactly `success`, and the `dedup_key`."""
        (taken,) = self._taken("pagerduty", "")
        return jsonify(status="success", message="Event processed", dedup_key=taken.dedup_key), 202

    def take(self, sender: str, key: str = "") -> ResponseReturnValue:
        """Any format; the key in the path, in a header or as `?token=`."""
        if sender not in FORMATS:
            return jsonify(status="error", message=f"No such format. There are: {', '.join(FORMATS)}."), 404
        taken = self._taken(sender, key or _key())
        return jsonify(status="success", message="Event processed", alerts=[_told(one) for one in taken]), 202

    def unknown_key(self, _error: UnknownKey) -> ResponseReturnValue:
        """A typo in a key is a lost page: the sender is told, and so is the operator, by a counter."""
        self._unknown.count()
        return _refused(UnknownKey([_unknown_key()]))

    def _of_the_key(self, key: str) -> list[str]:
        """The key's fault, beside those of the body: whoever repairs one of them should know of the other."""
        try:
            if not key or self._engine.knows(key):
                return []
        except StoreUnavailable:
            return []
        self._unknown.count()
        return [_unknown_key()]

    def _taken(self, sender: str, key: str) -> tuple[Taken, ...]:
        try:
            alerts = FORMATS[sender](_body(), key)
        except BadAlert as error:
            raise BadAlert(error.faults + self._of_the_key(key or error.key)) from None
        if not alerts and not self._engine.knows(key):
            raise UnknownKey(["the intake key belongs to no service"])
        named = [_named(alert, number) for number, alert in enumerate(alerts)]
        return self._engine.take(named, patience=Patience.SENDER)


def _body() -> bytes:
    """A body that came in chunks is cut at the limit without a word, so one that reaches it is too long."""
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= MAX_BODY:
        raise RequestEntityTooLarge
    return body


def _unknown_key() -> str:
    return "Invalid routing key" if request.path == "/v2/enqueue" else "unknown intake key"


def _key() -> str:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() in {"bearer", "genericapikey", "token"} else ""
    return request.headers.get("X-Intake-Key", "").strip() or bearer or request.args.get("token", "")


def _named(alert: Alert, number: int) -> Alert:
    """A trigger without `dedup_key` is a trouble of its own; sent again with the same `Idempotency-Key` it is the same one. What it
    says belongs to its identity: a script with a fixed header must not silence a service."""
    sent = request.headers.get("Idempotency-Key", "").strip()
    identity = hashlib.sha256(f"{sent} {number} {alert!r}".encode("utf-8", "replace")).hexdigest()[:40] if sent else ""
    unnamed = alert.action is Action.TRIGGER and not alert.dedup_key
    return replace(alert, identity=identity, dedup_key=(identity or secrets.token_hex(16)) if unnamed else alert.dedup_key)


def _told(taken: Taken) -> dict[str, str | None]:
    incident = f"INC-{taken.incident_id}" if taken.incident_id else None
    return {"dedup_key": taken.dedup_key, "what": taken.what.value, "incident": incident}


def _refused(error: BadInput) -> ResponseReturnValue:
    unreadable = error.faults[0].startswith("JSON parse error")
    status = "Unrecognized object" if unreadable else "invalid event"
    message = "Event object format is unrecognized" if unreadable else "Event object is invalid"
    return jsonify(status=status, message=message, errors=error.faults), 400
