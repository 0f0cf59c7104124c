"""Backup and restore from the command line, and letting a restored site go on. What a backup is, is in `local.backup` and
`store.backup`."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli import shown
from escalation.cli.shell import Refused, Shell
from escalation.local import backup as backups

FILE = click.argument("file", type=click.Path(path_type=Path, allow_dash=True))


@click.command()
@FILE
@click.pass_obj
def backup(shell: Shell, file: Path) -> None:
    """Write everything in the database to FILE (-: standard output), while the site runs."""
    backups.write(shell.settings.sql_url, file)
    if file != backups.STANDARD:
        click.echo(f"{file}: {file.stat().st_size} bytes")


@click.command()
@FILE
@click.option("--force", is_flag=True, help="Replace what is in the database.")
@click.pass_obj
def restore(shell: Shell, file: Path, force: bool) -> None:
    """Make the database that of a backup; nothing is sent before `escalation resume`."""
    site = backups.restore(shell.settings.sql_url, file, force=force)
    click.echo(f"as of {shown.moment(site.taken_at)}, {site.opened} open; what was under way then is not sent again")
    click.echo("The site is held: start it, look at it (escalation doctor, escalation list), then escalation resume")


@click.command()
@click.option("--look", is_flag=True, help="Only show what is open; let nothing go on.")
@click.pass_obj
def resume(shell: Shell, look: bool) -> None:
    """Let a restored site page again; print what is open, and what of it is overdue."""
    system = shell.system
    hold = system.queries.held()
    if hold is None:
        raise Refused("the site is not held")
    now = system.queries.sending().now
    for row in system.queries.incidents(limit=1000):
        late = f", overdue since {shown.moment(row.next_at)}" if row.next_at and row.next_at <= now else ""
        click.echo(
            f"{row.short_id}  {row.severity}  {row.status}, step {row.step} of {row.steps}{late}  {row.service}: {row.summary}"
        )
    if look:
        click.echo(str(hold))
        return
    with system.store.transaction() as tx:
        tx.let_go()
    click.echo("It pages again: what is overdue goes on now.")
