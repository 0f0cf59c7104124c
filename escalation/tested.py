"""What came of a test of our own, kept when its incident closes: the self-test's for its age, that of a person for who looks at them. Not what
passes (`domain.self_test`)."""

from __future__ import annotations

from escalation.domain.incident import Incident
from escalation.domain.self_test import FAILED, PASSED, has_passed
from escalation.ports import Transaction


def keep_result(tx: Transaction, before: Incident, after: Incident) -> None:
    """Only of a test, and only as it closes."""
    policy = before.policy
    if not policy.test_number or not before.is_open or after.is_open:
        return
    if policy.test_of:
        tx.reached(policy.test_of, answered=has_passed(after))
    else:
        tx.beat(PASSED if has_passed(after) else FAILED)
