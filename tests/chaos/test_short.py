"""The short form of the chaos run: the faults that need nothing else to be believed, on both ends of what a site may run on."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.chaos.__main__ import run
from tests.chaos.faults import FAULTS


def strike(database: str, broker: str) -> None:
    faults = [fault for fault in FAULTS if fault.is_short and fault.fits(database, broker)]
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's unprivileged user has to come through
        rows = run(folder, database, broker, faults, alerts=6, seed=1)
    assert sum(row.incidents for row in rows) == 6 * len(faults)
    assert [line for row in rows for line in (*row.lost, *row.unexplained)] == []
    assert [row.doubled for row in rows] == [0] * len(rows)
    assert [row.placed for row in rows] == [row.expected for row in rows]


@pytest.mark.slow
def test_whatever_is_killed_no_page_is_lost_on_one_machines_servers() -> None:
    """By the carrier's own journal: everybody who had to be called was, and nobody twice by one request."""
    strike("sqlite", "embedded")


@pytest.mark.slow
@pytest.mark.usefixtures("programs_of_both_servers")
def test_whatever_is_killed_no_page_is_lost_on_postgresql_and_rabbitmq() -> None:
    """The same, the database's and the broker's death among it."""
    strike("postgresql", "rabbitmq")
