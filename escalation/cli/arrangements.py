"""Overrides and absences from the command line: who takes whose shift, who is away, and who arranged that. Not what they do to a
schedule (`domain.overrides`), and not which are refused (`domain.arrangements`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from escalation.cli.incidents import by
from escalation.cli.moments import MOMENT, instant, local
from escalation.cli.oncall import the_schedule
from escalation.cli.shell import JSON, Refused, Shell, output
from escalation.cli.shown import as_json
from escalation.domain.arrangements import Arrangement
from escalation.domain.overrides import EVER, Absence, Override
from escalation.domain.roster import Roster
from escalation.domain.schedule import Shift, shifts
from escalation.domain.swaps import swap as swapped
from escalation.errors import NotFound

AHEAD = timedelta(days=90)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
begin = click.option("--from", "begin", type=MOMENT, help="Local time where it has no offset (default: now).")
to = click.option("--to", "end", type=MOMENT, help="Likewise (default: the end of the shift that is on then).")
everything = click.option("--all", "everything", is_flag=True, help="What is over or was taken back, too.")
NUMBER = click.argument("number", type=click.IntRange(1, 2**53))


@click.group()
def override() -> None:
    """Shifts that somebody takes, gives or swaps: they hold over the layers of a schedule."""


@click.group()
def absence() -> None:
    """Holidays: whoever is away is on call nowhere, and the next in the rotation covers."""


@override.command("add")
@click.argument("schedule")
@click.argument("person")
@begin
@to
@click.option("--instead-of", metavar="PERSON", help="Take over from that person alone (default: from everybody).")
@by
@output
@click.pass_obj
def take(
    shell: Shell,
    schedule: str,
    person: str,
    begin: datetime | None,
    end: datetime | None,
    instead_of: str | None,
    by: str,
    output: str,
) -> None:
    """PERSON is on call in SCHEDULE for that time."""
    start, until = _times(shell, schedule, begin, end)
    _arranged(shell, [Override(0, schedule, start, until, person, instead_of)], by, output)


@override.command("empty")
@click.argument("schedule")
@begin
@to
@click.option("--instead-of", metavar="PERSON", help="Only that person's place (default: everybody's).")
@by
@output
@click.pass_obj
def empty(
    shell: Shell, schedule: str, begin: datetime | None, end: datetime | None, instead_of: str | None, by: str, output: str
) -> None:
    """Nobody is on call in SCHEDULE for that time: a step that pages it goes on with its other targets, or is skipped."""
    start, until = _times(shell, schedule, begin, end)
    _arranged(shell, [Override(0, schedule, start, until, None, instead_of)], by, output)


@override.command("swap")
@click.argument("schedule")
@click.argument("one")
@click.argument("other")
@begin
@by
@output
@click.pass_obj
def swap(shell: Shell, schedule: str, one: str, other: str, begin: datetime | None, by: str, output: str) -> None:
    """ONE and OTHER take each other's next shift (of the next 90 days)."""
    roster, now = _standing(shell)
    found = the_schedule(roster, schedule)
    start = instant(begin, found.zone) if begin else now
    told = shifts(found, start, start + AHEAD, roster.overrides, roster.absences)
    hers, his = (_next(told, person, schedule) for person in (one, other))
    if max(hers.start, his.start) < min(hers.end, his.end):
        raise Refused(f"{one} and {other} are on call at the same time then: there is nothing to swap")
    _arranged(shell, list(swapped(schedule, (one, hers), (other, his), (0, 0))), by, output)


@absence.command("add")
@click.argument("person")
@begin
@click.option("--to", "end", type=MOMENT, required=True, help="Likewise.")
@by
@output
@click.pass_obj
def leave(shell: Shell, person: str, begin: datetime | None, end: datetime, by: str, output: str) -> None:
    """PERSON is away for that time; times are theirs where they have no offset."""
    roster, now = _standing(shell)
    known = roster.people.get(person)
    zone = ZoneInfo(known.timezone) if known else ZoneInfo("UTC")
    _arranged(shell, [Absence(person, instant(begin, zone) if begin else now, instant(end, zone))], by, output)


@override.command("list")
@everything
@output
@click.pass_obj
def overrides(shell: Shell, everything: bool, output: str) -> None:
    """Overrides that hold or will."""
    _list(shell, Override, output, everything=everything)


@absence.command("list")
@everything
@output
@click.pass_obj
def absences(shell: Shell, everything: bool, output: str) -> None:
    """Absences that hold or will."""
    _list(shell, Absence, output, everything=everything)


@override.command("remove")
@NUMBER
@by
@click.pass_obj
def give_back(shell: Shell, number: int, by: str) -> None:
    """End an override now, or before it begins."""
    _remove(shell, Override, number, by)


@absence.command("remove")
@NUMBER
@by
@click.pass_obj
def come_back(shell: Shell, number: int, by: str) -> None:
    """End an absence now, or before it begins."""
    _remove(shell, Absence, number, by)


def _standing(shell: Shell) -> tuple[Roster, datetime]:
    with shell.system.store.read() as tx:
        return tx.site().roster, tx.now


def _times(shell: Shell, schedule: str, begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    roster, now = _standing(shell)
    found = the_schedule(roster, schedule)
    start = instant(begin, found.zone) if begin else now
    return start, instant(end, found.zone) if end else _end(roster.shift(schedule, start))


def _end(shift: Shift | None) -> datetime:
    if shift is None or shift.end == EVER[1]:
        raise Refused("that shift has no end: say --to")
    return shift.end


def _next(told: list[Shift], person: str, schedule: str) -> Shift:
    found = next((shift for shift in told if person in shift.people), None)
    if found is None:
        raise Refused(f"{person} is not on call in {schedule} in the next {AHEAD.days} days")
    return found


def _arranged(shell: Shell, what: list[Override | Absence], by: str, output: str) -> None:
    ids = shell.system.engine.arrange(*what, by=by)
    with shell.system.store.read() as tx:
        roster, made = tx.site().roster, [one for one in tx.arrangements(BEGINNING) if one.id in ids]
    _print(roster, made, output)


def _list(shell: Shell, kind: type[Override | Absence], output: str, *, everything: bool) -> None:
    with shell.system.store.read() as tx:
        roster, since = tx.site().roster, BEGINNING if everything else tx.now
        found = [one for one in tx.arrangements(since, removed=everything) if isinstance(one.what, kind)]
    _print(roster, found, output)


def _remove(shell: Shell, kind: type[Override | Absence], number: int, by: str) -> None:
    with shell.system.store.read() as tx:
        there = any(one.id == number and isinstance(one.what, kind) for one in tx.arrangements(tx.now))
    if not there:
        raise NotFound(f"there is no {_kind(kind)} {number} that holds or will")
    shell.system.engine.take_back(number, by)
    click.echo(f"{_kind(kind)} {number} is taken back")


def _print(roster: Roster, found: list[Arrangement], output: str) -> None:
    if output == JSON:
        as_json([_as_json(one) for one in found])
        return
    for one in found:
        click.echo(_line(roster, one))


def _line(roster: Roster, one: Arrangement) -> str:
    """`override 3  primary  Bob instead of Ann  Mon 2026-01-05 09:00 to … Europe/Berlin  by bob`."""
    what = one.what
    if isinstance(what, Override):
        schedule = roster.schedules.get(what.schedule)
        zone = schedule.zone if schedule else ZoneInfo("UTC")
        instead = f" instead of {roster.name(what.instead_of)}" if what.instead_of else ""
        said = f"{what.schedule}  {roster.name(what.takes) if what.takes else 'nobody'}{instead}"
    else:
        person = roster.people.get(what.person)
        zone, said = ZoneInfo(person.timezone if person else "UTC"), f"{roster.name(what.person)} is away"
    gone = f", taken back by {one.removed_by} {local(one.removed_at, UTC)} UTC" if one.removed_at else ""
    times = f"{local(what.start, zone)} to {local(what.end, zone)} {zone.key}"
    return f"{_kind(type(what))} {one.id}  {said}  {times}  by {one.made_by} {local(one.made_at, UTC)} UTC{gone}"


def _as_json(one: Arrangement) -> dict[str, object]:
    what = one.what
    whom: dict[str, object] = {"person": what.person} if isinstance(what, Absence) else {
        "schedule": what.schedule, "person": what.takes, "instead_of": what.instead_of
    }  # fmt: skip
    return {
        "id": one.id,
        "kind": _kind(type(what)),
        **whom,
        "from": what.start.isoformat(),
        "to": what.end.isoformat(),
        "made_by": one.made_by,
        "made_at": one.made_at.isoformat(),
        "removed_by": one.removed_by or None,
        "removed_at": one.removed_at.isoformat() if one.removed_at else None,
    }


def _kind(kind: type[Override | Absence]) -> str:
    return "absence" if kind is Absence else "override"
