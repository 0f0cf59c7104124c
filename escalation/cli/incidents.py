"""What is done with incidents from the command line: `ack`, `unack`, `resolve`, `snooze`, `escalate`, `note`, `show`, `list`. The engine is used
directly; `ack` and `resolve` are reports like a trigger (`alerts`): they go over HTTP too, by the trouble's key, and may be kept for later."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from escalation.cli import alerts, shown
from escalation.cli.shell import INCIDENT, JSON, Refused, Shell, output
from escalation.config import duration
from escalation.config.faults import Refused as Unreadable
from escalation.domain import events as ev
from escalation.domain import waking
from escalation.domain.alert import Action
from escalation.domain.dedup import What
from escalation.domain.incident import Incident, Status, Via
from escalation.domain.notes import note_of
from escalation.domain.roster import Roster
from escalation.errors import BadInput, NotFound
from escalation.local.report import Report

F = TypeVar("F", bound=Callable[..., object])


LONGEST_NAME = 80


class Name(click.ParamType[str]):
    """Whoever does it. It stands in the timeline, in Slack and in mails: more than one line would write words there that are not ours."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip(" ")
        if not (text.isprintable() and 1 <= len(text) <= LONGEST_NAME):
            self.fail(f"must be one printable line of 1 to {LONGEST_NAME} characters", param, ctx)
        return text


def login() -> str:
    """Nobody is kept from acknowledging by an account's odd name: it is made to fit."""
    try:
        whole = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        whole = ""
    return "".join(c for c in whole if c.isprintable()).strip()[:LONGEST_NAME].strip() or "somebody"


by = click.option(
    "--by",
    type=Name(),
    default=login,
    show_default="the login name",
    help="Who does it: stands in the timeline (not with --url).",
)


def by_key(command: F) -> F:
    """The options of commands that also take the trouble's key, here or at a receiver elsewhere."""
    for option in (
        click.option("--key-file", type=click.Path(path_type=Path), help="A file with the service's intake key, for --url."),
        click.option("--url", default="", help="A receiver elsewhere; needs --dedup-key and --key-file."),
        click.option("--service", default="", help="Whose --dedup-key it is, where there are several services."),
        click.option("--dedup-key", default="", help="The trouble's key, in place of the incident."),
        alerts.keep,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("incident", type=INCIDENT, required=False)
@by_key
@by
@output
@click.pass_obj
def ack(shell: Shell, /, incident: int | None, by: str, keep: bool, output: str, **whose: Any) -> None:
    """Acknowledge: somebody has it, all other phones stop ringing."""
    settled(shell, said(Action.ACKNOWLEDGE, incident, by, alerts.Whose(**whose)), output, keep=keep)


@click.command()
@click.argument("incident", type=INCIDENT, required=False)
@by_key
@by
@output
@click.pass_obj
def resolve(shell: Shell, /, incident: int | None, by: str, keep: bool, output: str, **whose: Any) -> None:
    """Resolve: it is over, nobody is paged any more."""
    settled(shell, said(Action.RESOLVE, incident, by, alerts.Whose(**whose)), output, keep=keep)


@click.command()
@click.argument("incident", type=INCIDENT)
@click.argument("when", nargs=-1, required=True)
@by
@output
@click.pass_obj
def snooze(shell: Shell, incident: int, when: tuple[str, ...], by: str, output: str) -> None:
    """Page nobody until WHEN, then begin again: for 90s, 30m, 1h30m; or until 07:30, tomorrow, next-morning, tomorrow 07:30,
    2026-11-30 07:30, by the clock of whoever snoozes."""
    with shell.system.store.read() as tx:
        roster, now = tx.site().roster, tx.now
    until, zone = snoozed_until(when, by, roster, now)
    told(shell, incident, ev.Snoozed(until, by, Via.CLI), output, Status.SNOOZED)
    if output != JSON:
        click.echo(f"until {until.astimezone(zone):%Y-%m-%d %H:%M %Z}")


@click.command()
@click.argument("incident", type=INCIDENT)
@click.option("--step", type=click.IntRange(1), help="That step of the incident's policy, in place of the next.")
@by
@output
@click.pass_obj
def escalate(shell: Shell, incident: int, step: int | None, by: str, output: str) -> None:
    """Page the next step now."""
    event = ev.Escalated(by, Via.CLI, step=None if step is None else step - 1)
    came = shell.system.engine.tell(incident, event)
    stands(came.incident, output)
    if not came.moved:
        steps = len(came.incident.policy.steps)
        raise Refused(f"{came.incident.short_id} is {came.incident.status}, and its policy has {steps} steps")


@click.command()
@click.argument("incident", type=INCIDENT)
@by
@output
@click.pass_obj
def unack(shell: Shell, incident: int, by: str, output: str) -> None:
    """Give it back: nobody has it any more, paging begins again at once, from step 1."""
    came = shell.system.engine.tell(incident, ev.Unacknowledged(by, Via.CLI))
    stands(came.incident, output)
    if not came.moved:
        raise Refused(f"{came.incident.short_id} is {came.incident.status}: only what is acknowledged can be given back")


@click.command()
@click.argument("incident", type=INCIDENT)
@click.argument("text")
@by
@output
@click.pass_obj
def note(shell: Shell, incident: int, text: str, by: str, output: str) -> None:
    """Write TEXT into the timeline: nothing else changes, nobody is told."""
    stands(shell.system.engine.tell(incident, ev.Noted(note_of(text), by, Via.CLI)).incident, output)


@click.command()
@click.argument("incident", type=INCIDENT)
@output
@click.pass_obj
def show(shell: Shell, incident: int, output: str) -> None:
    """What happened and what comes next."""
    found = shell.system.queries.incident(incident)
    if found is None:
        raise NotFound(f"There is no incident INC-{incident}.")
    if output == JSON:
        shown.as_json(shown.view_as_json(found))
    else:
        shown.view(found)


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too, newest first.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@output
@click.pass_obj
def list_(shell: Shell, everything: bool, limit: int, output: str) -> None:
    """Open incidents, most urgent first."""
    found = shell.system.queries.incidents(open_only=not everything, limit=limit)
    if hold := shell.system.queries.held():
        alerts.aside(f"{hold}; escalation resume lets it go on")
    if output == JSON:
        shown.as_json([shown.row_as_json(row) for row in found])
    else:
        shown.rows(found)


def told(shell: Shell, incident_id: int, event: ev.Event, how: str, *wanted: Status) -> None:
    """Tells the engine and shows how the incident stands; raises `Refused` when that is not what was wanted."""
    incident = shell.system.engine.tell(incident_id, event).incident
    stands(incident, how)
    if incident.status not in wanted:
        raise Refused(f"{incident.short_id} is {incident.status}")


def said(action: Action, incident: int | None, by: str, whose: alerts.Whose) -> Report:
    """By its number, or by the trouble's key: here in the name of whoever typed it; at a receiver elsewhere it is an alert like the
    monitor's."""
    if incident is None and not whose.dedup_key:
        raise BadInput(["an incident (INC-42) or --dedup-key is needed"])
    if incident is not None:
        return alerts.reported(action, alerts.Whose(), by=by, incident=incident)
    return alerts.reported(action, whose, by=by)


def settled(shell: Shell, report: Report, how: str, *, keep: bool) -> None:
    """Sends it and shows what became of it; raises `Refused` when that is not what was wanted."""
    came = alerts.send(shell, report, keep=keep)
    if came.standing is None:
        alerts.show(came, how)
        return
    stands(came.standing, how)
    if came.what == What.IGNORED:
        raise Refused(f"{came.incident} is {came.standing.status}")


def stands(incident: Incident, how: str) -> None:
    if how == JSON:
        shown.as_json(_standing(incident))
    else:
        click.echo(f"{incident.short_id} {shown.state(incident)}")


def snoozed_until(when: tuple[str, ...], by: str, roster: Roster, now: datetime) -> tuple[datetime, ZoneInfo]:
    """And the zone in which it was meant: that of whoever it is, else UTC, which is said. Raises `BadInput`."""
    is_span = len(when) == 1 and when[0] not in ("tomorrow", "next-morning")
    if is_span:
        return waking.bounded(now + parsed(when[0]), now), ZoneInfo("UTC")
    found = waking.person(roster, by)
    zone = waking.known(found.timezone) if found else None
    if zone is None:
        alerts.aside(f"times are UTC: whose clock is meant is not known of {by!r} (--by ANN)")
    said = " ".join(when[1:] if when[0] == "until" else when)
    return waking.wakes_at(said, zone or ZoneInfo("UTC"), now), zone or ZoneInfo("UTC")


def parsed(text: str) -> timedelta:
    try:
        lasts = duration.parsed(text)
    except Unreadable as error:
        raise BadInput([str(error)]) from None
    if not lasts:
        raise BadInput(["a snooze of no time is none"])
    return lasts


def _standing(incident: Incident) -> dict[str, object]:
    return {"incident": incident.short_id, "status": incident.status.value, "acknowledged_by": incident.acknowledged_by}
