"""The spool of this machine: what was reported while the database was away should not wait for long, and what was refused needs
somebody. Other machines have spools of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from escalation.clock import SystemClock
from escalation.local.checks.finding import Finding, ok, warning
from escalation.local.checks.patient import Patient
from escalation.local.spool import Spool, SpoolUnusable

OLD = timedelta(minutes=1)  # the timekeeper ships every five seconds
SPOOL = "spool"


def spool(patient: Patient) -> Iterator[Finding]:
    kept = Spool(patient.settings.data_dir)
    try:
        waiting, aside = kept.waiting(), kept.set_aside()
    except SpoolUnusable as error:
        yield warning(SPOOL, str(error), "run this as the user whose data folder it is")
        return
    raised = [one.report.raised_at for one in waiting if one.report is not None]
    age = SystemClock().now() - min(raised) if raised else timedelta(0)
    if age > OLD:
        said = f"{len(waiting)} wait to be shipped, the oldest for {age.total_seconds():.0f} s"
        yield warning(SPOOL, said, "escalation spool ship, and see who keeps it from being taken")
    if aside:
        yield warning(
            SPOOL, f"{len(aside)} set aside: nobody is paged for them", "escalation spool list, then spool ship --set-aside"
        )
    if age <= OLD and not aside:
        yield ok(SPOOL, f"{len(waiting)} wait" if waiting else "nothing waits")
