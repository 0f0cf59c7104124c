"""What monitoring tools send, as alerts: one pure parser per sender, payload and intake key in, alerts out. Not transport (no
HTTP, no broker) and not what becomes of an alert (the engine's business)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from escalation.domain.alert import Alert
from escalation.intake import alertmanager, native, pagerduty

Parser = Callable[[object, str], list[Alert]]
"""Takes a body (bytes, or JSON that was read already) and an intake key (empty: it is in the body). Raises `BadAlert` with every
fault at once and nothing else, whatever the bytes. A trigger's `dedup_key` may come back empty: whoever received it makes one."""

FORMATS: Mapping[str, Parser] = {
    "alertmanager": alertmanager.parse,
    "grafana": alertmanager.parse,
    "native": native.parse,
    "pagerduty": pagerduty.parse,
}
