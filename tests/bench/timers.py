"""Timers by the hundred thousand: how late they fire while as many wait far ahead, how many are fired in a second when all are due at
once, and what each process weighs meanwhile. What fires is the last step of an incident whose policy is used up by it: the engine
loads, rules, writes status, alarm, timeline and the next timer. Nobody is called: the carrier would be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, func, select

from escalation.domain.incident import TimerKind
from escalation.domain.timeline import EntryKind
from escalation.store.tables import entries, timers
from tests.bench import fill, measures, stories
from tests.bench.figures import Figures, spread
from tests.bench.stage import Site

STEPS = (1_000, 100_000)
SOON = 2  # seconds from setting the timers to the first that is due
FAR = f"{86_400 * 300} + i * 0.01"
PEOPLE = 4
KEEPER = "timekeeper"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many wait at most; how many are due in a second and for how long; how many at once."""

    pending: int
    per_second: int = 200
    seconds: int = 25
    backlog: int = 5_000

    @property
    def steps(self) -> list[int]:
        return [*(size for size in STEPS if size < self.pending), self.pending]


def measure(site: Site, sizes: Sizes, tell: Callable[[str], None]) -> Figures:
    """For each number of waiting timers with one timekeeper, then for the most with two."""
    found: dict[str, Figures] = {}
    with fill.filling(site.system.settings.sql_url) as engine:
        waiting = [stories.snoozed(site.system, 0), stories.acknowledged(site.system, 1)]
        firing, there = stories.unanswered(site.system, 2), 0
        for size in sizes.steps:
            tell(f"timers: {size} waiting")
            _add(engine, waiting, size - there)
            there = size
            found[str(size)] = _at(site, engine, firing, sizes)
        tell(f"timers: {there} waiting, two timekeepers")
        second = replace(site.children[KEEPER], name=f"{KEEPER}-2")
        site.start(second)
        found[f"{there}, two timekeepers"] = _at(site, engine, firing, sizes)
    return {"waiting": found, "memory_to_that_with_the_fewest": _growth([found[str(size)] for size in sizes.steps])}


def _add(engine: Engine, templates: list[int], count: int) -> None:
    """Waiting ones, half of each kind."""
    for number, template in enumerate(templates):
        share = count // 2 + (count % 2 if number else 0)
        if share:
            first = fill.multiply(engine, template, share, commands=False)
            fill.postpone(engine, first, share, FAR)
    fill.settle(engine)


def _at(site: Site, engine: Engine, firing: int, sizes: Sizes) -> Figures:
    site.restart(*(name for name in site.children if name.startswith(KEEPER)))  # what it reads when it begins counts too
    at_rest = measures.memory(site.processes)
    steady = _fire(site, engine, firing, sizes.per_second * sizes.seconds, f"{SOON} + i * {1 / sizes.per_second}")
    backlog = _fire(site, engine, firing, sizes.backlog, str(SOON))
    return {
        "steady": {"due_per_s": sizes.per_second, **steady},
        "backlog": {"due_at_once": sizes.backlog, **backlog},
        "memory": {"at_rest": at_rest, "after": measures.memory(site.processes)},
    }


def _fire(site: Site, engine: Engine, template: int, count: int, later: str) -> Figures:
    """So many timers, each of an incident of its own. Late is from due to the beginning of the transaction that fires it, by the
    database's clock."""
    first = fill.multiply(engine, template, count, commands=False)
    fill.settle(engine)
    cpu = measures.cpu(site)
    fill.postpone(engine, first, count, later)
    due = _due(site, first, count)
    measures.until(lambda: not _due(site, first, count), seconds=60 + count / 20)
    used = {name: seconds - cpu[name] for name, seconds in measures.cpu(site).items()}
    fired = _fired(site, first, count)
    fill.close(engine, first, count)
    began, ended = min(due.values()), max(fired.values())
    return {
        "late": spread([(fired[one] - due[one]).total_seconds() for one in due]),
        "fired_per_s": round(count / (ended - began).total_seconds(), 1),
        "cpu_ms_per_timer": round(sum(used.values()) / count * 1e3, 2),
        "cpu_ms_per_timer_each": {name: round(seconds / count * 1e3, 2) for name, seconds in used.items()},
    }


def _due(site: Site, first: int, count: int) -> dict[int, datetime]:
    """By incident, of those that have not fired."""
    these = timers.c.incident_id.between(first, first + count - 1), timers.c.kind == TimerKind.STEP
    with site.system.store.read() as tx:
        return {
            row.incident_id: row.due_at
            for row in tx.connection.execute(select(timers.c.incident_id, timers.c.due_at).where(*these))
        }


def _fired(site: Site, first: int, count: int) -> dict[int, datetime]:
    these = entries.c.incident_id.between(first, first + count - 1), entries.c.kind == EntryKind.ALARM
    told = select(entries.c.incident_id, func.min(entries.c.at).label("at")).where(*these).group_by(entries.c.incident_id)
    with site.system.store.read() as tx:
        return {row.incident_id: row.at for row in tx.connection.execute(told)}


def _growth(found: list[Figures]) -> Figures:
    """Of each process, the last to the first."""
    few, many = _after(found[0]), _after(found[-1])
    return {name: round(many[name] / few[name], 2) for name in few if few[name]}


def _after(one: Figures) -> Mapping[str, float]:
    memory = one["memory"]
    assert isinstance(memory, dict)
    return memory["after"]["each_mb"] | {"all": memory["after"]["all_mb"]}
