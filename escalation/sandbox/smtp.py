"""A mail server that accepts everything and delivers nothing: just enough SMTP for a client to hand over a mail. No TLS;
any login is welcome. What it took is in the World's mailbox."""

from __future__ import annotations

import re
import socketserver
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from escalation.sandbox.world import World

_ADDRESS = re.compile(rb"<([^>]*)>")
LONGEST_LINE = 10_000


class SmtpSink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, world: World, host: str, port: int) -> None:
        self.world = world
        super().__init__((host, port), _Session)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox-smtp", daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: SmtpSink
    timeout = 60

    def handle(self) -> None:
        self._sender, self._recipients = "", list[str]()
        self._say("220 sandbox ESMTP")
        while line := self.rfile.readline(LONGEST_LINE):
            if not self._answer(line.strip()):
                return

    def _answer(self, line: bytes) -> bool:
        word = line[:4].upper()
        match word:
            case b"EHLO":
                self._say("250-sandbox", "250-8BITMIME", "250-AUTH PLAIN LOGIN", "250 SIZE 26214400")
            case b"AUTH":
                self._log_in(line)
            case b"MAIL" | b"RCPT":
                self._address(word, line)
            case b"DATA":
                self._data()
            case b"QUIT":
                self._say("221 bye")
            case b"HELO" | b"RSET" | b"NOOP":
                self._say("250 ok")
            case _:
                self._say("502 not known here")
        return word != b"QUIT"

    def _address(self, word: bytes, line: bytes) -> None:
        found = _ADDRESS.search(line)
        address = found.group(1).decode(errors="replace") if found else ""
        if word == b"MAIL":
            self._sender, self._recipients = address, []
        else:
            self._recipients.append(address)
        self._say("250 ok")

    def _log_in(self, line: bytes) -> None:
        if line.upper().startswith(b"AUTH LOGIN"):
            prompts = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"][len(line.split()) - 2 :]
        else:
            prompts = ["334 "] if len(line.split()) < 3 else []
        for prompt in prompts:
            self._say(prompt)
            self.rfile.readline(LONGEST_LINE)
        self._say("235 welcome")

    def _data(self) -> None:
        self._say("354 go on")
        raw = self._message()
        with self.server.world.lock:
            refused = self.server.world.mailbox.refuses()
            if not refused:
                self.server.world.mailbox.receive(self._sender, self._recipients, raw)
        self._say("451 try again later" if refused else "250 kept, not delivered")

    def _message(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b".\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
