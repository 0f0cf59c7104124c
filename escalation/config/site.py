"""What the file's blocks mean for paging: models -> domain values. Everything was checked before; nothing is refused here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from escalation.config.inhibit import inhibition
from escalation.config.quiet import recurring
from escalation.config.schema import (
    ConditionBlock,
    File,
    LastResortBlock,
    LayerBlock,
    PersonBlock,
    PolicyBlock,
    RulesBlock,
    ScheduleBlock,
    ServiceBlock,
    SpendingCapBlock,
    StepBlock,
)
from escalation.domain.alert import Severity
from escalation.domain.conditions import Condition, Hours
from escalation.domain.cost import Cap, Prices
from escalation.domain.grouping import Grouping
from escalation.domain.imported import Imported
from escalation.domain.policy import Policy, Rung, Service, Site, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster
from escalation.domain.rotation import Rotation
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.urgency import Urgencies, Urgency
from escalation.domain.week import Week, Window

Calendars = Mapping[tuple[str, int], Imported]


def site(file: File, keys_from_files: Mapping[str, tuple[str, ...]], calendars: Calendars) -> Site:
    """`keys_from_files`: what each service's `key_file` held, by service; `calendars`: what was imported, by schedule and layer."""
    return Site(
        roster=Roster(
            people={handle: _responder(handle, person) for handle, person in file.people.items()},
            teams={name: tuple(dict.fromkeys(members)) for name, members in file.teams.items()},
            schedules={name: _schedule(name, block, calendars) for name, block in file.schedules.items()},
            notify={name: tuple(dict.fromkeys(block.notify)) for name, block in file.schedules.items() if block.notify},
        ),
        services={
            name: _service(name, block, keys_from_files.get(name, ()), file.urgency) for name, block in file.services.items()
        },
        policies={name: _policy(name, block) for name, block in file.policies.items()},
        last_resort=_of_site(file.last_resort) if file.last_resort else Step(()),
        inhibit=tuple(inhibition(name, block) for name, block in file.inhibit.items()),
        prices=Prices(file.prices.call, file.prices.text),
        spending_cap=_cap(file.spending_cap) if file.spending_cap else None,
        maintenance={name: recurring(name, block) for name, block in file.maintenance.items()},
    )


def _responder(handle: str, person: PersonBlock) -> Responder:
    phones = [(phone.name, phone.number) for phone in person.phones or ()] or [("", person.phone)]
    said = {
        Channel.SMS: phones[0][1] if person.sms is None else person.sms,
        Channel.EMAIL: person.email,
        Channel.SLACK: person.slack,
    }
    return Responder(
        handle=handle,
        name=person.name or handle,
        contacts=(
            *(ContactMethod(Channel.VOICE, number, name=name) for name, number in phones if number),
            *(ContactMethod(channel, address) for channel, address in said.items() if address),
        ),
        timezone=person.timezone,
        chat=person.slack,
        rules=_rules(person.rules) if person.rules else {},
        quiet=_hours(person.quiet_hours, person.timezone) if person.quiet_hours else None,
        notices=person.notices,
        readiness=person.readiness,
    )


def _rules(rules: RulesBlock) -> dict[Urgency, tuple[Rung, ...]]:
    said = {Urgency.HIGH: rules.high, Urgency.LOW: rules.low}
    return {urgency: tuple(ladder) for urgency, ladder in said.items() if ladder}


def _schedule(name: str, block: ScheduleBlock, calendars: Calendars) -> Schedule:
    layers = (_layer(layer, calendars.get((name, n))) for n, layer in enumerate(block.layers))
    return Schedule(name, ZoneInfo(block.timezone), tuple(layers))


def _layer(layer: LayerBlock, imported: Imported | None) -> Layer:
    return Layer(
        name=layer.name,
        rotation=Rotation(
            turns=tuple(layer.people),
            starts=layer.starts,
            handoff=layer.handoff,
            days=layer.handoff_days,
            every=layer.every or 1,
            hours=layer.hours or 0,
        ),
        week=Week.of(window for windows in layer.only for window in windows),
        until=layer.until,
        zone=ZoneInfo(layer.timezone) if layer.timezone else None,
        imported=imported,
    )


def _service(name: str, service: ServiceBlock, from_file: tuple[str, ...], usual: Mapping[Severity, Urgency]) -> Service:
    return Service(
        name=name,
        keys=tuple(dict.fromkeys([*(service.keys or []), *from_file])),
        policy=service.policy,
        acknowledgement_expires=service.acknowledgement_expires,
        auto_resolve=service.auto_resolve,
        labels=service.labels,
        urgencies=_urgencies(service, usual),
        grouping=None if service.group_by is None else Grouping(service.group_by, service.window),
    )


def _urgencies(service: ServiceBlock, usual: Mapping[Severity, Urgency]) -> Urgencies:
    """What the file says for all, severity by severity under what the service says."""
    said, support = {**usual, **service.urgency}, service.support_hours
    if support is None:
        return Urgencies(said)
    return Urgencies(said, _hours(support.time, support.timezone), support.outside)


def _policy(name: str, policy: PolicyBlock) -> Policy:
    return Policy(
        name=name,
        steps=tuple(_step(step, policy) for step in policy.steps),
        rounds=policy.repeat,
        last_resort=_last_resort(policy.last_resort, policy) if policy.last_resort else Step(()),
        ring=policy.ring,
        acknowledgement_expires=policy.acknowledgement_expires,
        alarm_every=policy.alarm_every,
        slot_limit=policy.slot_limit,
    )


def _cap(cap: SpendingCapBlock) -> Cap:
    return Cap(cap.per_day, tuple(dict.fromkeys(cap.notify)))


def _of_site(step: LastResortBlock) -> Step:
    """No policy says how, so the ways are the usual ones."""
    usual = Step(())
    return Step(tuple(dict.fromkeys(step.page)), step.timeout or usual.timeout, tuple(step.by or usual.ladder))


def _last_resort(step: LastResortBlock | StepBlock, policy: PolicyBlock) -> Step:
    return Step(
        targets=tuple(dict.fromkeys(step.page)),
        timeout=step.timeout or policy.timeout,
        ladder=tuple(step.by or policy.by),
        own_ladder=step.by is not None,
    )


def _step(step: StepBlock, policy: PolicyBlock) -> Step:
    return replace(
        _last_resort(step, policy),
        condition=_condition(step.condition) if step.condition else None,
        round_robin=tuple(dict.fromkeys(step.round_robin)),
        until_answered=step.until_answered,
    )


def _hours(time: list[tuple[Window, ...]], zone: str) -> Hours:
    return Hours(ZoneInfo(zone), Week.of(window for windows in time for window in windows))


def _condition(block: ConditionBlock) -> Condition:
    hours = _hours(block.time, block.timezone) if block.time and block.timezone else None
    return Condition(block.severity, block.labels, hours)
