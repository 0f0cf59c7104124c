"""`python -m escalation.sandbox`: reads the arguments and serves. The product's own command does the same."""

from __future__ import annotations

import argparse
import sys

from escalation.sandbox.script import ScriptFaults
from escalation.sandbox.server import serve


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="escalation sandbox", description="A pretend Plivo, Slack and mail server.")
    parser.add_argument("--port", type=int, default=8008)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (loopback)")
    parser.add_argument("--script", help="YAML: what the phones do and what goes wrong")
    parser.add_argument("--callback-host", help="HOST[:PORT], the only place callbacks may go to (default: this machine)")
    parser.add_argument("--smtp-port", type=int, help="also take mail on this port")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than the wall its time runs")
    given = parser.parse_args(arguments)
    try:
        serve(given.port, given.script, given.callback_host, host=given.host, smtp_port=given.smtp_port, speed=given.speed)
    except (ScriptFaults, OSError) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
