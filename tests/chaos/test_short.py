"""The short form of the chaos run: the faults that need nothing else to be believed, on both ends of what a site may run on."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.chaos.__main__ import run
from tests.chaos.faults import FAULTS

ALERTS = 5  # for each fault
NAMED = {fault.name: fault for fault in FAULTS}


def strike(database: str, broker: str, *names: str) -> None:
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's unprivileged user has to come through
        rows = run(folder, database, broker, [NAMED[name] for name in names], ALERTS, seed=1, breath=2)
    assert sum(row.incidents for row in rows) == ALERTS * len(names)
    assert [line for row in rows for line in (*row.lost, *row.unexplained)] == []
    assert [row.doubled for row in rows] == [0] * len(rows)
    assert [row.placed for row in rows] == [row.expected for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ("receiver killed", "broker emptied", "database locked 8 s"),
        ("everything of ours killed", "carrier answers 503 after it accepted", "every callback doubled"),
    ],
    ids="+".join,
)
def test_no_page_is_lost_on_one_machines_servers(names: tuple[str, ...]) -> None:
    """By the carrier's own journal: everybody who had to be called was, and nobody twice by one request."""
    strike("sqlite", "embedded", *names)


@pytest.mark.slow
@pytest.mark.usefixtures("programs_of_both_servers")
@pytest.mark.parametrize(
    "names", [("both pages workers killed", "broker killed"), ("both timekeepers killed", "database killed")], ids="+".join
)
def test_no_page_is_lost_on_postgresql_and_rabbitmq(names: tuple[str, ...]) -> None:
    """The same, the database's and the broker's death among it."""
    strike("postgresql", "rabbitmq", *names)
