"""What a called phone hears from the watcher: a web server of the standard library that answers Plivo's questions with the words of the
moment. It has no state worth asking for and does nothing; so it checks no signature: whoever asks hears that a pager is out."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from escalation.carriers.plivo import answers

SILENCE = 5.0  # seconds that a client may be silent
LONGEST = 64 * 1024
NOTHING = ("This is the watcher of the on-call pager.", "There is nothing to say any more.")
_ASKED = re.compile(r"/plivo/calls/([0-9]{1,9})-[0-9]{1,9}-[0-9]{1,9}/(answer|fallback)")


class Voice:
    """`words` holds what is said, by the number that the call's address begins with; whoever calls out fills it."""

    def __init__(self, host: str, port: int) -> None:
        """Raises `OSError` when that cannot be listened on."""
        self.words: dict[int, Sequence[str]] = {}
        self.asked = threading.Event()  # somebody picked up, and Plivo reached us
        self._server = _Server((host, port), _handler(self.words, self.asked))
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="voice", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hangs up in the middle is not worth a traceback."""


def _handler(words: Mapping[int, Sequence[str]], heard: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SILENCE
        server_version, sys_version = "watch", ""

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if length.isdecimal() and int(length) <= LONGEST:
                self.rfile.read(int(length))  # left unread, the connection would be cut before the answer is heard
            asked = _ASKED.fullmatch(self.path.partition("?")[0])
            self._answer(answers.say(words.get(int(asked[1]), NOTHING)) if asked else b"")
            if asked:
                heard.set()

        do_GET = do_POST  # noqa: N815 - the library's name; Plivo may ask either way

        def _answer(self, document: bytes) -> None:
            """Anything else that Plivo tells (it rings, it is over) is heard and forgotten."""
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: its lines would hold what was asked."""

    return Handler
