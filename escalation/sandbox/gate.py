"""What stands before and behind every request: faults, Basic auth, the rate limit, one lock. It knows which resource is
asked for, not what the answer is."""

from __future__ import annotations

import hmac
import json
import time
from collections import deque
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from escalation.sandbox.faults import ON_REQUESTS, Fault, SandboxDown, SandboxTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from escalation.sandbox.world import World


def install(app: Flask, world: World) -> None:
    gate = Gate(world)
    app.before_request(gate.before)
    app.after_request(gate.after)


def lock_views(app: Flask, world: World) -> None:
    """The runner and the courier's threads change the same state."""
    for name, view in app.view_functions.items():
        app.view_functions[name] = _locked(view, world)


def _locked(view: Callable[..., Any], world: World) -> Callable[..., Any]:
    @wraps(view)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with world.lock:
            return view(*args, **kwargs)

    return locked


def error(world: World, status: int, text: str) -> tuple[dict[str, str], int]:
    return {"api_id": world.new_uuid(), "error": text}, status


class Gate:
    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: deque[float] = deque()

    # -- before

    def before(self) -> Any:
        if not request.path.startswith(("/v1/", "/api/", "/services/", "/slack/response/")):
            return None
        with self._world.lock:
            subject = self._subject()
            fault = self._world.faults.take(ON_REQUESTS, subject)
        g.subject = subject
        g.late_fault = fault if fault is not None and fault.accept else None
        if fault is not None and not fault.accept:
            return self._strike(fault)
        if not request.path.startswith("/v1/"):
            return None
        with self._world.lock:
            return self._refuse()

    @staticmethod
    def _subject() -> str:
        """`POST Call`, `POST Transfer`, `DELETE Call`, `GET Message`, …; Slack's are `Slack` and `Webhook`."""
        parts = [part for part in request.path.split("/") if part]
        if parts[0] == "services":
            return "POST Webhook"
        if parts[0] != "v1":
            return "POST Slack"
        resource = parts[3] if len(parts) > 3 else "Account"
        if request.method == "POST" and resource == "Call" and len(parts) > 4:
            resource = "Transfer"
        return f"{request.method} {resource}"

    def _refuse(self) -> Any:
        if not self._is_authorised():
            self._world.note("api.refused", path=request.path, status=401)
            text = "Could not verify your access level for that URL. You have to login with proper credentials"
            return Response(text, 401, {"WWW-Authenticate": 'Basic realm="Login Required"'}, mimetype="text/html")
        if self._is_too_fast():
            self._world.note("api.refused", path=request.path, status=429)
            return error(self._world, 429, "Too many requests")
        return None

    def _is_authorised(self) -> bool:
        auth, account = request.authorization, self._world.account
        if auth is None or auth.type != "basic":
            return False
        named = [part for part in request.path.split("/") if part][2:3]
        same_token = hmac.compare_digest((auth.password or "").encode(), account.auth_token.encode())
        return named == [account.auth_id] and auth.username == account.auth_id and same_token

    def _is_too_fast(self) -> bool:
        now = self._world.now()
        while self._asked and self._asked[0] <= now - 5:
            self._asked.popleft()
        self._asked.append(now)
        return len(self._asked) > self._world.requests_per_5s

    # -- after

    def after(self, response: Response) -> Response:
        fault: Fault | None = g.pop("late_fault", None)
        if fault is None:
            return response
        return self._strike(fault)

    def _strike(self, fault: Fault) -> Response:
        self._world.note("fault.used", fault=fault.kind, request=g.subject, accepted=fault.accept)
        if fault.kind == "status":
            return self._status(fault)
        if not self._world.is_real:
            raise SandboxTimeout("the sandbox never answers") if fault.kind == "timeout" else SandboxDown("refused")
        if fault.kind == "timeout":
            time.sleep(fault.by)
        return self._cut_the_line()

    def _status(self, fault: Fault) -> Response:
        body: dict[str, object] = {"api_id": self._world.new_uuid(), "error": fault.error or f"status {fault.status}"}
        if g.subject.endswith(("Slack", "Webhook")):
            body = {"ok": False, "error": fault.error or ("ratelimited" if fault.status == 429 else "fatal_error")}
        headers = {"Retry-After": "1"} if fault.status == 429 and "ok" in body else {}
        return Response(json.dumps(body), fault.status, headers, mimetype="application/json")

    @staticmethod
    def _cut_the_line() -> Response:
        """A running server cannot refuse a connection it has accepted; the client sees it closed without an answer."""
        sock = request.environ.get("werkzeug.socket")
        if sock is not None:
            sock.shutdown(2)
        return Response("", 503)
