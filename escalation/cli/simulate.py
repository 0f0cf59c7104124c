"""`escalation simulate`: what would happen, minute by minute, if a service broke at a given time. Reads what was applied, or a file that
was not yet; pages nobody and writes nothing. Not how it comes out (`domain.simulation`)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from escalation.cli.config import faulty
from escalation.cli.details import DETAILS, details_of
from escalation.cli.moments import MOMENT, instant
from escalation.cli.shell import JSON, Shell, output
from escalation.cli.shown import as_json
from escalation.clock import SystemClock
from escalation.config import apply as applying
from escalation.config.answers import answers
from escalation.config.duration import spelled
from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.cost import minutes_begun
from escalation.domain.holding import Holding
from escalation.domain.incident import Incident, Status
from escalation.domain.maintenance import Maintenance, on_now
from escalation.domain.policy import Site
from escalation.domain.roster import Channel, Roster
from escalation.domain.round_robin import with_turns
from escalation.domain.simulation import Answers, Night, Sent
from escalation.domain.simulation import simulate as played
from escalation.errors import BadConfig
from escalation.local.report import service_named

WORDS = {
    Channel.VOICE: ("call", "calls"),
    Channel.SMS: ("text", "texts"),
    Channel.SLACK: ("Slack message", "Slack messages"),
    Channel.EMAIL: ("e-mail", "e-mails"),
    Channel.WEBHOOK: ("webhook", "webhooks"),
}


@click.command()
@click.option("--service", default="", help="What is broken; may be left out where there is one service only.")
@click.option("--severity", type=click.Choice([s.value for s in Severity]), default=Severity.CRITICAL.value)
@DETAILS
@click.option("--at", type=MOMENT, help="When it breaks instead of now; UTC where it has no offset.")
@click.option("--answers", "file", type=click.Path(path_type=Path), help="Who does what when paged; without it nobody answers.")
@click.option("--config", "config", type=click.Path(path_type=Path), help="A configuration that is not applied yet.")
@output
@click.pass_obj
def simulate(
    shell: Shell, /, service: str, severity: str, details: tuple[str, ...], at: datetime | None, file: Path | None,
    config: Path | None, output: str,
) -> None:  # fmt: skip
    """Print who would be paged, when, how and why; pages nobody."""
    site, planned, now = _site(shell, config)
    named = service_named(site, service)
    then = instant(at, UTC) if at else now
    summary = f"{named.name} is down"
    alert = Alert(named.keys[0], Action.TRIGGER, "simulated", summary, Severity(severity), details=details_of(details))
    incident = Incident(
        0,
        named.name,
        "simulated",
        summary,
        alert.severity,
        with_turns(site.policy_of(named), site.roster, lambda _: 1),
        then,
        details=alert.details,
    )
    windows = Holding(on_now(site.maintenance, planned, then))
    night = played(incident, alert, site.roster, _answers(file, site.roster), then, windows)
    if output == JSON:
        as_json(_as_json(night, then, site))
    else:
        _print(night, then, site)


def _site(shell: Shell, config: Path | None) -> tuple[Site, list[Maintenance], datetime]:
    """With what maintenance people planned. Raises `BadInput` for a file with faults, after printing them."""
    if config is None:
        with shell.system.store.read() as tx:
            return tx.site(), tx.maintenance(tx.now), tx.now
    now = SystemClock().now()
    try:
        return applying.check(config).site, [], now
    except BadConfig as error:
        raise faulty(config, error, so="") from None


def _answers(file: Path | None, roster: Roster) -> dict[str, Answers]:
    if file is None:
        return {}
    try:
        return answers(applying.text_of(file), roster.people, list(roster.people))
    except BadConfig as error:
        raise faulty(file, error, so="") from None


def _print(night: Night, began: datetime, site: Site) -> None:
    click.echo(f"{night.incident.severity}, {night.incident.service}, from {began:%a %Y-%m-%d %H:%M:%S} UTC. Nobody is paged.")
    for entry in night.entries:
        click.echo(f"+{_elapsed(entry.at - began)}  {entry.at:%H:%M:%S}  {entry.text}")
    click.echo()
    click.echo(_end(night, began))
    for line in _bill(night.sent, site):
        click.echo(line)


def _end(night: Night, began: datetime) -> str:
    if night.goes_on:
        return "It would go on for longer than this looks ahead."
    after = _elapsed(night.settled_at - began)
    incident = night.incident
    if incident.status is Status.ACKNOWLEDGED:
        return f"Acknowledged by {incident.acknowledged_by} after {after}."
    if incident.status is Status.EXHAUSTED:
        return (
            f"EXHAUSTED after {after}: nobody has it. The last resort is told again every {spelled(incident.policy.alarm_every)}."
        )
    return f"{incident.status.capitalize()} after {after}."


def _bill(sent: tuple[Sent, ...], site: Site) -> list[str]:
    """What is paid for, and who is woken by it."""
    counted = Counter(one.channel for one in sent)
    minutes = sum(minutes_begun(one.connected) for one in sent)
    said = [f"{n} {WORDS[channel][n != 1]}" for channel, n in counted.items()]
    if not said:
        return ["Nothing would be sent."]
    connected = f" ({minutes} connected minute{'s' * (minutes != 1)} billed)" if counted[Channel.VOICE] else ""
    people = list(dict.fromkeys(_shown(one, site.roster) for one in sent))
    cost = _cost(sent, site)
    price = f" About {cost:.2f}." if cost is not None else ""
    return [f"Sent: {', '.join(said)}{connected}.{price}", f"Told: {', '.join(people)}."]


def _cost(sent: tuple[Sent, ...], site: Site) -> float | None:
    """One message a text: what is longer is billed as several. None where nobody said what things cost."""
    texts = sum(one.channel is Channel.SMS for one in sent)
    cost = site.prices.cost(sum(minutes_begun(one.connected) for one in sent), texts)
    return float(cost) if site.prices.known else None


def _shown(one: Sent, roster: Roster) -> str:
    """A handle; of a place, whose handle is its address, the masked name."""
    return one.responder if one.responder in roster.people else roster.name(one.responder)


def _elapsed(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _as_json(night: Night, began: datetime, site: Site) -> dict[str, object]:
    return {
        "service": night.incident.service,
        "severity": night.incident.severity.value,
        "at": began.isoformat(),
        "status": night.incident.status.value,
        "acknowledged_by": night.incident.acknowledged_by,
        "ended_at": night.settled_at.isoformat(),
        "goes_on": night.goes_on,
        "cost": _cost(night.sent, site),
        "timeline": [{"at": e.at.isoformat(), "kind": e.kind.value, "text": e.text} for e in night.entries],
        "sent": [
            {
                "at": s.at.isoformat(),
                "to": _shown(s, site.roster),
                "channel": s.channel.value,
                "connected_s": int(s.connected.total_seconds()),
            }
            for s in night.sent
        ],
    }
