"""The sandbox as a program of its own: the World in real time, its WSGI app on a loopback port, optionally an SMTP port.
`serve` blocks until it is interrupted; `Server` is the same for tests that need real sockets."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from escalation.sandbox.account import Account
from escalation.sandbox.app import create_app
from escalation.sandbox.clock import RealClock
from escalation.sandbox.courier import PooledCourier
from escalation.sandbox.runner import Runner
from escalation.sandbox.script import load
from escalation.sandbox.smtp import SmtpSink
from escalation.sandbox.world import World

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Server:
    """`callback_host` (host or host:port) is the only place callbacks may go to; without it, this machine. Port 0 takes a
    free one; `smtp_port=None` opens none. `rates`: as World has them (`calls_per_second`, …)."""

    def __init__(
        self,
        port: int = 0,
        *,
        script: str = "",
        callback_host: str | None = None,
        host: str = "127.0.0.1",
        smtp_port: int | None = None,
        speed: float = 1.0,
        account: Account | None = None,
        **rates: int,
    ) -> None:
        clock = RealClock(speed)
        self.world = World(account, clock, seed=None, **rates)  # type: ignore[arg-type]  # by their names in World
        client = httpx.Client(trust_env=False)
        allowed = frozenset({callback_host.lower()}) if callback_host else LOOPBACK
        self._runner = Runner(self.world, clock, courier := PooledCourier(client, allowed, self.world.lock, self._settled))
        self._courier = self.world.courier = courier
        if script:
            load(script).apply(self.world)
        self._http = make_server(host, port, create_app(self.world), threaded=True, request_handler=_Quiet)
        self._smtp = None if smtp_port is None else SmtpSink(self.world, host, smtp_port)
        self.world.base_url = self.url

    @property
    def url(self) -> str:
        return f"http://{self._http.host}:{self._http.port}"

    @property
    def smtp_port(self) -> int:
        return self._smtp.port if self._smtp else 0

    def _settled(self) -> None:
        self._runner.wake()

    def start(self) -> None:
        self._runner.start()
        if self._smtp:
            self._smtp.start()
        threading.Thread(target=self._http.serve_forever, args=(0.05,), name="sandbox-http", daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        if self._smtp:
            self._smtp.stop()
        self._runner.stop()
        self._courier.close()
        if self._courier.client:
            self._courier.client.close()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Quiet(WSGIRequestHandler):
    """The World's own log tells what was asked; the phones page alone would fill a terminal."""

    def log(self, type: str, message: str, *args: object) -> None:
        logging.getLogger("escalation.sandbox").debug(message, *args)


def serve(
    port: int = 8008,
    script: str | Path | None = None,
    callback_host: str | None = None,
    *,
    host: str = "127.0.0.1",
    smtp_port: int | None = None,
    speed: float = 1.0,
    say: Callable[[str], None] = print,
) -> None:
    """Serve until interrupted. Raises ScriptFaults when the script (a file's name) is faulty."""
    text = Path(script).read_text(encoding="utf-8") if script else ""
    server = Server(port, script=text, callback_host=callback_host, host=host, smtp_port=smtp_port, speed=speed)
    account = server.world.account
    say(f"Sandbox at {server.url} (phones), {server.url}/v1/Account/{account.auth_id}/ (API)")
    say(f"PLIVO_API_URL={server.url} PLIVO_AUTH_ID={account.auth_id} PLIVO_AUTH_TOKEN={account.auth_token}")
    if server.smtp_port:
        say(f"SMTP_URL=smtp://{host}:{server.smtp_port}")
    with server:
        _wait_for_interrupt()


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
