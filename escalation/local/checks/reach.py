"""Whether those who are called before their shifts pressed the key. Not the calling (`escalation.readiness`)."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.local.checks.finding import Finding, ok, warning
from escalation.local.checks.patient import Patient

CURE = "call them; is the number right, the phone out of do-not-disturb, our number among their contacts? Or let somebody take the shift: escalation override add"


def readiness(patient: Patient) -> Iterator[Finding]:
    """One line for each who did not answer the last time."""
    with patient.system.store.read() as tx:
        roster, heard = tx.site().roster, tx.reach()
    wanting = [handle for handle, person in roster.people.items() if person.readiness]
    silent = [handle for handle in wanting if heard.get(handle) is False]
    for handle in silent:
        yield warning("readiness", f"{handle} did not press the key of the last test call", CURE)
    if not silent:
        yield ok(
            "readiness", f"{len(wanting)} called before their shifts, nobody unreachable" if wanting else "nobody asked for it"
        )
