"""When the watcher tells whom: never before it is sure, never twice in the time between two repeats, never nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalation.errors import Verdict
from escalation.local.watch.outage import News, Outage
from tests.builders import NIGHT

WAYS = ("text 1", "e-mail 1")
OK: Verdict | None = None


class Night:
    """Looks every 20 s; `taken` says what the carriers answer."""

    def __init__(self) -> None:
        self.outage = Outage(3, timedelta(minutes=15))
        self.now = NIGHT
        self.answers: dict[str, Verdict | None] = dict.fromkeys(WAYS, OK)
        self.told: list[tuple[int, str]] = []

    def looks(self, *faults: str) -> list[News]:
        return [self.look(fault) for fault in faults]

    def look(self, fault: str) -> News:
        news = self.outage.hear(fault, self.now)
        due = self.outage.due(WAYS, self.now)
        if due and news is not News.BACK:
            self.told += [(int((self.now - NIGHT).total_seconds()), way) for way in due]
            self.outage.came({way: self.answers[way] for way in due}, self.now)
        self.now += timedelta(seconds=20)
        return news


@pytest.fixture
def night() -> Night:
    return Night()


def test_three_bad_looks_in_a_row_make_an_outage(night: Night) -> None:
    """One bad answer is a restart, two are a slow one."""
    assert night.looks("x", "x", "", "x", "x") == [News.NONE] * 5
    assert night.told == []
    assert night.look("x") is News.OUT
    assert [way for _, way in night.told] == [*WAYS]
    assert night.outage.since == NIGHT + timedelta(seconds=60)


def test_it_is_told_again_every_quarter_of_an_hour_and_not_sooner(night: Night) -> None:
    """One outage of an hour: told at once, and then four times."""
    for _ in range(184):
        night.look("x")
    assert [at for at, way in night.told if way == "text 1"] == [40, 940, 1840, 2740, 3640]


def test_a_site_that_flaps_is_one_outage(night: Night) -> None:
    """Else it would page somebody at each of its returns."""
    for _ in range(20):
        night.looks("x", "x", "x", "", "")
    assert [at for at, way in night.told if way == "text 1"] == [40, 940, 1840]


def test_it_is_back_after_as_many_good_looks(night: Night) -> None:
    """Whoever was told hears it, once; the next outage is told at once."""
    night.looks("x", "x", "x")
    assert night.looks("", "", "") == [News.NONE, News.NONE, News.BACK]
    assert night.outage.end() == [*WAYS]
    assert night.looks("", "", "") == [News.NONE] * 3
    assert night.looks("x", "x", "x")[-1] is News.OUT
    assert len(night.told) == 4


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.CREDENTIALS])
def test_what_was_certainly_not_taken_is_tried_again_at_the_next_look(night: Night, verdict: Verdict) -> None:
    """The mail went out; the text that wakes somebody did not."""
    night.answers["text 1"] = verdict
    night.looks("x", "x", "x", "x", "x")
    assert night.told == [(40, "text 1"), (40, "e-mail 1"), (60, "text 1"), (80, "text 1")]


def test_what_may_have_been_taken_is_not_doubled_while_somebody_was_reached(night: Night) -> None:
    """A carrier's 5xx: the phone may have rung, and there is the mail."""
    night.answers["text 1"] = Verdict.UNKNOWN
    night.looks("x", "x", "x", "x", "x")
    assert night.told == [(40, "text 1"), (40, "e-mail 1")]


def test_what_may_have_been_taken_is_tried_again_while_nobody_was_reached(night: Night) -> None:
    """A page that is lost is worse than one that comes twice."""
    night.answers = {"text 1": Verdict.UNKNOWN, "e-mail 1": Verdict.RETRY}
    night.looks("x", "x", "x", "x")
    assert [way for at, way in night.told if at == 60] == [*WAYS]
    night.answers["e-mail 1"] = OK
    night.looks("x", "x", "x")
    assert [way for at, way in night.told if at > 80] == []


def test_an_address_that_will_never_do_is_tried_as_seldom_as_the_others(night: Night) -> None:
    """A wrong number stays wrong."""
    night.answers["text 1"] = Verdict.PERMANENT
    night.looks("x", "x", "x", "x", "x")
    assert len(night.told) == 2


def test_a_clock_that_was_put_back_silences_nobody(night: Night) -> None:
    """Else it would be an hour until the next repeat."""
    night.looks("x", "x", "x")
    night.now -= timedelta(hours=1)
    night.look("x")
    assert len(night.told) == 4
