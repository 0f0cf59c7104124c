"""One bench per test."""

from __future__ import annotations

import pytest

from tests.sandbox.product import Bench, bench


@pytest.fixture(name="bench")
def make_bench() -> Bench:
    return bench()
