"""What a page costs when the history is long: a site with more and more closed incidents beside one that keeps the fewest, both paging in
turn, so that whatever else the machine does meets both. And what forgetting takes: a turn of the retention job, and the pages beside it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from time import monotonic, perf_counter

from sqlalchemy import Engine

from escalation.retention import INCIDENTS_AT_ONCE, Retention
from tests.bench import fill, measures, people, stories, wire
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures, spread
from tests.bench.stage import Site

SIZES = (1_000, 10_000, 100_000)
PEOPLE = 500
TOLD = 20  # people whose incidents the history is made of; the others are paged
DAY = 86_400
OLDEST, YOUNGEST = 4 * DAY, 2 * DAY  # ago; nothing is old enough to be forgotten by itself meanwhile
IDENTITIES = 3  # rows of the inbox for each incident, as of callbacks
BLOCK, FEW = 20, 5  # pages of one site, then as many of the other
LOOKS = 10  # at each view, for each block
KEPT_DAYS = 1
FORGETTING = 20.0  # seconds
PACES = {"as_shipped": 1.0, "without_a_pause": 0.001}  # seconds between two turns


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many closed incidents at most; how many pages at each size, of each site."""

    closed: int
    pages: int
    forgetting: float = FORGETTING

    @property
    def steps(self) -> list[int]:
        return [*(size for size in SIZES if size < self.closed), self.closed]


@dataclass(slots=True)
class Paged:
    """What pages cost a site: CPU by process, and seconds by what was waited for."""

    site: Site
    carrier: Carrier
    pages: int = 0
    cpu: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def figures(self) -> Figures:
        each = {name: round(used / self.pages * 1e3, 2) for name, used in self.cpu.items()}
        spreads = {what: spread(seconds) for what, seconds in self.seconds.items()}
        return {"cpu_ms_per_page": round(sum(self.cpu.values()) / self.pages * 1e3, 2), "cpu_ms_per_page_each": each, **spreads}


def measure(site: Site, small: Site, sizes: Sizes, tell: Callable[[str], None]) -> Figures:
    """`small` is paged beside `site` and has the fewest all the time."""
    found: dict[str, Figures] = {}
    pager = Pager()
    with fill.filling(small.system.settings.sql_url) as engine:
        _add(engine, _templates(small), sizes.steps[0])
    with fill.filling(site.system.settings.sql_url) as engine:
        templates, there = _templates(site), 0
        for one in (site, small):
            pager.block(_fresh(one), BLOCK)  # to be warm
        for size in sizes.steps:
            tell(f"history: {size} closed incidents")
            _add(engine, templates, size - there)
            there = size
            found[str(size)] = _beside(site, small, pager, sizes.pages)
        tell("history: forgetting")
        forgetting = {name: _forgetting(site, pager, pause, sizes.forgetting) for name, pause in PACES.items()}
    days = round(there / INCIDENTS_AT_ONCE / DAY, 2)
    return {"beside": sizes.steps[0], "closed": found, "forgetting": forgetting | {"days_for_all_as_shipped": days}}


@dataclass(slots=True)
class Pager:
    """Pages people in turn, each trouble a new one."""

    numbers: Iterator[int] = field(default_factory=count)
    whom: Iterator[int] = field(default_factory=lambda: cycle(range(TOLD, PEOPLE)))

    def block(self, on: Paged, pages: int) -> None:
        """One after the other: alert, call, answer; then each is resolved, and hung up."""
        before, paged = measures.cpu(on.site), [(next(self.whom), f"history-{next(self.numbers)}") for _ in range(pages)]
        on.carrier.forget()
        for number, one in enumerate(paged):
            sent = self._post(on, *one, "trigger")
            call = on.carrier.wait_for(number + 1)
            on.seconds["page"].append((call.at - sent.sent) / 1e9)
            on.seconds["accepted"].append(sent.seconds)
            asked = wire.send(on.site.url, measures.answer(call, on.site.url, next(self.numbers)))
            on.seconds["answer"].append(asked.seconds)
        for one in paged:
            on.seconds["resolved"].append(self._post(on, *one, "resolve").seconds)
        measures.until(lambda: measures.is_quiet(on.site))
        on.cpu.update({name: seconds - before[name] for name, seconds in measures.cpu(on.site).items()})
        on.pages += pages

    def _post(self, on: Paged, person: int, trouble: str, action: str) -> wire.Exchange:
        exchange = wire.once("POST", f"{on.site.url}/intake/native", *measures.alert(person, trouble, action))
        assert exchange.status == 202, exchange.body
        return exchange


def _beside(site: Site, small: Site, pager: Pager, pages: int) -> Figures:
    ours, its = _fresh(site), _fresh(small)
    for _ in range(-(-pages // BLOCK)):
        for one in (ours, its):
            pager.block(one, min(BLOCK, pages))
            _look(one)
    found, other = ours.figures(), its.figures()
    ratios = {what: round(_middle(found[what]) / _middle(other[what]), 2) for what in found if not what.endswith("_each")}
    return {"ratio": ratios, "ours": found, "beside": other}


def _look(on: Paged) -> None:
    """What people and scrapers look at. The views are asked here, the addresses of the receiver."""
    queries, number = on.site.system.queries, people.number(1)
    views: dict[str, Callable[[], object]] = {
        "open_list": lambda: queries.incidents(limit=60),
        "whole_list": lambda: queries.incidents(open_only=False, limit=60),
        "texts_of_a_phone": lambda: _texts(on.site, number),
        "/metrics": lambda: wire.once("GET", f"{on.site.url}/metrics"),
        "/readyz": lambda: wire.once("GET", f"{on.site.url}/readyz"),
    }
    for what, view in views.items():
        for _ in range(LOOKS):
            began = perf_counter()
            view()
            on.seconds[what].append(perf_counter() - began)


def _texts(site: Site, number: str) -> object:
    """Whom a text from this phone may be about."""
    with site.system.store.read() as tx:
        return tx.text_pages(number)


def _forgetting(site: Site, pager: Pager, pause: float, seconds: float) -> Figures:
    """Pages while closed incidents are forgotten, each turn as the timekeeper does it."""
    on, turns, before = _fresh(site), [], _closed(site)
    began = monotonic()
    with _turning(Retention(site.system.store, KEPT_DAYS), pause, turns):
        while not turns or monotonic() < began + seconds:
            pager.block(on, FEW)
    took, gone = monotonic() - began, before + on.pages - _closed(site)
    return {"turn": spread(turns), "forgotten_per_s": round(gone / took, 1), "meanwhile": on.figures()}


@contextmanager
def _turning(retention: Retention, pause: float, turns: list[float]) -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(pause):
            began = perf_counter()
            retention.turn()
            turns.append(perf_counter() - began)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _templates(site: Site) -> list[int]:
    """One for each of some people: a history is of the same few phones."""
    system = site.system
    return [
        (stories.closed_by_text if people.is_texted(person, TOLD) else stories.closed)(system, person) for person in range(TOLD)
    ]


def _add(engine: Engine, templates: list[int], incidents: int) -> None:
    for number, template in enumerate(templates):
        share = incidents // TOLD + (number < incidents % TOLD)
        if share:
            later = f"-{OLDEST} + i * {(OLDEST - YOUNGEST) / share}"
            fill.multiply(engine, template, share, later, identities=IDENTITIES)
    fill.settle(engine)


def _fresh(site: Site) -> Paged:
    return Paged(site, Carrier(site.on.carrier))


def _closed(site: Site) -> int:
    return site.system.queries.closed()


def _middle(figure: object) -> float:
    return figure["p50_ms"] if isinstance(figure, dict) else figure
