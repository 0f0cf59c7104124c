"""The configuration file from the command line: check it, apply it, show what is applied, make an intake key."""

from __future__ import annotations

from pathlib import Path

import click

from escalation.cli.shell import Refused, Shell
from escalation.clock import SystemClock
from escalation.config import apply as applying
from escalation.config import keys
from escalation.config.duty import AHEAD
from escalation.errors import BadConfig, BadInput, NotFound

FILE = click.argument("file", type=click.Path(path_type=Path), required=False)


@click.group()
def config() -> None:
    """People, schedules, policies, services: one YAML file (default: ESCALATION_CONFIG)."""


@config.command()
@FILE
@click.pass_obj
def check(shell: Shell, file: Path | None) -> None:
    """Print every fault and warning with its line; change nothing."""
    path = file or shell.settings.config
    try:
        loaded = applying.check(path, SystemClock().now())
    except BadConfig as error:
        raise faulty(path, error) from None
    warn(path, loaded.warnings)
    click.echo(f"{path}: no faults")


@config.command()
@FILE
@click.option("--force", is_flag=True, help="Also when it leaves hours without anybody on call that had somebody.")
@click.pass_obj
def apply(shell: Shell, file: Path | None, force: bool) -> None:
    """Make the file the current configuration, wholly or not at all; print what changed."""
    path = file or shell.settings.config
    try:
        applied = applying.apply(shell.system.store, applying.text_of(path), path.parent, SystemClock().now(), force=force)
    except BadConfig as error:
        raise faulty(path, error) from None
    warn(path, applied.warnings)
    for change in applied.changes:
        click.echo(change)
    click.echo(f"version {applied.version} is current" + ("" if applied.changes else ", nothing changed"))
    if applied.changes:
        # Only now: whoever is paged in this moment may no longer be the one.
        shell.system.engine.roster_changed()


@config.command()
@FILE
@click.pass_context
def diff(ctx: click.Context, file: Path | None) -> None:
    """Print what applying the file would change, and who would be on call instead in the next 30 days; fails if it leaves a hole."""
    shell: Shell = ctx.obj
    path = file or shell.settings.config
    try:
        changed, on_call, holes = applying.compare(shell.system.store, applying.text_of(path), path.parent, SystemClock().now())
    except BadConfig as error:
        raise faulty(path, error, so="") from None
    for line in [*changed, *on_call] or ["nothing would change"]:
        click.echo(line + ("  HOLE" if line in holes else ""))
    if holes:
        raise Refused(f"it would leave {len(holes)} hole{'s' * (len(holes) != 1)} in the next {AHEAD.days} days")


@config.command()
@click.pass_obj
def show(shell: Shell) -> None:
    """Print the configuration that is applied."""
    with shell.system.store.transaction() as tx:
        document = tx.document()
    if not document:
        raise NotFound("no configuration was applied yet: escalation config apply")
    click.echo(document, nl=not document.endswith("\n"))


@config.command()
def key() -> None:
    """Make a new intake key."""
    click.echo(keys.new_key())


def faulty(path: Path, error: BadConfig, so: str = ", nothing was applied") -> BadInput:
    """The faults are what was asked for, so they are printed; the error is the one line about them."""
    for fault in error.faults:
        click.echo(f"{path}: {fault}")
    count = len(error.faults)
    return BadInput([f"{path}: {count} fault{'s' if count != 1 else ''}{so}"])


def warn(path: Path, warnings: list[str]) -> None:
    for warning in warnings:
        click.echo(f"{path}: {warning} (warning)")
