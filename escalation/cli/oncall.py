"""Who is on call: `escalation oncall`, and a schedule's shifts: `escalation schedule show`. Reads what was applied; arranges
nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from escalation.cli.moments import MOMENT, instant, iso, local
from escalation.cli.shell import JSON, Shell, output
from escalation.cli.shown import as_json
from escalation.domain.overrides import EVER, Assignment, Origin
from escalation.domain.roster import Roster
from escalation.domain.schedule import Schedule, Shift, next_handoff, shifts
from escalation.errors import BadInput, NotFound

TWO_WEEKS = timedelta(days=14)
LONGEST = timedelta(days=366)


@click.command()
@click.option("--at", type=MOMENT, help="Then instead of now; UTC where it has no offset.")
@click.option("--team", help="Only the schedules that somebody of this team is in.")
@output
@click.pass_obj
def oncall(shell: Shell, at: datetime | None, team: str | None, output: str) -> None:
    """Who is on call in each schedule, until when, and who is next."""
    with shell.system.store.read() as tx:
        roster, now = tx.site().roster, tx.now
    then = instant(at, UTC) if at else now
    found = [_Standing(roster, schedule, then) for schedule in _of_team(roster, team)]
    if output == JSON:
        as_json({"at": then.isoformat(), "schedules": [one.as_json() for one in found]})
        return
    for line in [one.line() for one in found] or ["There is no schedule."]:
        click.echo(line)


@click.group()
def schedule() -> None:
    """On-call schedules."""


@schedule.command()
@click.argument("name")
@click.option("--from", "begin", type=MOMENT, help="The schedule's own time where it has no offset (default: now).")
@click.option("--to", "end", type=MOMENT, help="Likewise (default: two weeks later).")
@output
@click.pass_obj
def show(shell: Shell, name: str, begin: datetime | None, end: datetime | None, output: str) -> None:
    """Every shift of that time, gaps too, in the schedule's time zone."""
    with shell.system.store.read() as tx:
        roster, now = tx.site().roster, tx.now
    found = the_schedule(roster, name)
    start = instant(begin, found.zone) if begin else now
    until = instant(end, found.zone) if end else start + TWO_WEEKS
    if not start < until <= start + LONGEST:
        raise BadInput([f"`--to` must be later than `--from`, and at most {LONGEST.days} days"])
    told = shifts(found, start, until, roster.overrides, roster.absences)
    if output == JSON:
        as_json(
            {"schedule": name, "timezone": found.zone.key, "shifts": [shift_as_json(roster, shift, found.zone) for shift in told]}
        )
        return
    click.echo(f"{name}, times of {found.zone.key}")
    for shift in told:
        click.echo(f"{local(shift.start, found.zone)}  {local(shift.end, found.zone)}  {whom(roster, shift)}{_layer(shift)}")


def the_schedule(roster: Roster, name: str) -> Schedule:
    """Raises `NotFound`."""
    if name not in roster.schedules:
        raise NotFound(
            f"there is no schedule {name[:60]!r}" + (f" (there are: {', '.join(roster.schedules)})" if roster.schedules else "")
        )
    return roster.schedules[name]


class _Standing:
    """One schedule at an instant."""

    def __init__(self, roster: Roster, schedule: Schedule, at: datetime) -> None:
        self._roster, self._schedule = roster, schedule
        shift = roster.shift(schedule.name, at)
        assert shift is not None
        self._shift = shift
        change = next_handoff(schedule, at, roster.overrides, roster.absences)
        self._next = change[1] if change else None

    def line(self) -> str:
        zone, then = self._schedule.zone, ""
        if self._next:
            then = f"  until {local(self._next.start, zone)} {zone.key}, then {whom(self._roster, self._next)}"
        return f"{self._schedule.name}  {whom(self._roster, self._shift)}{then}"

    def as_json(self) -> dict[str, object]:
        zone = self._schedule.zone
        change = (
            {"at": iso(self._next.start.astimezone(self._schedule.zone)), "people": people(self._roster, self._next)}
            if self._next
            else None
        )
        return {
            "schedule": self._schedule.name,
            "timezone": zone.key,
            **shift_as_json(self._roster, self._shift, zone),
            "next": change,
        }


def whom(roster: Roster, shift: Shift) -> str:
    if shift.empty is not None:
        return f"nobody: {shift.empty}"
    return ", ".join(_named(roster, a) for a in shift.assignments)


def people(roster: Roster, shift: Shift) -> list[dict[str, object]]:
    return [
        {
            "person": a.person,
            "name": roster.name(a.person),
            "why": a.origin.value,
            "instead_of": a.instead_of or None,
            "override": a.override or None,
        }
        for a in shift.assignments
    ]


def shift_as_json(roster: Roster, shift: Shift, zone: ZoneInfo) -> dict[str, object]:
    """Times in the schedule's zone, with their offset."""
    start, end = (at if at in EVER else at.astimezone(zone) for at in (shift.start, shift.end))
    return {
        "from": iso(start),
        "to": iso(end),
        "people": people(roster, shift),
        "layer": shift.layer or None,
        "empty": shift.empty.value if shift.empty else None,
    }


def _named(roster: Roster, assignment: Assignment) -> str:
    name = roster.name(assignment.person)
    instead = f" for {roster.name(assignment.instead_of)}" if assignment.instead_of else ""
    match assignment.origin:
        case Origin.OVERRIDE:
            return f"{name} (override {assignment.override}{instead})"
        case Origin.COVER:
            return f"{name} (covers{instead})"
        case Origin.ROTATION:
            return name


def _layer(shift: Shift) -> str:
    return f"  [{shift.layer}]" if shift.layer else ""


def _of_team(roster: Roster, team: str | None) -> Iterator[Schedule]:
    if team is not None and team not in roster.teams:
        raise NotFound(f"there is no team {team[:60]!r}")
    members: Iterable[str] = roster.teams[team] if team is not None else ()
    return (s for s in roster.schedules.values() if team is None or s.people.intersection(members))
