"""Texts that people send to our number. Such a text may come with a signature that does not cover it: then Plivo is asked whether
it has that message, from that number to ours, before anything changes. Not what a text means (`responses`)."""

from __future__ import annotations

import logging
import threading
from xml.etree import ElementTree as ET

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.carriers.plivo import callbacks
from escalation.carriers.plivo.callbacks import Inbound
from escalation.carriers.plivo.client import digits
from escalation.errors import CarrierError, StoreUnavailable
from webhooks.plivo.guard import binds_body
from webhooks.refused import Refusals

log = logging.getLogger(__name__)

ASKING_AT_ONCE = 4  # a look-up may take 10 s, and must not take the threads that answer calls


def add_routes(plivo: Blueprint, system: System, refusals: Refusals) -> None:
    plivo.add_url_rule("/plivo/texts/inbound", "inbound", _Mailbox(system, refusals).inbound, methods=["POST"])


class _Busy(Exception):
    """Raised when enough look-ups are under way: Plivo delivers again in a minute."""


class _Mailbox:
    def __init__(self, system: System, refusals: Refusals) -> None:
        self._responses = system.responses
        self._plivo = system.plivo
        self._refusals = refusals
        self._free = threading.BoundedSemaphore(ASKING_AT_ONCE)

    def inbound(self) -> ResponseReturnValue:
        """200, with words to send back where there are some; 503 when it cannot be confirmed or stored now."""
        text = callbacks.inbound(request.form)
        if text is None:
            return "", 200
        try:
            words = self._heard(text)
        except (StoreUnavailable, CarrierError, _Busy) as error:
            log.warning("a text could not be taken now: %s", type(error).__name__)
            return "", 503
        except Exception as error:  # ours
            log.error("a text failed: %s", type(error).__name__)
            return "", 503
        return _reply(text, words) if words else ("", 200)

    def _heard(self, text: Inbound) -> str | None:
        trusted = binds_body() or self._is_confirmed(text)
        if not trusted:
            self._refusals.count()
        identity = callbacks.inbound_identity(request.form)
        return self._responses.text(text.sender, text.text, identity, trusted=trusted, wish=text.wish)

    def _is_confirmed(self, text: Inbound) -> bool:
        if self._plivo is None:
            return False
        if not self._free.acquire(blocking=False):
            raise _Busy
        try:
            return self._plivo.inbound(text.message_uuid) == (text.sender, text.to, "inbound")
        finally:
            self._free.release()


def _reply(text: Inbound, words: str) -> Response:
    response = ET.Element("Response")
    answer = ET.SubElement(response, "Message", src=digits(text.to), dst=digits(text.sender), type="sms")
    answer.text = "".join(c for c in words if c.isprintable())
    return Response(ET.tostring(response, encoding="utf-8", xml_declaration=True), 200, content_type="application/xml")
