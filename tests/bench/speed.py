"""One page, a burst, the words on the phone, memory: a round of the shipped processes beside its floor. Not the measurements
themselves (`measures`)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import sleep

from tests.bench import machine, measures, stage
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures, medians
from tests.bench.measures import Sizes
from tests.bench.stage import SETTLED, Ground

FEW = 100
Tell = Callable[[str], None]


def measure(server: str, sizes: Sizes, rounds: int, tell: Tell) -> Figures:
    """Some rounds, and their medians."""
    done = [_round(number, server, sizes, tell) for number in range(rounds)]
    broker = "Redis by URL" if os.environ.get("ESCALATION_TEST_REDIS") else "embedded Redis"
    return {"broker": broker, "medians": medians(done), "rounds": done}


def _round(number: int, server: str, sizes: Sizes, tell: Tell) -> Figures:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, stage.ground(Path(folder), server) as on:
        carrier = Carrier(on.carrier)
        tell(f"round {number + 1}: floor")
        bare = _floor(on, carrier, sizes)
        tell(f"round {number + 1}: system")
        ours = _system(on, carrier, sizes, tell)
    return {"load": machine.load(), **_beside(ours, bare)}


def _floor(on: Ground, carrier: Carrier, sizes: Sizes) -> Figures:
    with stage.floor(on) as (database, starts, pid):
        one = measures.floor_singles(on.broker, starts, sizes)
        return {"single": one, "burst": measures.floor_burst(on.broker, database, pid, carrier, sizes)}


def _system(on: Ground, carrier: Carrier, sizes: Sizes, tell: Tell) -> Figures:
    with stage.site(on, sizes.people) as site:
        sleep(SETTLED)
        figures: Figures = {"memory": {"at_rest": measures.memory(site.processes)}}
        figures["single"] = measures.singles(site, carrier, sizes)
        tell("  burst")
        figures["burst"] = measures.burst(site, on.broker, carrier, sizes)
        figures["memory"] |= {"after_the_burst": measures.memory(site.processes)}
        tell("  answers")
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
