"""A mail server on loopback that says what a test tells it to. Not the sandbox's, which behaves."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class MailServer:
    """`replies` by command (`MAIL`, `RCPT`, `DATA`, `.` for the end of the mail, `AUTH`, `QUIT`, `HELLO` for the banner); an
    empty reply cuts the line; at `stuck_at` it waits until it may go on."""

    replies: Mapping[str, str]
    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    stuck_at: str = ""
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def asked(self, command: str) -> None:
        if command == self.stuck_at:
            self.go_on.wait(5)


USUAL = {"HELLO": "220 hi", "EHLO": "250 hi", "DATA": "354 go on", "QUIT": "221 bye"}


class _Handler(socketserver.StreamRequestHandler):
    """One connection. The server carries the test's `MailServer` as `mail`."""

    def handle(self) -> None:
        self.mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):
            alive = self.say("HELLO")
            while alive and (line := self.rfile.readline()):
                alive = self.hear(line.decode().strip())

    def hear(self, line: str) -> bool:
        command = line[:4].upper()
        if command == "RCPT":
            self.mail.recipients.append(line)
        if command == "DATA" and self.reply("DATA").startswith("354"):
            return self.say("DATA") and self.take()
        return self.say(command) and command != "QUIT"

    def take(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.mail.mails.append(b"".join(lines))
        return self.say(".")

    def reply(self, command: str) -> str:
        self.mail.asked(command)
        return self.mail.replies.get(command, "250 ok")

    def say(self, command: str) -> bool:
        said = self.reply(command)
        self.wfile.write(said.encode() + b"\r\n" if said else b"")
        return bool(said)


@contextlib.contextmanager
def receiving(**replies: str) -> Iterator[MailServer]:
    mail = MailServer(USUAL | {("." if command == "END" else command): said for command, said in replies.items()})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.mail = mail  # type: ignore[attr-defined]
        mail.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield mail
        finally:
            server.shutdown()
