"""Incidents in the middle of their story, opened and saved through the port, for store tests. Not a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from escalation.domain.alert import Alert, Severity
from escalation.domain.commands import Command, CommandKind
from escalation.domain.incident import LAST_RESORT, Attempt, Incident, Page, Timer, TimerKind
from escalation.domain.roster import Channel
from escalation.ports import Job, Transaction
from tests.builders import PHONES, alert, policy

CALL = Command(CommandKind.CALL, 1, 1)
TEXT = Command(CommandKind.TEXT, 2, 1)
ROOM = "#incidents"


def opened(tx: Transaction, with_alert: Alert | None = None, service: str = "payments") -> Incident:
    """A fresh incident row."""
    incident = tx.create(with_alert or alert(), service, policy())
    assert incident is not None
    return incident


def paging(tx: Transaction, incident: Incident, handle: str = "ann") -> Incident:
    """The first step as the machine might have planned it: one page, a call and a text, timers. Not saved."""
    page = Page(1, handle, 0, 1, incident.policy.steps[0].ladder)
    call = Attempt(1, 1, 0, Channel.VOICE, PHONES[handle], 1)
    text = Attempt(2, 1, 1, Channel.SMS, PHONES[handle], 1)
    timers = frozenset({Timer(TimerKind.STEP, 0, 1, tx.now + timedelta(minutes=5)), Timer(TimerKind.RUNG, 1, 1, tx.now)})
    return replace(incident, turn=1, pages=(page,), attempts=(call, text), timers=timers)


def called(tx: Transaction, with_alert: Alert | None = None, *commands: Command) -> tuple[Incident, list[Job]]:
    """An incident whose first page was planned, saved, with its jobs (a call unless said otherwise)."""
    incident = opened(tx, with_alert)
    after = paging(tx, incident)
    return after, tx.save(incident, after, commands or (CALL,), (), "")


def last_resort(incident: Incident, handle: str) -> Incident:
    page = Page(1, handle, LAST_RESORT, 1, ())
    attempt = Attempt(1, 1, 0, Channel.EMAIL, handle, 1)
    return replace(incident, turn=1, pages=(page,), attempts=(attempt,))


def posting(
    tx: Transaction,
    number: int = 1,
    severity: Severity = Severity.ERROR,
    *,
    step: int = 0,
    room: str = ROOM,
    not_before: datetime | None = None,
) -> tuple[Incident, list[Job]]:
    """An incident with a message that could go to Slack now."""
    incident = opened(tx, alert(f"db-{number} is down", key=f"db-{number}", severity=severity))
    page, attempt = Page(1, f"slack:{room}", step, 1, ()), Attempt(1, 1, 0, Channel.SLACK, room, 1)
    after = replace(incident, turn=1, pages=(page,), attempts=(attempt,))
    return after, tx.save(incident, after, [Command(CommandKind.SLACK, 1, 1, not_before)], (), "")
