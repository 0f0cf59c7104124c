"""One object of a body while it is read: what refuses the body, and what was put right in it. Not the JSON itself (`reading`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from escalation.domain.alert import Severity
from escalation.errors import BadAlert
from escalation.intake import reading


class Fields:
    """One object of a body while it is read. `faults` refuse the body, `flaws` were put right: a flaw is worth a note, not a
    lost page, and is told to the sender only when the body is refused anyway."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        self.faults: list[str] = []
        self.flaws: list[str] = []

    def inner(self, name: str) -> Mapping[str, object]:
        """An object inside; empty when it is missing or something else."""
        value = self.values.get(name)
        return {reading.clean(str(k)): v for k, v in value.items()} if isinstance(value, dict) else {}

    def text(self, name: str, value: object, limit: int) -> str:
        """A text on one line, cut (a flaw) where it is too long."""
        text = reading.line(value)
        if len(text) > limit:
            self.flaws.append(f"'{name}' is longer than {limit} characters")
        return reading.cut(text, limit)

    def needed(self, name: str, value: object, limit: int) -> str:
        text = self.text(name, value, limit)
        if not text:
            self.faults.append(f"'{name}' is missing or blank")
        return text

    def severity(self, name: str, value: object) -> Severity:
        """Unknown words page as critical: better once too loud than once too quiet."""
        found = reading.severity(value)
        if found is None:
            self.flaws.append(f"'{name}' must be one of critical, error, warning, info")
        return found or Severity.CRITICAL

    def moment(self, name: str, value: object) -> datetime | None:
        at = reading.moment(value)
        if at is None and value not in (None, "") and not str(value).startswith("0001-"):
            self.flaws.append(f"'{name}' is not an ISO 8601 time")
        return at

    def check(self, key: str) -> None:
        """Raises `BadAlert` with every fault, and the flaws after them, when there is any fault."""
        if self.faults:
            raise BadAlert(self.faults + self.flaws, key)

    def noted(self, details: Mapping[str, object]) -> Mapping[str, object]:
        """Details, bounded, with the flaws that changed what was sent."""
        kept = reading.bounded(dict(details))
        found = dict(kept) if isinstance(kept, dict) else {}
        return found | ({"intake_notes": self.flaws[:10]} if self.flaws else {})
