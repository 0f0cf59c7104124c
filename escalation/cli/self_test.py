"""`escalation self-test`: one now, and what came of it. Not what a self-test is (`domain.self_test`)."""

from __future__ import annotations

import threading
from datetime import datetime
from time import monotonic

import click

from escalation.cli.shell import Refused, Shell
from escalation.domain.self_test import has_passed
from escalation.domain.timeline import EntryKind
from escalation.errors import BadInput
from escalation.local.self_test import SelfTests
from escalation.store.views import IncidentView

LONGEST = 240.0  # seconds: a minute in the queue, two for the call, one for whoever is slow
LOOK = 0.2


@click.command("self-test")
@click.pass_obj
def self_test(shell: Shell) -> None:
    """Test this site now: a real call to the test number; fails unless its own callback closes it."""
    settings = shell.settings
    if not settings.tests_itself:
        raise BadInput(["set ESCALATION_SELF_TEST_NUMBER and ESCALATION_SECRET_KEY, the same for every process"])
    if held := shell.system.queries.held():
        raise Refused(f"no self-test now: {held}")
    number = SelfTests(shell.system).now()
    click.echo(f"INC-{number} begun")
    click.echo(told(_ended(shell, number)))


def told(view: IncidentView) -> str:
    """`INC-7: called after 0.2 s, picked up and closed after 3.1 s`. Raises `Refused` with what came of it instead."""
    incident, calls = view.incident, [a for a in view.incident.attempts if a.began_at]
    closed = max((e.entry.at for e in view.entries if e.entry.kind is EntryKind.STATUS), default=None)
    steps = [f"called after {_after(view, calls[0].began_at)}" if calls else "not called"]
    if has_passed(incident):
        return f"{incident.short_id}: {steps[0]}, picked up and closed after {_after(view, closed)}"
    steps += [call.outcome.value for call in calls if call.outcome]
    steps.append(f"still open after {LONGEST:.0f} s" if incident.is_open else f"closed after {_after(view, closed)}")
    raise Refused(f"{incident.short_id} failed: {', '.join(steps)}; see `escalation show {incident.short_id}`")


def _after(view: IncidentView, at: datetime | None) -> str:
    return f"{(at - view.incident.opened_at).total_seconds():.1f} s" if at else "?"


def _ended(shell: Shell, number: int) -> IncidentView:
    until, pause = monotonic() + LONGEST, threading.Event()
    while True:
        view = shell.system.queries.incident(number)
        if view is None:
            raise Refused("the receiver has taken it, and it is not in this database: they are not of one site")
        if not view.incident.is_open or monotonic() > until:
            return view
        pause.wait(LOOK)
