"""Whom the doctor looks at: the settings and the system built from them. Asks nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from escalation.build import System
from escalation.domain.roster import Channel
from escalation.settings import Settings


@dataclass(frozen=True, slots=True)
class Patient:
    """`transport` is for tests that play the world outside."""

    environ: Mapping[str, str] = field(repr=False)
    settings: Settings
    system: System
    transport: httpx.BaseTransport | None = None

    @property
    def channels(self) -> frozenset[Channel]:
        """Those that have a carrier."""
        s = self.settings
        set_up = {
            Channel.VOICE: bool(s.plivo_auth_id),
            Channel.SMS: bool(s.plivo_auth_id),
            Channel.SLACK: bool(s.slack_bot_token or s.slack_webhook_url),
            Channel.EMAIL: bool(s.smtp_url),
            Channel.WEBHOOK: True,
        }
        return frozenset(channel for channel, is_set_up in set_up.items() if is_set_up)
