"""Stands in where a site has no carrier for a channel, so that a policy which uses it says so loudly instead of waiting."""

from __future__ import annotations

from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.ports import Notice


class Unconfigured:
    """Refuses everything, for good."""

    def __init__(self, channel: Channel) -> None:
        self.name = f"no carrier for {channel}"
        self.channels = frozenset({channel})

    def send(self, notice: Notice) -> str:
        raise CarrierError(Verdict.PERMANENT, f"no carrier is configured for {notice.channel}")

    def alive(self) -> bool:
        return False
