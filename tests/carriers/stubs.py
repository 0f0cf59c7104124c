"""What the carriers' tests talk to: a web server on loopback that answers as told, and a notice to send. Not the sandbox:
that one behaves, this one misbehaves on purpose."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from escalation.domain.alert import Severity
from escalation.domain.incident import Status
from escalation.domain.roster import Channel
from escalation.domain.wording import Brief
from escalation.ports import Notice

NOW = datetime(2026, 3, 1, 3, 12, 41, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Asked:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class StubServer:
    """`answer` says status and body for a path; None cuts the line without an answer."""

    answer: Callable[[str], tuple[int, bytes] | None]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


@contextlib.contextmanager
def serving(answer: Callable[[str], tuple[int, bytes] | None]) -> Iterator[StubServer]:
    stub = StubServer(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            stub.asked.append(Asked(self.path, dict(self.headers), body))
            said = stub.answer(self.path)
            if said is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(said[0])
            if 300 <= said[0] < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(said[1])))
            self.end_headers()
            self.wfile.write(said[1])

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()


def closed_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def brief(status: Status = Status.TRIGGERED, summary: str = "db-1 is down", **more: object) -> Brief:
    said: dict[str, object] = {"incident_id": 42, "short_id": "INC-42", "service": "payments", "severity": Severity.CRITICAL}
    return Brief(summary=summary, status=status, opened_at=NOW - timedelta(minutes=3), **(said | more))  # type: ignore[arg-type]


def notice(channel: Channel, address: str, said: Brief | None = None, attempt: int = 3, try_: int = 1) -> Notice:
    return Notice(42, attempt, try_, channel, address, timedelta(seconds=25), said or brief())
