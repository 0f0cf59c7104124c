"""`escalation calendar`: the secret address of a person's or a schedule's calendar, and a new one in its place. Not what is in it."""

from __future__ import annotations

import click

from escalation.cli.incidents import by
from escalation.cli.oncall import the_schedule
from escalation.cli.shell import JSON, Refused, Shell, output
from escalation.cli.shown import as_json
from escalation.domain.links import calendar_token
from escalation.domain.roster import Target, TargetKind
from escalation.errors import NotFound

renew = click.option("--renew", is_flag=True, help="A new address; those that were given out are void.")


@click.group()
def calendar() -> None:
    """Addresses of calendars (iCal) that show who is on call. Whoever has one can read it: hand it to nobody else."""


@calendar.command()
@click.argument("person")
@renew
@by
@output
@click.pass_obj
def person(shell: Shell, person: str, renew: bool, by: str, output: str) -> None:
    """The shifts of PERSON in all schedules."""
    with shell.system.store.read() as tx:
        if person not in tx.site().roster.people:
            raise NotFound(f"there is no person {person[:40]!r}")
    _print(shell, Target(TargetKind.PERSON, person), by if renew else "", output)


@calendar.command()
@click.argument("name")
@renew
@by
@output
@click.pass_obj
def schedule(shell: Shell, name: str, renew: bool, by: str, output: str) -> None:
    """All shifts of schedule NAME, and its gaps."""
    with shell.system.store.read() as tx:
        the_schedule(tx.site().roster, name)
    _print(shell, Target(TargetKind.SCHEDULE, name), by if renew else "", output)


def _print(shell: Shell, owner: Target, renewed_by: str, output: str) -> None:
    settings = shell.system.settings
    if not settings.secret_key or not settings.public_url:
        raise Refused("an address needs ESCALATION_SECRET_KEY, which signs it, and ESCALATION_PUBLIC_URL, where it points")
    with shell.system.store.transaction() as tx:
        edition = tx.renew_calendar(str(owner), renewed_by) if renewed_by else tx.calendar_editions().get(str(owner), 0)
    url = f"{settings.public_url}/calendar/{calendar_token(settings.secret_key, str(owner), edition)}.ics"
    if output == JSON:
        as_json({"owner": str(owner), "url": url, "edition": edition})
    else:
        click.echo(url)
