"""A wire between the product and a server, to be cut (connections refused) or frozen (connections stay, nothing comes through), so
that a server which others use too can be away for one test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65536


class Wire:
    """Listens on `port` of loopback and passes on to the server at `url`; `url` becomes the way through the wire."""

    def __init__(self, url: str) -> None:
        server = urlsplit(url)
        self._server = (server.hostname or "127.0.0.1", server.port or 0)
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        login = f"{server.username}:{server.password}@" if server.username else ""
        self.url = server._replace(netloc=f"{login}127.0.0.1:{self.port}").geturl()

    def cut(self) -> None:
        """Connections break, new ones are refused."""
        self._flowing.set()
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        """After a cut: new connections come through again."""
        self._listen(self.port)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        self.cut()
        yield
        self.mend()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections, new ones too, are accepted and hang."""
        self._flowing.clear()
        yield
        self._flowing.set()

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # cut
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
                self._ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                self._flowing.wait()
                target.sendall(chunk)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()  # one that came while we cut is in nobody's list; the other thread has its target
