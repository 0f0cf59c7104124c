"""Who is on call, by one schedule at one instant, with what people have arranged; and all that `config check` says of a thousand
schedules' next 90 days. In one process, no database. The floor is the least that any of it needs: instants turned into local time, one
for each layer that is asked, one for each hand-off that is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from escalation.config.ahead import AHEAD, warnings
from escalation.domain.overrides import Absence, Override
from escalation.domain.policy import Site
from escalation.domain.roster import Roster
from escalation.domain.rotation import EVERY_DAY, Rotation
from escalation.domain.schedule import Layer, Schedule, on_call, shifts
from escalation.domain.week import Week, Window
from tests.bench.figures import Figures, percentile

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)  # clocks are changed in these 90 days
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")]
NIGHTS = Week.of([Window(day, time(20), (day + 1) % 7, time(8)) for day in range(7)])


def measure(schedules: int = 1000, instants: int = 2000) -> Figures:
    found = {each.name: each for each in map(_schedule, range(schedules))}
    return {"at_an_instant": _instants(found["team 0"], instants), "next_90_days": _ahead(found)}


def _instants(schedule: Schedule, count: int) -> Figures:
    """Over a year, in turn with the floor. Ten shifts were given away, somebody is away now and then."""
    given = [Override(n, schedule.name, _day(9 * n), _day(9 * n + 1), "p0.3") for n in range(10)]
    away = [Absence("p0.1", _day(30 * n), _day(30 * n + 7)) for n in range(3)]
    ours, floor = [], []
    for n in range(count):
        at = NOW + timedelta(days=365) * n / count
        began = perf_counter()
        on_call(schedule, at, given, away)
        between = perf_counter()
        for _ in schedule.layers:
            at.astimezone(schedule.zone)
        floor.append(perf_counter() - between)
        ours.append(between - began)
    p50, bare = percentile(ours, 0.5), percentile(floor, 0.5)
    return {"p50_us": round(p50 * 1e6, 1), "p99_us": round(percentile(ours, 0.99) * 1e6, 1), "floor_p50_us": round(bare * 1e6, 2),
            "ratio": round(p50 / bare, 1)}  # fmt: skip


def _ahead(schedules: dict[str, Schedule]) -> Figures:
    site = Site(Roster({}, {}, schedules), {}, {})
    began = perf_counter()
    said = sum(1 for _ in warnings(site, NOW))
    took = perf_counter() - began
    found = [shifts(each, NOW, NOW + AHEAD) for each in schedules.values()]
    began = perf_counter()
    for schedule, theirs in zip(schedules.values(), found, strict=True):
        for shift in theirs:
            shift.start.astimezone(schedule.zone)
    floor = perf_counter() - began
    return {"schedules": len(schedules), "shifts": sum(map(len, found)), "warnings": said, "took_s": round(took, 2),
            "floor_s": round(floor, 3), "ratio": round(took / floor, 1)}  # fmt: skip


def _schedule(number: int) -> Schedule:
    """A week each of four people, and above it the nights of three others. Every tenth has a week in which nobody is."""
    people = [f"p{number}.{n}" for n in range(7)]
    turns = [(p,) for p in people[:4]] + ([()] if number % 10 == 0 else [])
    weeks = Rotation(tuple(turns), date(2026, 1, 5), time(9), days=(0,))
    nights = Rotation(tuple((p,) for p in people[4:]), date(2026, 1, 5), time(20), days=EVERY_DAY)
    zone = ZONES[number % len(ZONES)]
    return Schedule(f"team {number}", zone, (Layer("weeks", weeks), Layer("nights", nights, NIGHTS)))


def _day(number: int) -> datetime:
    return NOW + timedelta(days=number)
