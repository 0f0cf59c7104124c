"""Maintenance windows from the command line: made, listed, ended, and by whom. Not what they do to an incident (`domain.holding`), and not which
are refused (`domain.maintenance`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from escalation.cli.arrangements import BEGINNING, NUMBER, begin, everything
from escalation.cli.incidents import by
from escalation.cli.moments import MOMENT, instant, local
from escalation.cli.shell import JSON, Shell, output
from escalation.cli.shown import as_json
from escalation.config import duration
from escalation.config.faults import Refused as Unreadable
from escalation.domain.alert import Severity
from escalation.domain.maintenance import Maintenance, On, Planned, Scope, on_now
from escalation.errors import BadInput


@click.group()
def maintenance() -> None:
    """Times in which what begins is recorded and nobody is paged for it; paged when they are over."""


@maintenance.command("add")
@click.argument("reason")
@click.option("--service", "services", multiple=True, help="Of this service; may be said several times.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Only with this detail; may be said several times.")
@click.option("--at-most", type=click.Choice([s.value for s in Severity]), help="Only what is no worse; worse is paged.")
@begin
@click.option("--to", "end", type=MOMENT, help="Likewise; this or --for.")
@click.option("--for", "lasts", metavar="DURATION", help="90s, 30m, 1h30m.")
@click.option("--stop-ringing", is_flag=True, help="What is being paged when it begins is held back, too (default: goes on).")
@by
@output
@click.pass_obj
def add(shell: Shell, /, reason: str, by: str, output: str, **said: Any) -> None:
    """From now, or --from, until --to or --for that long. REASON stands in each incident's timeline. Times are UTC where they have no
    offset."""
    with shell.system.store.read() as tx:
        start = instant(said["begin"], UTC) if said["begin"] else tx.now
    until = _end(start, said["end"], said["lasts"])
    scope = Scope(said["services"], dict(map(_label, said["labels"])), Severity(said["at_most"]) if said["at_most"] else None)
    made = shell.system.review.plan(Planned(scope, start, until, reason, said["stop_ringing"]), by)
    with shell.system.store.read() as tx:
        found = [one for one in tx.maintenance(tx.now) if one.id == made]
    _print(found, (), output)


@maintenance.command("list")
@everything
@output
@click.pass_obj
def list_(shell: Shell, everything: bool, output: str) -> None:
    """Windows that are on or will be; of the recurring ones those that are on now."""
    with shell.system.store.read() as tx:
        found = tx.maintenance(BEGINNING if everything else tx.now, ended=everything)
        weekly = on_now(tx.site().maintenance, (), tx.now)
    _print(found, weekly, output)


@maintenance.command("end")
@NUMBER
@by
@click.pass_obj
def end(shell: Shell, number: int, by: str) -> None:
    """End a planned window now, or before it begins: what it held back and is still open is paged at once."""
    shell.system.review.end(number, by)
    click.echo(f"maintenance {number} is ended")


def _end(start: datetime, end: datetime | None, lasts: str | None) -> datetime:
    if (end is None) == (lasts is None):
        raise BadInput(["say --to or --for, and not both"])
    try:
        return instant(end, UTC) if end else start + duration.parsed(lasts or "")
    except Unreadable as error:
        raise BadInput([str(error)]) from None


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise BadInput([f"{text[:40]!r} is not NAME=VALUE"])
    return name, value


def _print(found: list[Maintenance], weekly: tuple[On, ...], output: str) -> None:
    if output == JSON:
        as_json([*map(_as_json, found), *map(_weekly_as_json, weekly)])
        return
    for one in found:
        click.echo(_line(one))
    for window in weekly:
        click.echo(f"{window.why}  of {window.scope}  until {local(window.end, UTC)} UTC")


def _line(one: Maintenance) -> str:
    what = one.what
    times = f"{local(what.start, UTC)} to {local(what.end, UTC)} UTC"
    gone = f", ended by {one.ended_by} {local(one.ended_at, UTC)} UTC" if one.ended_at else ""
    stops = "  also what rings" if what.stops else ""
    return (
        f"maintenance {one.id}  {what.scope}  {times}{stops}  {what.reason}  by {one.made_by} {local(one.made_at, UTC)} UTC{gone}"
    )


def _as_json(one: Maintenance) -> dict[str, object]:
    what = one.what
    return {
        "id": one.id,
        "services": list(what.scope.services),
        "labels": dict(what.scope.labels),
        "at_most": what.scope.at_most.value if what.scope.at_most else None,
        "from": what.start.isoformat(),
        "to": what.end.isoformat(),
        "reason": what.reason,
        "stop_ringing": what.stops,
        "made_by": one.made_by,
        "made_at": one.made_at.isoformat(),
        "ended_by": one.ended_by or None,
        "ended_at": one.ended_at.isoformat() if one.ended_at else None,
    }


def _weekly_as_json(window: On) -> dict[str, object]:
    scope = window.scope
    return {
        "recurring": window.why,
        "services": list(scope.services),
        "labels": dict(scope.labels),
        "at_most": scope.at_most.value if scope.at_most else None,
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "stop_ringing": window.stops,
    }
