"""Whether the day's spending cap is near or reached. Never a fault: what is urgent is paged all the same."""

from __future__ import annotations

from collections.abc import Iterator

from escalation.domain.cost import NEAR, REACHED, money
from escalation.local.checks.finding import Finding, ok, warning
from escalation.local.checks.patient import Patient

CURE = "see what is sent: escalation list; a higher `spending_cap` counts as soon as it is applied"


def spending(patient: Patient) -> Iterator[Finding]:
    spent, cap = patient.system.queries.spending()
    if cap is None:
        yield ok("spending", "no cap is set")
        return
    said = f"{money(spent.amount)} of {money(cap.per_day)} since midnight UTC"
    passed = cap.passed(spent.amount)
    if passed >= REACHED:
        yield warning("spending", f"{said}: the cap is reached", CURE)
    elif passed >= NEAR:
        yield warning("spending", f"{said}: over {NEAR} % of the cap", CURE)
    else:
        yield ok("spending", said)
