"""Alerts from the command line: `trigger`, and `ack` and `resolve` by the trouble's own key. The same body as our own intake format
takes, read by the same parser; straight into the engine, or with `--url` over HTTP to a receiver elsewhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import click

from escalation.cli import http, shown
from escalation.cli.shell import JSON, Refused, Shell, output
from escalation.config import keys
from escalation.domain.alert import Action, Severity
from escalation.domain.dedup import What
from escalation.domain.events import Acknowledged, Resolved
from escalation.domain.incident import Status
from escalation.domain.policy import Service, Site
from escalation.errors import BadInput, NotFound, UnknownKey
from escalation.intake import native
from escalation.intake.reading import dedup_key


@dataclass(frozen=True, slots=True)
class Trouble:
    """How a command names one: by its own key, of a service here, or at a receiver elsewhere."""

    dedup_key: str
    service: str
    url: str
    key_file: Path | None


@dataclass(frozen=True, slots=True)
class Came:
    """What became of an alert. `incident` is `INC-42`, or empty."""

    what: str
    incident: str
    dedup_key: str

    def show(self, how: str) -> None:
        """Raises `Refused` when it concerned no open incident."""
        if how == JSON:
            shown.as_json({"what": self.what, "incident": self.incident or None, "dedup_key": self.dedup_key})
        else:
            click.echo(f"{self.incident or 'nothing'} {self.what}, dedup key {self.dedup_key}")
        if self.what == What.IGNORED:
            raise Refused("there is no open incident of that dedup key")


@click.command()
@click.argument("summary")
@click.option("--service", default="", help="What is broken; may be left out where there is one service only.")
@click.option("--dedup-key", default="", help="Names the trouble: the same key again is the same incident.")
@click.option("--severity", type=click.Choice([s.value for s in Severity]), default=Severity.CRITICAL.value)
@click.option("--source", default="", help="Where it was seen.")
@click.option("--detail", "details", multiple=True, metavar="NAME=VALUE", help="More about it; can be given several times.")
@click.option("--link", "links", multiple=True, metavar="URL", help="A page about it; can be given several times.")
@click.option("--url", default="", help="A receiver elsewhere: http(s)://host[:port]. Needs --key-file.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file with the service's intake key.")
@output
@click.pass_obj
def trigger(
    shell: Shell, /, service: str, dedup_key: str, url: str, key_file: Path | None, output: str,
    details: tuple[str, ...], **body: str | tuple[str, ...],
) -> None:  # fmt: skip
    """Open an incident, or count one more alert of an open one."""
    named = dict(_pair(detail) for detail in details)
    whole = {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}
    send(shell, Action.TRIGGER, dedup_key, {**whole, "details": named}, service, url, key_file).show(output)


def send(
    shell: Shell, action: Action, dedup_key: str, body: dict[str, object], service: str, url: str, key_file: Path | None
) -> Came:
    """Raises `BadAlert` with every fault, `NotFound` for an unknown service, `StoreUnavailable`."""
    whole = {"version": native.VERSION, "action": action.value, "dedup_key": dedup_key} | body
    if url:
        return Came(**http.send(url, key_of(key_file), whole))
    with shell.system.store.transaction() as tx:
        site = tx.site()
    key = key_of(key_file) if key_file else service_named(site, service).keys[0]
    (alert,) = native.parse(whole, key)
    if not alert.dedup_key:
        alert = replace(alert, dedup_key=secrets.token_hex(16))  # a trouble of its own
    (taken,) = shell.system.engine.take([alert])
    return Came(taken.what.value, f"INC-{taken.incident_id}" if taken.incident_id else "", taken.dedup_key)


def tell(shell: Shell, where: Trouble, event: Acknowledged | Resolved) -> Came:
    """Acknowledges or resolves by the trouble's key. Raises what `send` raises."""
    is_over = isinstance(event, Resolved)
    if where.url:
        action = Action.RESOLVE if is_over else Action.ACKNOWLEDGE
        return send(shell, action, where.dedup_key, {}, where.service, where.url, where.key_file)
    key = dedup_key(where.dedup_key)
    with shell.system.store.transaction() as tx:
        found = tx.look(service_of(tx.site(), where).name, key)
    wanted = Status.RESOLVED if is_over else Status.ACKNOWLEDGED
    if found is None or shell.system.engine.tell(found.id, event).incident.status is not wanted:
        return Came(What.IGNORED, "", key)
    return Came(What.RESOLVED if is_over else What.ACKNOWLEDGED, f"INC-{found.id}", key)


def service_of(site: Site, where: Trouble) -> Service:
    """By the intake key where one is given. Raises `UnknownKey`, `NotFound`, `BadInput`."""
    if where.key_file is None:
        return service_named(site, where.service)
    if (found := site.service_of(key_of(where.key_file))) is None:
        raise UnknownKey(["the intake key belongs to no service"])
    return found


def key_of(key_file: Path | None) -> str:
    """A key stands in a file, never in the arguments: those are seen by everybody on the machine."""
    if key_file is None:
        raise BadInput(["--url needs --key-file"])
    try:
        return keys.from_file(key_file)[0]
    except ValueError as error:
        raise BadInput([f"--key-file: {error}"]) from None


def service_named(site: Site, name: str) -> Service:
    """The service of that name, or the only one. Raises `NotFound`, `BadInput`."""
    if not site.services:
        raise NotFound("no configuration was applied yet: escalation config apply")
    if not name and len(site.services) > 1:
        raise BadInput([f"--service is needed, one of: {', '.join(site.services)}"])
    found = site.services.get(name) if name else next(iter(site.services.values()))
    if found is None:
        raise NotFound(f"no service of that name, there are: {', '.join(site.services)}")
    return found


def _pair(detail: str) -> tuple[str, str]:
    name, equals, value = detail.partition("=")
    if not equals or not name:
        raise BadInput(["--detail: write it as NAME=VALUE"])
    return name, value
