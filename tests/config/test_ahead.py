"""Warnings about the next 90 days of the schedules."""

from __future__ import annotations

from datetime import UTC, datetime

from escalation.config.load import load
from tests.config.texts import changed

MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)  # nine in Berlin
ALWAYS = "{name: always, people: [ann, bob], starts: 2026-01-05, days: [mon]}"


def warned(**layers: str) -> list[str]:
    """About schedules of these layers, each paged by the policy."""
    said = "".join(f"  {name}: {{timezone: Europe/Berlin, layers: [{theirs}]}}\n" for name, theirs in layers.items())
    pages = ", ".join(f"schedule:{name}" for name in layers)
    text = changed("services:\n", f"schedules:\n{said}services:\n").replace("page: ann\n", f"page: [{pages}]\n")
    assert load(text).warnings == [], "without a time nothing is said about it"
    return load(text, now=MONDAY).warnings


def test_a_schedule_without_holes_is_no_matter() -> None:
    """Two people, a week each."""
    assert warned(primary=ALWAYS) == []


def test_gaps_are_counted_and_the_first_is_shown() -> None:
    """In the schedule's own time, with the reason."""
    office = (
        '{name: office, people: [ann], starts: 2026-01-05, only: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}}'
    )
    assert warned(primary=office) == [
        (
            "line 8: schedules.primary: nobody is on call 65 times (1640 h) in the next 90 days, "
            "first from Mon 2026-01-05 17:00 to Tue 2026-01-06 09:00: no layer covers it"
        )
    ]


def test_somebody_on_call_twice_is_told() -> None:
    """Ann's weeks in one schedule are Ann's weeks in the other."""
    found = warned(primary=ALWAYS, backup=ALWAYS)
    assert found[0].startswith(
        "line 3: people.ann: is on call in backup and primary at once 7 times (1153 h) in the next 90 days, "
        "first from Mon 2026-01-05 09:00 to Mon 2026-01-12 09:00"
    )
    assert found[1].startswith("line 4: people.bob: is on call in backup and primary at once 6 times")


def test_layers_that_want_the_same_hours_are_told() -> None:
    """The later listed has them, and whoever is only in the other is perhaps not expecting that."""
    layers = [
        f'{{name: {n}, people: [ann], starts: 2026-01-05, only: {{days: [{n}, sun], from: "09:00", to: "10:00"}}}}'
        for n in ("mon", "tue")
    ]
    found = warned(primary=", ".join([ALWAYS, *layers]))
    assert found == [
        (
            "line 8: schedules.primary: mon and tue want the same hours, tue has them 13 times (13 h) in the next 90 days, "
            "first from Sun 2026-01-11 09:00 to Sun 2026-01-11 10:00"
        )
    ]


def test_a_layer_that_is_never_seen_is_told() -> None:
    """It lies below one that is always there."""
    assert warned(primary="{name: hidden, people: [ann], starts: 2026-01-05}, " + ALWAYS) == [
        "line 8: schedules.primary.layers.1: nobody is on call by it in the next 90 days"
    ]
