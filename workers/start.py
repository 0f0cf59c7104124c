"""How the processes of this package begin: they refuse a database whose schema they cannot work with, and say what to run; they say when
they are ready. Not what they do then."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import MutableMapping

from escalation.build import must_fit
from escalation.errors import SchemaMismatch
from escalation.settings import Settings


def end_unless_fit(settings: Settings) -> None:
    """Ends the process with one line and exit code 1."""
    try:
        must_fit(settings)
    except SchemaMismatch as mismatch:
        sys.exit(str(mismatch))


def say_ready(environ: MutableMapping[str, str]) -> None:
    """Tells whoever started this process and waits for it, once, in systemd's words (`escalation.local.notices`)."""
    address = environ.pop("NOTIFY_SOCKET", "")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:  # nobody waits any more
            mouth.sendto(b"READY=1", f"\0{address[1:]}" if address.startswith("@") else address)
