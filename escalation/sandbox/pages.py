"""The phones as web pages: a person picks up, reads what is spoken and presses keys. Server-rendered; the small script only
polls and posts, and every button works without it. It talks to `control.py`'s state and changes nothing by itself."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, redirect, render_template, request

from escalation.sandbox.account import digits_of
from escalation.sandbox.control import ACTS, phone_state

if TYPE_CHECKING:
    from escalation.sandbox.world import World


def register(app: Flask, world: World) -> None:
    pages = _Pages(world)
    app.add_url_rule("/", "page_phones", pages.phones, methods=["GET"])
    app.add_url_rule("/phone/<number>", "page_phone", pages.phone, methods=["GET"])
    app.add_url_rule("/phone/<number>/<act>", "page_act", pages.act, methods=["POST"])
    app.after_request(_only_our_own)


def _only_our_own(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class _Pages:
    def __init__(self, world: World) -> None:
        self._world = world

    def phones(self) -> Any:
        states = [phone_state(phone) for phone in self._world.phones.values()]
        return render_template("phones.html", phones=states, now=self._world.utc())

    def phone(self, number: str) -> Any:
        phone = self._world.phones.get(digits_of(number))
        if phone is None:
            return render_template("phones.html", phones=[], missing=number, now=self._world.utc()), 404
        return render_template("phone.html", phone=phone_state(phone), keys="123456789*0#")

    def act(self, number: str, act: str) -> Any:
        """For browsers without JavaScript; too late (nothing rings any more) is no error worth a page."""
        phone = self._world.phones.get(digits_of(number))
        if phone is not None and act in ACTS:
            with suppress(RuntimeError):
                ACTS[act](phone, request.form.to_dict())
        return redirect(f"/phone/{digits_of(number)}", 303)
