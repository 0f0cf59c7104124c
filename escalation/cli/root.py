"""The `escalation` command: the list of commands, and how what went wrong is told: one line on standard error and an exit code
(docs/cli.md). Not the commands themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from escalation.cli import alerts, audit, backup, config, incidents, programs, self_test, spool, watch
from escalation.cli.shell import Shell
from escalation.errors import BadInput, EscalationError, SchemaMismatch, StoreUnavailable

OK, REFUSED, BAD_INPUT, AWAY = 0, 1, 2, 3
CODES = {
    OK: "done",
    REFUSED: "not found, refused as things stand, or `doctor`, `audit` or `self-test` found a fault",
    BAD_INPUT: "bad usage or bad input",
    AWAY: "the database, or the receiver at `--url`, is away, or the database is of another release",
}
INTERRUPTED = 130


@click.group(name="escalation", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Page the right person until somebody has it."""


for command in (
    alerts.trigger, incidents.ack, incidents.resolve, incidents.snooze, incidents.escalate, incidents.show, incidents.list_,
    spool.spool, config.config, programs.up, programs.restart, programs.doctor, programs.migrate, audit.audit, self_test.self_test,
    backup.backup, backup.restore, backup.resume,
    watch.watch, programs.sandbox, programs.demo, programs.version_,
):  # fmt: skip
    cli.add_command(command)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Runs one command; returns the exit code."""
    shell = Shell(environ)
    try:
        code = cli.main(list(arguments), prog_name="escalation", standalone_mode=False, obj=shell)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return BAD_INPUT
    except click.ClickException as error:
        return told(error.format_message(), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (StoreUnavailable, SchemaMismatch) as error:
        return told(str(error), AWAY)
    except EscalationError as error:
        return told(str(error), BAD_INPUT if isinstance(error, BadInput) else REFUSED)
    finally:
        shell.close()
    return code if isinstance(code, int) else OK


def told(message: str, code: int) -> int:
    """One line, whatever the message looks like."""
    click.echo("escalation: " + " ".join(message.split()), err=True)
    return code
