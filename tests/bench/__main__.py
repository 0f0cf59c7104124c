"""`python -m tests.bench` (`make bench`): measures the shipped processes, in parts that can be chosen, and prints JSON. Bounded in count and
time, loopback only, everything it starts is ended, its folders are removed. Progress goes to stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from escalation.build import quieten
from tests.bench import history, machine, recovery, rota, servers, speed, spooled, stage, storm, timers
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures
from tests.bench.measures import Sizes

MANY = 100_000
Part = Callable[[argparse.Namespace, str], Figures]


def main() -> None:
    said = arguments(sys.argv[1:])
    before = machine.load()
    with servers.postgres(said.postgres) as server:
        report = {name: PARTS[name](said, server) for name in said.only}
    print(json.dumps(_about(said, before) | report, indent=1))


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), help=f"of {'|'.join(PARTS)}, several with commas; all when left out"
    )
    parser.add_argument("--rounds", type=int, default=3, help="of speed and recovery")
    parser.add_argument("--singles", type=int, default=100, help="single pages a round")
    parser.add_argument("--burst", type=int, default=500, help="alerts of the burst")
    parser.add_argument(
        "--answers", type=int, default=500, help="answer requests a round, at most as many as the burst has calls"
    )
    parser.add_argument("--timers", type=int, default=MANY, help="that wait at most; 1000000 needs 4 GB of disk")
    parser.add_argument("--due", type=int, default=200, help="timers due a second, for 25 s")
    parser.add_argument("--backlog", type=int, default=5_000, help="timers due at once")
    parser.add_argument("--history", type=int, default=MANY, help="closed incidents at most; 1000000 needs 6 GB of disk")
    parser.add_argument("--pages", type=int, default=120, help="pages at each length of the history")
    parser.add_argument("--storm", type=int, default=5_000, help="alerts of the storm, all for one person")
    given = os.environ.get("ESCALATION_TEST_POSTGRES", "")
    parser.add_argument("--postgres", nargs="?", const=servers.OWN, default=given, help="an URL, or nothing for one of its own")
    return parser.parse_args(words)


def _parts(names: str) -> list[str]:
    chosen = names.split(",")
    if unknown := [name for name in chosen if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}")
    return chosen


def _speed(said: argparse.Namespace, server: str) -> Figures:
    return speed.measure(server, Sizes(said.singles, said.burst, said.answers), said.rounds, _tell)


def _timers(said: argparse.Namespace, server: str) -> Figures:
    sizes = timers.Sizes(said.timers, per_second=said.due, backlog=said.backlog)
    with _folder() as folder, stage.ground(folder, server) as on, stage.site(on, timers.PEOPLE) as site:
        return timers.measure(site, sizes, _tell)


def _recovery(said: argparse.Namespace, server: str) -> Figures:
    with _folder() as folder, stage.ground(folder, server) as on, stage.site(on, recovery.PEOPLE) as site:
        ours = [name for name in recovery.LOOKS if name != "database" or said.postgres == servers.OWN]
        return recovery.measure(site, said.rounds, _tell, ours)


def _history(said: argparse.Namespace, server: str) -> Figures:
    with _folder() as few, _folder() as many:
        grounds = stage.ground(few, server, own_broker=True), stage.ground(many, server, own_broker=True)
        with grounds[0] as beside, grounds[1] as on:
            population = history.PEOPLE, history.TOLD
            with stage.site(beside, *population) as small, stage.site(on, *population) as site:
                return history.measure(site, small, history.Sizes(said.history, said.pages), _tell)


def _storm(said: argparse.Namespace, server: str) -> Figures:
    with (
        _folder() as folder,
        stage.ground(folder, server) as on,
        stage.site(on, storm.PEOPLE, reads=storm.READS, chats=storm.CHATS) as site,
    ):
        return storm.measure(site, Carrier(on.carrier), storm.Sizes(said.storm))


PARTS: dict[str, Part] = {
    "speed": _speed,
    "timers": _timers,
    "recovery": _recovery,
    "history": _history,
    "spool": lambda *_: spooled.measure(),
    "storm": _storm,
    "rota": lambda *_: rota.measure(),
}


def _about(said: argparse.Namespace, load_before: float) -> Figures:
    sizes = {name: value for name, value in vars(said).items() if isinstance(value, int)}
    load = {"load_before": load_before, "load_after": machine.load()}
    return {"machine": machine.facts() | load, "database": "PostgreSQL" if said.postgres else "SQLite", "sizes": sizes}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    quieten()
    main()
