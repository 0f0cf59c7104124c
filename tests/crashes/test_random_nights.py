"""Nights made of dice (`random_nights`). `--nights 500` plays more of them, `--night-seed N` one again."""

from __future__ import annotations

from random import Random

import pytest

from tests.crashes.night import Post
from tests.crashes.random_nights import RandomNight

USUAL = 8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The same nights in every run, so that all its processes have the same tests; others by `--nights` and the run's own seed."""
    if "night_seed" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("night_seed")
        nights = metafunc.config.getoption("nights")
        dice = Random(str(metafunc.config.getoption("hypothesis_seed")) if nights else "the usual nights")
        many = range(nights or USUAL)
        metafunc.parametrize("night_seed", [chosen] if chosen is not None else [dice.randrange(10**9) for _ in many])


def test_a_night_made_of_dice_keeps_every_promise(night_seed: int, post: Post) -> None:
    """Whatever fails at the carrier and wherever we die, for a moment or for hours."""
    dice = RandomNight(night_seed, post)
    faults = dice.broken()
    assert not faults, f"again with: pytest tests/crashes --night-seed {night_seed}\n" + "\n".join(faults)
