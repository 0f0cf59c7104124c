"""The parts of the bench in the smallest sizes: that they run to their end and find what they look for. No figure is judged here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from escalation.build import System, build
from escalation.config.apply import apply
from escalation.domain.incident import Incident, Status
from escalation.settings import Settings
from escalation.store import schema
from tests.bench import fill, history, people, recovery, rota, spooled, stage, stories, storm, timers
from tests.bench.carrier import Carrier

SECRET = "bench-secret-" * 4


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    made = build(Settings.from_env({"ESCALATION_DATA_DIR": str(tmp_path), "ESCALATION_SECRET_KEY": SECRET}))
    schema.migrate(made.settings.sql_url)
    apply(made.store, people.configuration(5, texted=2))
    yield made
    made.store.dispose()


def incident(system: System, number: int) -> Incident:
    found = system.queries.incident(number)
    assert found is not None
    return found.incident


@pytest.mark.parametrize(
    "story", [stories.closed, stories.closed_by_text, stories.snoozed, stories.acknowledged], ids=lambda story: story.__name__
)
def test_a_copy_is_read_like_the_real_one(system: System, story) -> None:
    """All that hangs on it too; and the audit misses nothing."""
    real = story(system, 1)
    with fill.filling(system.settings.sql_url) as engine:
        first = fill.multiply(engine, real, 3, identities=2)
    there, copy = incident(system, real), incident(system, first + 2)
    assert copy == replace(there, id=first + 2, dedup_key=f"{there.dedup_key}-{first + 2}")
    assert len(system.queries.timeline(first)) == len(system.queries.timeline(real)) > 4
    assert system.audit.whole(repair=False) == ()


def test_a_copys_timer_makes_the_engine_do_its_work(system: System) -> None:
    """The policy is used up: status, alarm, the next timer."""
    real = stories.unanswered(system, 1)
    with fill.filling(system.settings.sql_url) as engine:
        first = fill.multiply(engine, real, 2)
        fill.postpone(engine, first, 2, "-i")
        assert system.engine.fire_due() == 2
        assert [incident(system, n).status for n in (real, first, first + 1)] == [Status.TRIGGERED, *[Status.EXHAUSTED] * 2]
        fill.close(engine, first, 2)
    assert system.queries.closed() == 2


@pytest.mark.slow
def test_each_part_finds_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real processes."""
    for module, name, value in ((stage, "SETTLED", 0), (timers, "SOON", 1.5), (history, "BLOCK", 2), (history, "FEW", 1)):
        monkeypatch.setattr(module, name, value)
    with (
        stage.ground(tmp_path, "", own_broker=True) as on,
        stage.site(on, history.PEOPLE, history.TOLD, storm.READS, storm.CHATS) as site,
    ):
        closed = history.measure(site, site, history.Sizes(closed=40, pages=2, forgetting=0.1), print)
        again = recovery.measure(site, 1, print, ("receiver",))
        gale = storm.measure(site, Carrier(on.carrier), storm.Sizes(4, watched=0))
        late = timers.measure(site, timers.Sizes(pending=10, per_second=20, seconds=1, backlog=20), print)
    assert closed["closed"]["40"]["ratio"]["cpu_ms_per_page"] >= 0
    assert [gale[way]["in_the_first_minute"] for way in ("calls", "texts")] == [1, 1]
    assert gale["slack"]["messages"] == 1
    assert all(gale[way]["call_of_somebody_else_s"] > 0 for way in ("calls", "texts", "slack"))
    assert gale["ratio_to_calm"] > 0
    assert list(again["medians"]["receiver"]) == ["accepted_s", "page_s"]
    assert list(late["waiting"]) == ["10", "10, two timekeepers"]
    assert late["waiting"]["10"]["steady"]["late"]["p50_ms"] >= 0


def test_schedules_are_asked_with_all_that_was_arranged() -> None:
    """Of ten teams one has a week in which nobody is."""
    found = rota.measure(schedules=10, instants=5)
    assert found["next_90_days"]["warnings"] == 1  # type: ignore[index]
    assert found["next_90_days"]["shifts"] > 10 * 90  # type: ignore[index]
    assert found["at_an_instant"]["p50_us"] > 0  # type: ignore[index]


def test_every_trigger_that_was_timed_without_a_database_is_kept() -> None:
    assert spooled.measure(2)["kept_of"] == [3, 3]
