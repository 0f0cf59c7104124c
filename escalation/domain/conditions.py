"""When a step applies: to which severities, to incidents with which labels, at which hours. Says why it does not. Not who is paged
by it, and not what becomes of an incident that no step applies to (`passing`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from escalation.domain.alert import Severity
from escalation.domain.localtime import reading
from escalation.domain.week import Week


@dataclass(frozen=True, slots=True)
class Hours:
    """Of the week, on the clock of that zone."""

    zone: ZoneInfo
    week: Week

    def hold(self, at: datetime) -> bool:
        return self.week.around(reading(self.zone, at))[0]


@dataclass(frozen=True, slots=True)
class Condition:
    """All of it must hold; what says nothing always does. No severity means every one; of a label any of its values will do."""

    severities: tuple[Severity, ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hours: Hours | None = None

    @property
    def is_of_severity_only(self) -> bool:
        return not self.labels and self.hours is None

    def concerns(self, severity: Severity) -> bool:
        return not self.severities or severity in self.severities

    def fails(self, severity: Severity, labels: Mapping[str, object], at: datetime) -> str:
        """Why it does not hold, empty when it does. `labels` are the incident's own; what is no text counts by its text."""
        if not self.concerns(severity):
            return f"it is for {' and '.join(self.severities)}, and this is {severity}"
        for name, wanted in self.labels.items():
            if name not in labels or str(labels[name]) not in wanted:
                return f"it is for {name} {' or '.join(wanted)}"
        if self.hours and not self.hours.hold(at):
            return f"it is not for {at.astimezone(self.hours.zone):%a %H:%M} ({self.hours.zone.key})"
        return ""
