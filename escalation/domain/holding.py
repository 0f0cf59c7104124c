"""What holds an incident back: whether one is held, why and until when, judged from the maintenance that is on and the parents
that are open at this moment. Pure: they are looked up outside and handed in. Not what becomes of the incident (`held`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from escalation.domain.alert import Severity
from escalation.domain.hold import Hold
from escalation.domain.incident import Incident
from escalation.domain.inhibition import Parent, holds
from escalation.domain.maintenance import On
from escalation.domain.policy import Inhibition


@dataclass(frozen=True, slots=True)
class Holding:
    """Everything that may hold an incident back at one moment."""

    maintenance: tuple[On, ...] = ()
    rules: tuple[Inhibition, ...] = ()
    parents: tuple[Parent, ...] = ()  # the oldest first, so that of two that hold for as long the first is named

    @property
    def stops(self) -> bool:
        """Whether any of it touches what is being paged already."""
        return any(window.stops for window in self.maintenance) or any(rule.stops for rule in self.rules if self.parents)

    def hold(self, incident: Incident, severity: Severity, now: datetime) -> Hold | None:
        """Of several the one that lasts longest. `severity`: the worse of what it is and what it becomes."""
        if incident.policy.test_number:
            return None
        found = [*self._by_maintenance(incident, severity), *self._by_parents(incident, severity)]
        standing = [hold for hold in found if hold.until > now]
        if not standing:
            return None
        longest = max(standing, key=lambda hold: hold.until)
        return Hold(longest.why, longest.until, any(hold.stops for hold in standing))

    def _by_parents(self, incident: Incident, severity: Severity) -> list[Hold]:
        return [hold for rule in self.rules for hold in holds(rule, self.parents, incident, severity)]

    def _by_maintenance(self, incident: Incident, severity: Severity) -> list[Hold]:
        """What began before a window goes on being paged, unless the window stops it; what was held until now is held on."""
        covering = [w for w in self.maintenance if w.scope.covers(incident.service, incident.labels, severity)]
        return [
            Hold(w.why, w.end, w.stops) for w in covering if w.stops or w.start <= incident.opened_at or incident.hold is not None
        ]
