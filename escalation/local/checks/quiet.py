"""What keeps people from being paged on purpose: the maintenance windows that are on. Never a fault; a window that somebody forgot is how a
night is slept through."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.local.checks.finding import Finding, ok, warning
from escalation.local.checks.patient import Patient


def maintenance(patient: Patient) -> Iterator[Finding]:
    found = patient.system.queries.maintained()
    for window in found.on:
        cure = f"escalation maintenance end {window.id}, or wait" if window.id else "wait, or take it out of the configuration"
        said = f"{window.why} of {window.scope}, until {window.end:%Y-%m-%d %H:%M} UTC: what begins is recorded, nobody is paged for it"
        yield warning("maintenance", said, cure)
    if found.held_back:
        many = f"{found.held_back} open incident{'s are' if found.held_back != 1 else ' is'} held back: nobody is paged"
        yield warning("maintenance", many, "escalation list says why and until when")
    elif not found.on:
        yield ok("maintenance", "no window is on")
