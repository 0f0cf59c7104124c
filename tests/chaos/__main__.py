"""`python -m tests.chaos` (`make chaos`): real processes, real servers, one fault after the other while alerts come in; then the reckoning.
Bounded in count and time, loopback only, everything it starts is ended. Prints a table, or JSON; ends with 1 when a page was lost."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep

from escalation.build import quieten
from tests.chaos import people, reckoning
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.ground import BROKERS, DATABASES, Ground, ground
from tests.chaos.load import Monitors
from tests.chaos.people import Trouble
from tests.chaos.reckoning import Row

BREATH = 4.0  # seconds between two faults
SETTLES = 180.0  # seconds for the last page to find somebody
COLUMNS = (
    "fault",
    "incidents",
    "expected",
    "placed",
    "lost",
    "doubled",
    "placed_again",
    "late_p50_s",
    "late_p99_s",
    "late_max_s",
)


def main() -> None:
    said = _arguments()
    chosen = [f for f in FAULTS if f.fits(said.database, said.broker)]
    if said.only:
        chosen = [f for f in chosen if said.only in f.name]
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's unprivileged user has to come through
        rows = run(folder, said.database, said.broker, chosen, said.alerts, said.seed)
    _tell(rows, said)
    sys.exit(any(row.lost or row.unexplained for row in rows))


def run(
    folder: Path, database: str, broker: str, faults: list[Fault], alerts: int, seed: int, breath: float = BREATH
) -> list[Row]:
    """`alerts` come in during each fault and the breath after it."""
    everybody = people.troubles(alerts * len(faults), random.Random(seed))
    with ground(folder, database, broker, len(everybody)) as site:
        with site.sandbox.world.lock:
            for trouble in everybody:
                _phones(site, trouble)
        monitors, struck = Monitors(site.url), {}
        for number, fault in enumerate(faults):
            struck[fault.name] = everybody[number * alerts : (number + 1) * alerts]
            _strike(site, monitors, fault, struck[fault.name], breath)
        monitors.wait()
        end = monotonic() + SETTLES
        while not _is_settled(site, monitors) and monotonic() < end:
            sleep(1)
        rows = reckoning.reckon(site, struck, monitors.accepted)
        for line in (line for row in rows for line in (*row.lost, *row.unexplained)):
            print(line, file=sys.stderr)
        if any(row.lost for row in rows):
            for name, text in site.logs():
                print(f"--- {name}\n{text[-3000:]}", file=sys.stderr)
        return rows


def _phones(site: Ground, trouble: Trouble) -> None:
    from escalation.sandbox.script import read_phone

    for number, habit in ((trouble.primary, trouble.habit), (trouble.backup, people.PRESSES_ONE)):
        site.sandbox.world.phone(number, "", read_phone(number, habit).habits)


def _strike(site: Ground, monitors: Monitors, fault: Fault, some: list[Trouble], breath: float) -> None:
    print(fault.name, file=sys.stderr, flush=True)
    half = len(some) // 2
    monitors.send(some[:1], 0.5)  # somebody's phone rings when it begins
    with fault.strike(site):
        monitors.send(some[1:half], fault.lasts)
    monitors.send(some[half:], breath)


def _is_settled(site: Ground, monitors: Monitors) -> bool:
    try:
        return reckoning.is_settled(site, monitors.accepted)
    except Exception as error:  # the database may be the last fault's
        print(type(error).__name__, file=sys.stderr)
        return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--broker", choices=BROKERS, default="embedded")
    parser.add_argument("--alerts", type=int, default=16, help="for each fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _tell(rows: list[Row], said: argparse.Namespace) -> None:
    figures = [row.figures() for row in rows]
    total = {name: sum(int(str(one[name])) for one in figures) for name in COLUMNS[1:7]}
    if said.json:
        print(
            json.dumps({"database": said.database, "broker": said.broker, "seed": said.seed, "faults": figures, "total": total})
        )
        return
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for one in [*figures, {"fault": "all", **total}]:
        print(f"| {' | '.join(str(one.get(name, '')) for name in COLUMNS)} |")


if __name__ == "__main__":
    quieten()
    main()
