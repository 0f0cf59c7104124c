"""What the machine wants done: one row of the outbox, one Celery task each. Ids only: no number, no text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from escalation.domain.roster import Channel


class CommandKind(StrEnum):
    """The value is the Celery task's name: what an operator reads in Flower."""

    CALL = "page_by_voice"
    TEXT = "send_text"
    SLACK = "post_to_slack"
    EMAIL = "send_email"
    WEBHOOK = "post_to_webhook"
    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"
    EDIT_SLACK = "update_slack"

    @property
    def is_chore(self) -> bool:
        """What goes to Slack has a queue and workers of its own: no call ever waits behind a burst there, or while it is silent."""
        return self in (CommandKind.SLACK, CommandKind.EDIT_SLACK)

    @property
    def begins_attempt(self) -> bool:
        return self in SENDING.values()


SENDING = {
    Channel.VOICE: CommandKind.CALL,
    Channel.SMS: CommandKind.TEXT,
    Channel.SLACK: CommandKind.SLACK,
    Channel.EMAIL: CommandKind.EMAIL,
    Channel.WEBHOOK: CommandKind.WEBHOOK,
}


@dataclass(frozen=True, slots=True)
class Command:
    """`attempt` and `try_` name what it is about; `not_before` delays it (a back-off)."""

    kind: CommandKind
    attempt: int
    try_: int
    not_before: datetime | None = None
