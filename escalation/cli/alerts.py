"""Alerts from the command line: `trigger`, and `ack` and `resolve` by the trouble's own key. The same body as our own intake format
takes, read by the same parser; straight into the engine, or with `--url` over HTTP to a receiver elsewhere. What nobody can take now
is kept on this machine's disk (`local.spool`)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar

import click

from escalation.cli import shown
from escalation.cli.details import DETAILS, details_of
from escalation.cli.shell import JSON, Refused, Shell, output
from escalation.clock import SystemClock
from escalation.config import keys
from escalation.domain.alert import Action, Severity
from escalation.domain.dedup import What
from escalation.errors import BadInput, StoreUnavailable
from escalation.intake import native
from escalation.intake.reading import dedup_key
from escalation.local.report import Came, Report
from escalation.local.spool import SpoolUnusable

F = TypeVar("F", bound=Callable[..., object])

SPOOLED = "spooled"
SHIPPING = 2.0  # seconds that a command gives to what waits before it
UNCHECKED = "0" * keys.MIN_LENGTH  # in place of a key: whether the body can be read does not depend on it

keep = click.option(
    "--spool/--no-spool", "keep", default=True, show_default=True, help="Keep it on this machine's disk while nobody can take it."
)


@dataclass(frozen=True, slots=True)
class Whose:
    """How a command names a trouble: by its own key, of a service here, or at a receiver elsewhere."""

    dedup_key: str = ""
    service: str = ""
    url: str = ""
    key_file: Path | None = None


@click.command()
@click.argument("summary")
@click.option("--service", default="", help="What is broken; may be left out where there is one service only.")
@click.option("--dedup-key", default="", help="Names the trouble: the same key again is the same incident.")
@click.option("--severity", type=click.Choice([s.value for s in Severity]), default=Severity.CRITICAL.value)
@click.option("--source", default="", help="Where it was seen.")
@DETAILS
@click.option("--link", "links", multiple=True, metavar="URL", help="A page about it; can be given several times.")
@click.option("--url", default="", help="A receiver elsewhere: http(s)://host[:port]. Needs --key-file.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file with the service's intake key.")
@keep
@output
@click.pass_obj
def trigger(
    shell: Shell, /, service: str, dedup_key: str, url: str, key_file: Path | None, keep: bool, output: str,
    details: tuple[str, ...], **body: str | tuple[str, ...],
) -> None:  # fmt: skip
    """Open an incident, or count one more alert of an open one."""
    whole: dict[str, object] = {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}
    whole["details"] = details_of(details)
    report = reported(Action.TRIGGER, Whose(dedup_key, service, url, key_file), body=whole)
    show(send(shell, report, keep=keep), output)


def reported(action: Action, whose: Whose, *, by: str = "", incident: int = 0, body: dict[str, object] | None = None) -> Report:
    """Raises `BadInput` with every fault: it is refused now, not when it is shipped."""
    key = key_of(whose.key_file) if whose.key_file or whose.url else ""
    name = dedup_key(whose.dedup_key) or (secrets.token_hex(16) if action is Action.TRIGGER else "")  # a trouble of its own
    raised_at = SystemClock().now()
    report = Report(secrets.token_hex(16), raised_at, action, name, incident, body or {}, by, whose.service, whose.url, key)
    if not incident:
        native.parse(report.alert(), key or UNCHECKED)
    return report


def send(shell: Shell, report: Report, *, keep: bool) -> Came:
    """To whom it concerns, after what waits for the same; into the spool when it cannot be taken now and may be kept. Raises
    `BadInput`, `NotFound`, `StoreUnavailable`, `SchemaMismatch`."""
    try:
        if why := _held_up(shell, report):
            raise StoreUnavailable(why)
        return shell.courier.deliver(report)
    except StoreUnavailable as error:
        if not keep:
            raise
        return _spooled(shell, report, error)


def show(came: Came, how: str) -> None:
    """Raises `Refused` when it concerned no open incident."""
    if how == JSON:
        shown.as_json({"what": came.what, "incident": came.incident or None, "dedup_key": came.dedup_key})
    elif came.what == SPOOLED:
        click.echo(f"spooled, {came.incident or f'dedup key {came.dedup_key}'}")
    else:
        click.echo(f"{came.incident or 'nothing'} {came.what}, dedup key {came.dedup_key}")
    if came.what == What.IGNORED:
        raise Refused("there is no open incident of that dedup key")


def key_of(key_file: Path | None) -> str:
    """A key stands in a file, never in the arguments: those are seen by everybody on the machine."""
    if key_file is None:
        raise BadInput(["--url needs --key-file"])
    try:
        return keys.from_file(key_file)[0]
    except ValueError as error:
        raise BadInput([f"--key-file: {error}"]) from None


def aside(line: str) -> None:
    """Beside what was asked for."""
    click.echo(f"escalation: {line}", err=True)


def _held_up(shell: Shell, report: Report) -> str:
    """Why it cannot go yet: something raised before it still waits for the same place, even after it was tried again. A spool that
    cannot be read holds up nobody. Raises `StoreUnavailable`, `SchemaMismatch`."""
    try:
        if not shell.spool.waits(report.url):
            return ""
        shell.courier.ready(report.url)
        away = shell.spool.ship(shell.courier.deliver, aside, url=report.url, until=monotonic() + SHIPPING)
        waits = "what was raised before it still waits" if shell.spool.waits(report.url) else ""
        return "; ".join(away) or waits
    except SpoolUnusable as error:
        aside(str(error))
        return ""


def _spooled(shell: Shell, report: Report, why: StoreUnavailable) -> Came:
    try:
        shell.spool.append(report)
    except SpoolUnusable as error:
        raise StoreUnavailable(f"{why}; and {error}") from None
    aside(f"kept in {shell.spool.folder}, shipped later: {why}")
    return Came(SPOOLED, f"INC-{report.incident}" if report.incident else "", report.dedup_key)
