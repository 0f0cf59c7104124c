"""The self-test between real processes: timekeeper, receiver, broker, worker, and Plivo's callbacks over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalation.domain.self_test import FAILED, PASSED
from tests.system.handsets import Handset
from tests.system.programs import until
from tests.system.site import Site

ROBOT = "+15550100099"
PEOPLE = ("ann", "bob", "cleo", "dan")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, ESCALATION_SELF_TEST_NUMBER=ROBOT) as site:
        yield site


@pytest.mark.slow
def test_the_timekeeper_begins_one_and_the_command_another_and_a_dead_number_fails(site: Site) -> None:
    """By its own callback, within seconds; the number is in no log; nobody else is called."""
    robot = Handset(site.sandbox.world, ROBOT, site.story)
    robot.does(habit="answers", after=0.2)
    site.start("broker", "pages", "timekeeper", "receiver")
    until(lambda: PASSED in site.system.queries.heartbeats(), 30, site.story)
    robot.hears("this is a test call")
    told = site.http.get(f"{site.url}/metrics").text
    assert float(re.search(r"^escalation_self_test_age_seconds (\S+)$", told, re.MULTILINE)[1]) < 30  # type: ignore[index]
    until(lambda: robot.calls[-1].hangup, 20, site.story)

    ran = site.command("self-test")
    assert ran.returncode == 0, ran.stderr
    assert re.fullmatch(r"INC-2 begun\nINC-2: called after \d\.\d s, picked up and closed after \d+\.\d s\n", ran.stdout)

    until(lambda: robot.calls[-1].hangup, 20, site.story)
    robot.does(habit="unreachable", code=3050)
    ran = site.command("self-test")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stdout
    assert re.match(r"escalation: INC-3 failed: called after \d\.\d s, unreachable, closed after", ran.stderr)
    assert FAILED in site.system.queries.heartbeats()
    assert [len(getattr(site, who).calls) for who in PEOPLE] == [0] * 4
    assert ROBOT[1:] not in "".join([*site.logs().values(), ran.stdout, ran.stderr])
