"""Whether the people in the configuration would be reached: the file against what is applied, every policy's ways against the carriers
that are set up, opt-outs, the last resort. Reads what `config check` reads; beyond it, this installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from escalation.config import apply as applying
from escalation.config.diff import diff
from escalation.domain.policy import Policy, Site, Step
from escalation.domain.roster import Channel, Responder
from escalation.domain.urgency import Urgency
from escalation.errors import BadConfig
from escalation.local.checks.finding import Finding, fault, ok, warning
from escalation.local.checks.patient import Patient

BY_PLIVO = frozenset({Channel.VOICE, Channel.SMS})
SET_UP = {
    Channel.VOICE: "set PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_FROM_NUMBER",
    Channel.SMS: "set PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN, PLIVO_FROM_NUMBER",
    Channel.SLACK: "set SLACK_BOT_TOKEN, or SLACK_WEBHOOK_URL",
    Channel.EMAIL: "set SMTP_URL",
}


def configuration(patient: Patient) -> Iterator[Finding]:
    """The file is valid, something is applied, and it is what the file says."""
    with patient.system.store.read() as tx:
        site = tx.site()
    path, what = patient.settings.config, "configuration"
    if not site.version:
        yield fault(what, "none was applied: nobody is called", "escalation config apply")
    if not path.exists():
        if site.version:
            yield ok(what, f"version {site.version} is applied; no file at {path} to compare it with")
        return
    try:
        changes = diff(site, applying.check(path).site)
    except BadConfig as error:
        yield fault(what, f"{path} has {_many(len(error.faults), 'fault')}", "escalation config check")
        return
    if not site.version:
        return
    if changes:
        said = f"{path} says other things than what is applied ({_many(len(changes), 'difference')})"
        yield warning(what, said, "escalation config apply, or take the change back")
    else:
        yield ok(what, f"{path} is valid and applied (version {site.version})")


def reach(patient: Patient) -> Iterator[Finding]:
    """Everybody a policy pages has a way that works here, and the last resort one that is not Plivo."""
    with patient.system.store.read() as tx:
        site = tx.site()
    found = [*_carriers(site, patient.channels), *_people(site, patient.channels), *_last_resorts(site, patient.channels)]
    if site.version:
        yield from found or [ok("people", "everybody that a policy pages can be reached")]


def _carriers(site: Site, set_up: frozenset[Channel]) -> Iterator[Finding]:
    asked = {way.channel for policy in site.policies.values() for way in _ways(site, policy)}
    for channel in sorted(asked - set_up):
        yield fault(channel, "policies page by it, and no carrier is set up for it", SET_UP[channel])


def _people(site: Site, set_up: frozenset[Channel]) -> Iterator[Finding]:
    ways = [way for policy in site.policies.values() for way in _ways(site, policy) if not way.who.is_place]
    for person in {way.who.handle: way.who for way in ways}.values():
        mine = {way.channel for way in ways if way.who.handle == person.handle}
        blocked = [contact for contact in person.contacts if contact.blocked]
        if not any(person.contact(channel) for channel in mine & set_up):
            yield fault(
                f"person {person.handle}", "cannot be reached by any way the policies use", "give another contact, or START"
            )
        elif blocked:
            said = ", ".join(f"{contact.channel}: {contact.blocked}" for contact in blocked)
            yield warning(
                f"person {person.handle}", f"not reached by {said}", "they text START to the number, or get another contact"
            )


def _last_resorts(site: Site, set_up: frozenset[Channel]) -> Iterator[Finding]:
    for policy in site.policies.values():
        alone = replace(policy, steps=(), last_resort=site.last_resort_of(policy))
        if not {way.channel for way in _ways(site, alone) if way.works} & set_up - BY_PLIVO:
            said = "nobody would be told without Plivo" if alone.last_resort.targets else "there is none"
            yield warning(
                f"last resort of {policy.name}", said, "give it an `email:`, `slack:` or `webhook:` that is set up here"
            )


@dataclass(frozen=True, slots=True)
class _Way:
    """One responder by one channel; `works`: there is an address that is not blocked."""

    who: Responder
    channel: Channel
    works: bool


def _ways(site: Site, policy: Policy) -> Iterator[_Way]:
    for step in (*policy.steps, site.last_resort_of(policy)):
        yield from _of_step(site, step)


def _of_step(site: Site, step: Step) -> Iterator[_Way]:
    for target in step.everybody:
        for who in site.roster.everybody(target):
            channels = [rung.channel for urgency in Urgency for rung in step.ladder_for(who, urgency)]
            for channel in dict.fromkeys(channels):
                yield _Way(who, channel, who.contact(channel) is not None)


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' if count != 1 else ''}"
