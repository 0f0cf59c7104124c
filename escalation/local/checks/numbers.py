"""Whether the numbers in the configuration were ever shown to be those of the people they stand under. Not a condition for paging: one that
nobody verified is called like any other. Not the showing (`escalation.verifying`)."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.domain.verification import standings
from escalation.local.checks.finding import Finding, ok, unknown, warning
from escalation.local.checks.patient import Patient

NUMBERS = "numbers"
NAMED = 8
CURE = "escalation verify PERSON sends a code there; a mistyped number calls a stranger, or nobody"


def verified(patient: Patient) -> Iterator[Finding]:
    secret = patient.settings.secret_key
    if not secret or patient.system.plivo is None:
        yield unknown(NUMBERS, "needs ESCALATION_SECRET_KEY" if not secret else "nothing is set up that calls or texts")
        return
    with patient.system.store.read() as tx:
        found = list(standings(secret, tx.site().roster, tx.verified_numbers()))
    lacking = [f"{one.person} {one.number}" for one in found if not one.is_verified]
    if lacking:
        more = f" and {len(lacking) - NAMED} more" if len(lacking) > NAMED else ""
        yield warning(NUMBERS, f"nobody has verified: {', '.join(lacking[:NAMED])}{more}", CURE)
    else:
        yield ok(NUMBERS, "all are verified" if found else "nobody has one")
