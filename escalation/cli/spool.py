"""The spool from the command line: what waits on this machine for the database, or for a receiver elsewhere, and handing it over now.
What puts it there are `trigger`, `ack` and `resolve` (`alerts`)."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from escalation.cli import shown
from escalation.cli.shell import JSON, Refused, Shell, output
from escalation.errors import StoreUnavailable
from escalation.local.report import Report
from escalation.local.spool import Kept


@click.group()
def spool() -> None:
    """What was reported while nobody could take it, and waits on this machine."""


@spool.command("list")
@output
@click.pass_obj
def list_(shell: Shell, output: str) -> None:
    """What waits, oldest first, and what was set aside."""
    waiting, aside = shell.spool.waiting(), shell.spool.set_aside()
    if output == JSON:
        shown.as_json({"waiting": [_as_json(kept) for kept in waiting], "set_aside": [_as_json(kept) for kept in aside]})
        return
    if not waiting and not aside:
        click.echo("Nothing waits.")
    for kept in waiting:
        click.echo(f"waits      {_line(kept)}")
    for kept in aside:
        click.echo(f"set aside  {_line(kept)}: {kept.why}")


@spool.command()
@click.option("--set-aside", "again", is_flag=True, help="Also what was set aside, after the cause is mended.")
@click.pass_obj
def ship(shell: Shell, again: bool) -> None:
    """Hand over what waits, in order."""
    if again:
        shell.spool.take_back()
    before = len(shell.spool.set_aside())
    away = shell.spool.ship(shell.courier.deliver, click.echo)
    if away:
        raise StoreUnavailable(f"{len(shell.spool.waiting())} wait: {'; '.join(away)}")
    if refused := len(shell.spool.set_aside()) - before:
        raise Refused(f"{refused} set aside: escalation spool list")


def _line(kept: Kept) -> str:
    if kept.report is None:
        return kept.file.name
    report = kept.report
    return f"{shown.moment(report.raised_at)}  {report.action}  {_what(report)}  for {_place(report)}"


def _as_json(kept: Kept) -> dict[str, object]:
    common: dict[str, object] = {"file": kept.file.name, "why": kept.why}
    if kept.report is None:
        return common
    report = kept.report
    return common | {
        "raised_at": report.raised_at.isoformat(),
        "action": report.action.value,
        "incident": f"INC-{report.incident}" if report.incident else None,
        "dedup_key": report.dedup_key,
        "summary": report.body.get("summary"),
        "service": report.service or None,
        "receiver": urlsplit(report.url).hostname,
    }


def _what(report: Report) -> str:
    if report.incident:
        return f"INC-{report.incident}"
    summary = report.body.get("summary")
    return f"{summary} (dedup key {report.dedup_key})" if summary else f"dedup key {report.dedup_key}"


def _place(report: Report) -> str:
    """Without what else stands in a URL: it may hold a password."""
    return urlsplit(report.url).hostname or "elsewhere" if report.url else report.service or "here"
