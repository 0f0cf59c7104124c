"""How urgent an incident is: by its severity, as its service says, by the hours in which somebody is there to care. High wakes people,
low need not. Not the ladders that people want for each (`roster`), nor their quiet hours (`quiet`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalation.domain.alert import Severity
from escalation.domain.conditions import Hours


class Urgency(StrEnum):
    HIGH = "high"
    LOW = "low"


USUAL: Final[Mapping[Severity, Urgency]] = MappingProxyType(
    {
        Severity.CRITICAL: Urgency.HIGH,
        Severity.ERROR: Urgency.HIGH,
        Severity.WARNING: Urgency.LOW,
        Severity.INFO: Urgency.LOW,
    }
)


@dataclass(frozen=True, slots=True)
class Urgencies:
    """What a service says otherwise than is usual: always, and `outside` of its `support` hours."""

    said: Mapping[Severity, Urgency] = field(default_factory=dict)
    support: Hours | None = None
    outside: Mapping[Severity, Urgency] = field(default_factory=dict)

    def of(self, severity: Severity, at: datetime) -> Urgency:
        if self.support and severity in self.outside and not self.support.hold(at):
            return self.outside[severity]
        return self.said.get(severity, USUAL[severity])
