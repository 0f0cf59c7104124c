"""Commands that run or prepare something instead of touching an incident: `up`, `restart`, `doctor`, `migrate`, `sandbox`, `demo`,
`version`."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from escalation.cli.shell import JSON, Shell, output
from escalation.errors import BadInput
from escalation.local import demo as showing
from escalation.local import doctor as medicine
from escalation.local import rolling as rolls
from escalation.local import up as running
from escalation.sandbox.script import ScriptFaults
from escalation.sandbox.server import serve
from escalation.store import schema


@click.command()
@click.option("--rolling", is_flag=True, help="Only if the processes that run now can go on beside it.")
@click.pass_obj
def migrate(shell: Shell, rolling: bool) -> None:
    """Create the database or bring it up to date."""
    schema.migrate(shell.settings.sql_url, rolling=rolling)
    click.echo(f"the database is at {schema.current(shell.settings.sql_url)}")


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="HOST:PORT of the receiver.")
@click.option("--flower-port", type=click.IntRange(0, 65535), default=5555, show_default=True, help="On loopback; 0: no Flower.")
@click.option("--echo", is_flag=True, help="Print the processes' lines too, not only into their log files.")
@click.pass_context
def up(ctx: click.Context, bind: str, flower_port: int, echo: bool) -> None:
    """Run a whole site on this machine, for real use."""
    shell: Shell = ctx.obj
    ctx.exit(running.run(shell.environ, running.Wanted(running.bind_address(bind), flower_port, echo), click.echo))


@click.command()
@click.pass_obj
def restart(shell: Shell) -> None:
    """Restart what `up` runs here, one after the other: nothing is refused meanwhile."""
    rolls.ask(shell.settings.data_dir.absolute())
    click.echo("all were restarted, one after the other")


@click.command()
@click.option("--only", multiple=True, type=click.Choice(medicine.CHECKS), help="This check, and others named like that.")
@output
@click.pass_context
def doctor(ctx: click.Context, only: tuple[str, ...], output: str) -> None:
    """Check this site: every fault with its cure; fails if there is one."""
    shell: Shell = ctx.obj
    diagnosis = medicine.examine(shell.environ, only)
    click.echo(medicine.as_json(diagnosis) if output == JSON else "\n".join(medicine.as_lines(diagnosis)))
    ctx.exit(0 if diagnosis.is_well else 1)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8008, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on (loopback).")
@click.option("--script", type=click.Path(path_type=Path), help="YAML: what the phones do and what goes wrong.")
@click.option("--callback-host", help="HOST[:PORT], the only place callbacks may go to (default: this machine).")
@click.option("--smtp-port", type=click.IntRange(0, 65535), help="Also take mail on this port.")
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="How much faster than the wall.")
def sandbox(port: int, host: str, script: Path | None, callback_host: str | None, smtp_port: int | None, speed: float) -> None:
    """Run a pretend Plivo, with stand-ins for Slack and a mail server."""
    try:
        serve(port, script, callback_host, host=host, smtp_port=smtp_port, speed=speed, say=click.echo)
    except ScriptFaults as error:
        raise BadInput(error.faults) from None
    except OSError as error:
        raise BadInput([f"the sandbox cannot be started: {error.strerror or type(error).__name__}"]) from None


@click.command()
@click.option("--auto", is_flag=True, help="Play the scripted night without a terminal; fail unless all of it happened.")
@click.option("--json", "as_json", is_flag=True, help="With --auto: print what was expected and what happened as JSON.")
@click.option("--keep", is_flag=True, help="Keep the folder with logs and database.")
@click.pass_context
def demo(ctx: click.Context, auto: bool, as_json: bool, keep: bool) -> None:
    """Watch an alert ring simulated phones until somebody has it."""
    if as_json and not auto:
        raise BadInput(["--json needs --auto"])
    shell: Shell = ctx.obj
    ctx.exit(showing.run(shell.environ, auto=auto, as_json=as_json, keep=keep))


@click.command("version")
def version_() -> None:
    """Print the version."""
    try:
        click.echo(version("escalation"))
    except PackageNotFoundError:  # run from a checkout
        click.echo("development")
