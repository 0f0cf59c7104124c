"""Which overrides and absences are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from escalation.domain.arrangements import refusals
from escalation.domain.overrides import Absence, Override
from tests.builders import NIGHT, roster
from tests.domain.schedules import plain, weekly

PEOPLE = replace(roster(), schedules={"primary": plain(weekly("ann", "bob"), name="primary")})
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (0 * DAY, DAY, []),
        (timedelta(seconds=-60), DAY, []),
        (timedelta(seconds=-61), DAY, ["it begins in the past: let it begin now"]),
        (-2 * DAY, 0 * DAY, ["it is in the past"]),
        (DAY, DAY, ["it ends before it begins"]),
        (DAY, 91 * DAY, []),
        (DAY, 92 * DAY, ["it lasts 91 days: 90 at most"]),
    ],
)
def test_the_time_must_be_ahead_and_90_days_at_most(begins: timedelta, ends: timedelta, said: list[str]) -> None:
    """An hour that is over is nobody's to give; whoever writes the minute that it is means now."""
    assert refusals(Override(0, "primary", NIGHT + begins, NIGHT + ends, "bob"), PEOPLE, NIGHT) == said


def test_every_reason_is_given_at_once() -> None:
    """Time, schedule and people."""
    assert refusals(Override(0, "nowhere", NIGHT - 2 * DAY, NIGHT - DAY, "x", "y"), PEOPLE, NIGHT) == [
        "it is in the past",
        "there is no schedule nowhere",
        "there is no person x",
        "there is no person y",
    ]
    assert refusals(Absence("x", NIGHT, NIGHT + DAY), PEOPLE, NIGHT) == ["there is no person x"]


def test_nobody_may_take_a_shift_so_that_it_stays_empty() -> None:
    """That was decided: it is no fault."""
    assert refusals(Override(0, "primary", NIGHT, NIGHT + DAY, None, "ann"), PEOPLE, NIGHT) == []
