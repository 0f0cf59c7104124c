"""The words of a service about gathering several troubles in one incident. What they mean is in `domain.grouping`."""

from __future__ import annotations

from escalation.config import words
from escalation.config.faults import Refused

MOST_LABELS = 10


def by(value: object) -> tuple[str, ...]:
    """`service` (all its troubles together: no label), or labels that must be the same."""
    if value == "service":
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_LABELS:
        raise Refused(f"`service`, or a list of 1 to {MOST_LABELS} labels such as [cluster], expected")
    return tuple(dict.fromkeys(words.text(label) for label in value))
