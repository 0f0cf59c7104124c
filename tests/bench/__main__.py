"""`python -m tests.bench` (`make bench`): measures the shipped processes beside a floor, some rounds, and prints the medians as JSON.
Bounded in count and time, loopback only, everything it starts is ended. Progress goes to stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from time import sleep

from tests.bench import machine, measures, servers, stage
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures, medians
from tests.bench.measures import Sizes
from tests.bench.stage import Ground

SETTLED = 3.0  # seconds after which a process at rest is at rest
LEAST, FEW = 20, 100


def main() -> None:
    said = _arguments()
    sizes = Sizes(said.singles, said.burst, said.answers)
    before = machine.load()
    with servers.postgres(said.postgres) as server:
        rounds = [_round(number, server, sizes) for number in range(said.rounds)]
    print(json.dumps(_report(said, before, rounds), indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=100, help="single pages a round")
    parser.add_argument("--burst", type=int, default=500, help="alerts of the burst")
    parser.add_argument(
        "--answers", type=int, default=500, help="answer requests a round, at most as many as the burst has calls"
    )
    given = os.environ.get("ESCALATION_TEST_POSTGRES", "")
    parser.add_argument("--postgres", nargs="?", const=servers.OWN, default=given, help="an URL, or nothing for one of its own")
    return parser.parse_args()


def _round(number: int, server: str, sizes: Sizes) -> Figures:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, stage.ground(Path(folder), server) as on:
        carrier = Carrier(on.carrier)
        _tell(f"round {number + 1}: floor")
        bare = _floor(on, carrier, sizes)
        _tell(f"round {number + 1}: system")
        ours = _system(on, carrier, sizes)
    return {"load": machine.load(), **_beside(ours, bare)}


def _floor(on: Ground, carrier: Carrier, sizes: Sizes) -> Figures:
    with stage.floor(on) as (database, starts, pid):
        one = measures.floor_singles(on.broker, starts, sizes)
        return {"single": one, "burst": measures.floor_burst(on.broker, database, pid, carrier, sizes)}


def _system(on: Ground, carrier: Carrier, sizes: Sizes) -> Figures:
    with stage.site(on, sizes.people) as site:
        sleep(SETTLED)
        figures: Figures = {"memory": {"at_rest": measures.memory(site.processes)}}
        figures["single"] = measures.singles(site, carrier, sizes)
        _tell("  burst")
        figures["burst"] = measures.burst(site, on.broker, carrier, sizes)
        figures["memory"] |= {"after_the_burst": measures.memory(site.processes)}
        _tell("  answers")
        calls = carrier.calls()
        document = measures.document(site.url, calls[0])
        figures["answer"] = measures.answers(site.url, calls[1:], sizes)
        figures["answer_alone"] = measures.single_answers(site.url, calls[1 : FEW + 1])
    with stage.bare_receiver(on, document) as url:
        figures["bare_answer"] = measures.answers(url, calls[1:], sizes)
        figures["bare_answer_alone"] = measures.single_answers(url, calls[1 : FEW + 1])
    return figures


def _beside(ours: Figures, bare: Figures) -> Figures:
    """Each measurement with its floor and what is between the two."""
    single, burst = {**ours["single"]}, {**ours["burst"]}
    return {
        "single": {"ours": single, "floor": bare["single"]},
        "burst": {
            "ours": burst,
            "floor": bare["burst"],
            "share_of_the_floor": round(burst["pages_per_s"] / bare["burst"]["pages_per_s"], 3),
        },
        "answer": _answer(ours["answer"], ours["bare_answer"]),
        "answer_alone": _answer(ours["answer_alone"], ours["bare_answer_alone"]),
        "memory": ours["memory"],
    }


def _answer(ours: Figures, floor: Figures) -> Figures:
    return {"ours": ours, "floor": floor, "p99_ratio": round(ours["p99_ms"] / floor["p99_ms"], 2)}


def _report(said: argparse.Namespace, load_before: float, rounds: list[Figures]) -> Figures:
    return {
        "machine": machine.facts() | {"load_before": load_before},
        "database": "PostgreSQL" if said.postgres else "SQLite",
        "broker": "Redis by URL" if os.environ.get("ESCALATION_TEST_REDIS") else "embedded Redis",
        "sizes": {"rounds": said.rounds, "singles": said.singles, "burst": said.burst, "answers": said.answers},
        "medians": medians(rounds),
        "rounds": rounds,
    }


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
