"""Random schedules for tests, and a few plain ones: zones with odd habits, nights on which clocks are changed. Everything in them lies on
quarters of an hour, as far as the oracle can see."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from escalation.domain.overrides import Absence, Override
from escalation.domain.rotation import EVERY_DAY, Rotation
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.week import Week, Window
from tests.domain.schedule_oracle import QUARTER, Windows

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # 5 h 45 min, no daylight saving
CASABLANCA = ZoneInfo("Africa/Casablanca")  # put back for Ramadan
SAO_PAULO = ZoneInfo("America/Sao_Paulo")  # at midnight, until 2019
APIA = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
TROLL = ZoneInfo("Antarctica/Troll")  # two hours
GREENWICH = ZoneInfo("UTC")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, CASABLANCA, SAO_PAULO, APIA, TROLL, GREENWICH)
PEOPLE = ("ann", "bob", "kim", "lee")  # few, so that what is arranged for them meets


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]


def weekly(*turns: str, starts: date = date(2026, 1, 5), handoff: time = time(9), **values: object) -> Rotation:
    """Turns of one person each, or several with a space between; Mondays at nine. An empty word is an empty slot."""
    return Rotation(tuple(tuple(turn.split()) for turn in turns), starts, handoff, **{"days": (0,), **values})  # type: ignore[arg-type]


def plain(*layers: Layer | Rotation, zone: ZoneInfo = BERLIN, name: str = "payments") -> Schedule:
    named = tuple(x if isinstance(x, Layer) else Layer(f"layer {n}", x) for n, x in enumerate(layers))
    return Schedule(name, zone, named)


@cache
def changes(zone: ZoneInfo, first: int = 2010, last: int = 2035) -> tuple[date, ...]:
    """The days on which its clocks are changed."""
    days = (date(first, 1, 1) + timedelta(days=n) for n in range((last - first + 1) * 365))
    return tuple(day for day in days if _offset(zone, day) != _offset(zone, day + timedelta(days=1)))


def _offset(zone: ZoneInfo, day: date) -> timedelta | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).astimezone(zone).utcoffset()


TIMES = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
NIGHTS = st.integers(0, 15).map(lambda n: time(n // 4, n % 4 * 15))
TIME = st.one_of(NIGHTS, TIMES)
WINDOWS = st.builds(Window, st.integers(0, 6), TIME, st.integers(0, 6), TIME)
TURNS = st.lists(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2).map(tuple), min_size=1, max_size=4).map(tuple)
DAYS = st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: tuple(sorted(days)))


@st.composite
def rotations(draw: st.DrawFn, starts: date) -> Rotation:
    begin = starts + timedelta(days=draw(st.integers(-3, 3)))
    if draw(st.booleans()):
        return Rotation(draw(TURNS), begin, draw(TIME), draw(DAYS), draw(st.integers(1, 3)))
    return Rotation(draw(TURNS), begin, draw(TIME), hours=draw(st.sampled_from((1, 2, 3, 5, 8, 12, 24, 36, 168))))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, Windows]:
    """A schedule around a night on which its clocks are changed, where there is one, and the windows of its layers."""
    zone = draw(st.sampled_from(ZONES))
    night = draw(st.sampled_from(changes(zone) or (date(2026, 3, 29), date(2031, 12, 31))))
    starts = night - timedelta(days=draw(st.integers(0, 12)))
    windows: Windows = {}
    layers = []
    for n in range(draw(st.integers(1, 3))):
        name = f"layer {n}"
        windows[name] = tuple(draw(st.lists(WINDOWS, max_size=3)))
        until = draw(st.none() | st.integers(1, 25).map(lambda days: starts + timedelta(days=days)))
        abroad = draw(st.none() | st.sampled_from(ZONES))
        layers.append(Layer(name, draw(rotations(starts)), Week.of(windows[name]), until, abroad))
    return Schedule("payments", zone, tuple(layers)), windows


@st.composite
def spells(draw: st.DrawFn, schedule: Schedule) -> tuple[datetime, datetime]:
    begin = datetime.combine(schedule.layers[0].rotation.starts, time(0), UTC) + draw(st.integers(-96, 1000)) * QUARTER
    return begin, begin + draw(st.integers(0, 2000)) * QUARTER


@st.composite
def overrides(draw: st.DrawFn, schedule: Schedule) -> list[Override]:
    found = []
    for id in draw(st.lists(st.integers(1, 9), unique=True, min_size=1, max_size=6)):
        takes, whose = draw(st.none() | st.sampled_from(PEOPLE)), draw(st.none() | st.sampled_from(PEOPLE))
        name = draw(st.sampled_from(("payments", "payments", "payments", "search")))
        found.append(Override(id, name, *draw(spells(schedule)), takes, whose))
    return found


@st.composite
def absences(draw: st.DrawFn, schedule: Schedule) -> list[Absence]:
    return [Absence(p, *draw(spells(schedule))) for p in draw(st.lists(st.sampled_from(PEOPLE), max_size=4))]
