"""`escalation trigger` while nobody can take it: the whole process beside a bare interpreter with the command line's library, and the
append with its sync alone. Not the hand-over later."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from time import perf_counter

from escalation.clock import SystemClock
from escalation.domain.alert import Action
from escalation.local.report import Report
from escalation.local.spool import Spool
from tests.bench.figures import Figures, spread
from tests.carriers.stubs import closed_port

FLOOR = "import click, json, socket, hashlib"
RUNS = 30


def measure(runs: int = RUNS) -> Figures:
    """In turn, so that whatever else runs meets both. A first run of each fills the caches of compiled modules."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        environ = os.environ | {
            "ESCALATION_DATA_DIR": name,
            "ESCALATION_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{closed_port()}/nothing",
            "PYTHONPYCACHEPREFIX": f"{name}/compiled",
            "PYTHONDONTWRITEBYTECODE": "",
        }
        trigger, floor = ["-m", "escalation", "trigger", "db-1 is down"], ["-c", FLOOR]
        _process(trigger, environ), _process(floor, environ)
        took = [(_process(trigger, environ), _process(floor, environ)) for _ in range(runs)]
        kept = len(Spool(Path(name)).waiting())
        return {
            "ours": spread([ours for ours, _ in took]),
            "floor": spread([bare for _, bare in took]),
            "kept_of": [kept, runs + 1],
            "append_and_sync": spread([_timed(lambda: Spool(Path(name)).append(_report())) for _ in range(runs)]),
        }


def _process(words: list[str], environ: dict[str, str]) -> float:
    return _timed(lambda: subprocess.run([sys.executable, *words], env=environ, capture_output=True, check=True))


def _timed(what: Callable[[], object]) -> float:
    began = perf_counter()
    what()
    return perf_counter() - began


def _report() -> Report:
    return Report(token_hex(16), SystemClock().now(), Action.TRIGGER, token_hex(4), body={"summary": "db-1 is down"})
