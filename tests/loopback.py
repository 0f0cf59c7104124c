"""Refuses any connection and any look-up that would leave this machine, in this process, wherever it is made from (an audit hook:
nothing is patched, so nothing can be un-patched). Not a sandbox for child processes."""

from __future__ import annotations

import ipaddress
import socket
import sys

attempts: list[str] = []  # what was refused since the current test began, host and port


class LeavesThisMachine(OSError):
    """Not a connection error that a retry would explain: the test was about to talk to somebody."""


def forbid_the_rest() -> None:
    sys.addaudithook(_hook)


def is_here(host: object) -> bool:
    """Loopback addresses, this machine's own names, wildcards to bind to. Names below `.invalid` may be asked for: nobody has them."""
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name.endswith((".localhost", ".invalid"))
    return address.is_loopback or address.is_unspecified


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        _refuse_unless_here(args[1])
    elif event == "socket.getaddrinfo":
        _refuse_unless_here(args[:2])


def _refuse_unless_here(address: object) -> None:
    # a Unix socket's address is a path, not a pair
    if isinstance(address, tuple) and address and not is_here(address[0]):
        attempts.append(":".join(str(part) for part in address[:2]))
        raise LeavesThisMachine(attempts[-1])
