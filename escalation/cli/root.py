"""The `escalation` command: the list of commands, and how what went wrong is told: one line on standard error and an exit code
(docs/cli.md). Not the commands themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import cast

import click

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


# What each command is, by where it is: a page that goes out must not wait for the imports of a demo.
COMMANDS = {
    "trigger": "alerts.trigger",
    "ack": "incidents.ack",
    "unack": "incidents.unack",
    "resolve": "incidents.resolve",
    "snooze": "incidents.snooze",
    "escalate": "incidents.escalate",
    "reassign": "handing_on.reassign",
    "hand-over": "handing_on.hand_over",
    "add-responder": "handing_on.add_responder",
    "note": "incidents.note",
    "show": "incidents.show",
    "list": "incidents.list_",
    "oncall": "oncall.oncall",
    "schedule": "oncall.schedule",
    "calendar": "calendar.calendar",
    "override": "arrangements.override",
    "absence": "arrangements.absence",
    "simulate": "simulate.simulate",
    "maintenance": "maintenance.maintenance",
    "spool": "spool.spool",
    "config": "config.config",
    "up": "programs.up",
    "restart": "programs.restart",
    "doctor": "programs.doctor",
    "migrate": "programs.migrate",
    "audit": "audit.audit",
    "self-test": "self_test.self_test",
    "verify": "verify.verify",
    "backup": "backup.backup",
    "restore": "backup.restore",
    "resume": "backup.resume",
    "watch": "watch.watch",
    "sandbox": "programs.sandbox",
    "demo": "programs.demo",
    "version": "programs.version_",
}


class Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(".")
        return cast("click.Command", getattr(import_module(f"escalation.cli.{module}"), name))


@click.command(cls=Commands, name="escalation", context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Page the right person until somebody has it."""


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
