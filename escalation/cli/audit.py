"""`escalation audit`: looks at every open incident now, whoever is or is not at work, and says what would never have happened. Not the
rules (`domain.audit`) and not the timekeeper's own rounds (`escalation.audit`)."""

from __future__ import annotations

import click

from escalation.audit import Missed
from escalation.cli import shown
from escalation.cli.shell import JSON, Shell, output
from escalation.local.checks import pulse
from escalation.local.checks.finding import Level


@click.command()
@click.option("--repair", is_flag=True, help="Set right what was found, as the timekeeper does all the time.")
@output
@click.pass_context
def audit(ctx: click.Context, repair: bool, output: str) -> None:
    """Look for incidents that nothing would wake and pages that nobody would send; fails if there are any."""
    shell: Shell = ctx.obj
    missed = shell.system.audit.whole(repair=repair)
    late = tuple(
        f"{found.what}: {found.said}" for found in pulse.behind(shell.system.queries.sending()) if found.level is Level.FAULT
    )
    if output == JSON:
        shown.as_json(_as_json(missed, late))
    else:
        _print(missed, late)
    ctx.exit(1 if missed or late else 0)


def _print(missed: tuple[Missed, ...], late: tuple[str, ...]) -> None:
    for one in missed:
        whose = f"INC-{one.incident_id}  " if one.incident_id else ""
        click.echo(f"{whose}{one.said}{': set right' if one.is_repaired else ''}")
    for line in late:
        click.echo(line)
    found = len(missed) + len(late)
    click.echo(f"{found} finding{'s' * (found != 1)}" if found else "clean")


def _as_json(missed: tuple[Missed, ...], late: tuple[str, ...]) -> dict[str, object]:
    findings = [
        {"incident": f"INC-{m.incident_id}" if m.incident_id else None, "said": m.said, "repaired": m.is_repaired} for m in missed
    ]
    return {"clean": not missed and not late, "findings": findings, "late": list(late)}
