"""The spool of this machine: what waits too long, and what was refused, is a warning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from escalation.errors import NotFound
from escalation.local.checks.finding import Level
from escalation.local.report import Came, Report
from escalation.local.spool import FOLDER, Spool
from tests.local.test_spool import report
from tests.local.ward import Ward


def refuses(_: Report) -> Came:
    raise NotFound("no service of that name")


def test_what_has_waited_for_a_minute_is_a_warning(ward: Ward) -> None:
    """The timekeeper ships every five seconds: younger ones are on their way."""
    spool = Spool(ward.folder)
    assert ward.found("spool") == {"spool": Level.OK}
    spool.append(report("db-1", raised_at=datetime.now(UTC)))
    assert ward.found("spool") == {"spool": Level.OK}
    spool.append(report("db-2", raised_at=datetime.now(UTC) - timedelta(minutes=2)))
    (finding,) = ward.examine("spool").findings
    assert (finding.level, finding.said) == (Level.WARNING, "2 wait to be shipped, the oldest for 120 s")


def test_what_was_set_aside_is_a_warning(ward: Ward) -> None:
    """Nobody was paged for it."""
    spool = Spool(ward.folder)
    spool.append(report("db-1"))
    spool.ship(refuses, lambda _: None)
    assert ward.found("spool") == {"spool": Level.WARNING}


def test_a_spool_that_cannot_be_read_is_a_warning(ward: Ward) -> None:
    """It may be another user's."""
    (ward.folder / FOLDER).write_text("in the way")
    assert ward.found("spool") == {"spool": Level.WARNING}
