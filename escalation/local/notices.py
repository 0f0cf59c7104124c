"""Processes say by themselves when they are ready, in systemd's words (`READY=1` to the socket that NOTIFY_SOCKET names): gunicorn
does, and ours do (`workers.start`). Unlike a look at the address they share it tells *which* of two receivers is. Not who waits for
it (`supervisor`). https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html"""

from __future__ import annotations

import shutil
import socket
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

VARIABLE = "NOTIFY_SOCKET"
LONGEST = 4096  # bytes of one message


class Notices:
    """One socket for each process; gone with the last who can ask. In the machine's folder for temporary files, as a socket's path may
    have 108 bytes only."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="notices-"))
        self._ears: list[socket.socket] = []
        weakref.finalize(self, _clean_up, self._folder, self._ears)

    def of(self, name: str) -> tuple[dict[str, str], Callable[[], bool]]:
        """What the process's environment gets, and how to ask: true once for each time that it said so."""
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ears.append(ear)
        ear.bind(str(self._folder / name))
        ear.setblocking(False)
        return {VARIABLE: str(self._folder / name)}, lambda: self._heard(ear)

    def _heard(self, ear: socket.socket) -> bool:
        """Reads all that was said, so that the word of a process that is gone is not taken for its successor's. A method: whoever may
        still ask keeps the folder."""
        ready = False
        while True:
            try:
                ready |= b"READY=1" in ear.recv(LONGEST).splitlines()
            except BlockingIOError:
                return ready


def _clean_up(folder: Path, ears: list[socket.socket]) -> None:
    for ear in ears:
        ear.close()
    shutil.rmtree(folder, ignore_errors=True)
