"""HTTP as cheap as it gets, since the driver shares the machine with what it drives: prepared bytes over sockets that are kept
open, times taken around each exchange; what is answered 503 is sent again. Loopback only, bounded by the number of requests it is given."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic, monotonic_ns, sleep
from urllib.parse import urlsplit

PATIENCE = 60.0  # seconds until a silent peer ends the run
COME_AGAIN = 0.05  # seconds after a 503


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer; moments in monotonic nanoseconds, which all processes of a machine share."""

    sent: int
    answered: int
    status: int
    body: bytes
    refused: int = 0  # times it was answered 503 before

    @property
    def seconds(self) -> float:
        return (self.answered - self.sent) / 1e9


class Wire:
    """One connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def exchange(self, request: bytes) -> Exchange:
        sent = monotonic_ns()
        self._socket.sendall(request)
        status, body = self._answer()
        return Exchange(sent, monotonic_ns(), status, body)

    def insist(self, request: bytes) -> Exchange:
        """As a monitoring tool does: 503 means that it has to come again, and the time runs on."""
        began, refused = monotonic_ns(), 0
        end = monotonic() + PATIENCE
        while (last := self.exchange(request)).status == 503 and monotonic() < end:
            refused += 1
            sleep(COME_AGAIN)
        return replace(last, sent=began, refused=refused)

    def _answer(self) -> tuple[int, bytes]:
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more()
        head, _, body = read.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._more()
        return int(head.split(b" ", 2)[1]), body

    def _more(self) -> bytes:
        if not (data := self._socket.recv(65536)):
            raise ConnectionError("the server closed the connection")
        return data


def request(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a request."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def once(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Exchange:
    """Over a connection of its own, the handshake not counted."""
    return send(url, request(method, url, body, headers))


def send(url: str, prepared: bytes) -> Exchange:
    with Wire(url) as wire:
        return wire.exchange(prepared)


def all_of(url: str, requests: Sequence[bytes], connections: int) -> list[Exchange]:
    """Every request until it is taken, as fast as they are answered over so many connections."""
    left = iter(requests)
    taking = threading.Lock()
    done: list[Exchange] = []

    def work() -> None:
        with Wire(url) as wire:
            while True:
                with taking:
                    request = next(left, None)
                if request is None:
                    return
                done.append(wire.insist(request))

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(requests), "a connection broke off"
    return done
