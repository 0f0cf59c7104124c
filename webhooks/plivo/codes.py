"""A call that speaks a code: Plivo asks here what it says. The digits are made when they are asked for, for a call to their own number alone.
Answered 200 within a second, whatever happens. Not the code (`domain.verification`)."""

from __future__ import annotations

import logging
from functools import partial

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.carriers.plivo import answers, callbacks
from escalation.deadline import within
from escalation.domain import verification_words as words
from escalation.errors import StoreUnavailable

log = logging.getLogger(__name__)


def add_routes(plivo: Blueprint, system: System) -> None:
    view = _Codes(system)
    plivo.add_url_rule("/plivo/codes/<int(max=9223372036854775807):number>/answer", "code", view.answer, methods=["POST"])


class _Codes:
    def __init__(self, system: System) -> None:
        self._system = system

    def answer(self, number: int) -> ResponseReturnValue:
        """Picked up; or, where Plivo has no other address for it, hung up."""
        if callbacks.is_over(request.form):
            return "", 200
        return Response(self._said(number), 200, content_type="application/xml")

    def _said(self, number: int) -> bytes:
        called = callbacks.e164(request.form.get("To", ""))
        try:
            digits = within(self._system.caller, partial(self._system.verifying.spoken, number, called))
        except (StoreUnavailable, TimeoutError):
            log.warning("code %d: the database is away", number)
            return answers.say(words.not_now())
        except Exception as error:  # ours
            log.error("code %d: %s", number, type(error).__name__)
            return answers.say(words.not_now())
        if not digits:
            return answers.say(words.over())
        return answers.spell(words.before(), words.spelled(digits), words.again(), words.goodbye())
