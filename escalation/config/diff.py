"""What changed between two configurations, for people: one line a change, numbers masked, keys only counted. Not a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from escalation.config.duration import spelled
from escalation.config.times import DAYS, moment
from escalation.domain.conditions import Condition
from escalation.domain.cost import money
from escalation.domain.grouping import Grouping
from escalation.domain.imported import Imported
from escalation.domain.maintenance import Recurring
from escalation.domain.policy import Inhibition, Policy, Rung, Service, Site, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, ShiftNotices, Target, masked
from escalation.domain.schedule import Layer, Schedule
from escalation.domain.urgency import Urgencies
from escalation.domain.week import Week

T = TypeVar("T")
Words = dict[str, str]
"""What is said about a thing, by aspect. Two different values that look alike when masked are told apart by `_Secret`."""


class _Secret(str):
    """Compares by what is hidden, shows what is masked."""

    __slots__ = ("hidden",)
    hidden: str

    def __new__(cls, shown: str, hidden: str) -> _Secret:
        made = super().__new__(cls, shown)
        made.hidden = hidden
        return made


def diff(old: Site, new: Site) -> list[str]:
    """Lines such as `person ann: timezone UTC -> Europe/Berlin`; empty when both page the same way."""
    return [
        *_changes("person", old.roster.people, new.roster.people, _person),
        *_changes("team", old.roster.teams, new.roster.teams, _team),
        *_changes("schedule", old.roster.schedules, new.roster.schedules, _schedule),
        *_changes("gaps of schedule", old.roster.notify, new.roster.notify, _notify),
        *_changes("service", old.services, new.services, _service),
        *_changes("policy", old.policies, new.policies, _policy),
        *(f"site: {text}" for text in _changed(_site(old), _site(new))),
        *_changes("inhibit", {r.name: r for r in old.inhibit}, {r.name: r for r in new.inhibit}, _inhibition),
        *_changes("maintenance", old.maintenance, new.maintenance, _maintenance),
    ]


def _site(site: Site) -> Words:
    said = {"last resort": _step(site.last_resort)} if site.last_resort.targets else {}
    prices, cap = site.prices, site.spending_cap
    said |= {"prices": f"{prices.call} a minute, {prices.text} a text"} if prices.known else {}
    said |= {"spending_cap": f"{money(cap.per_day)} a day"} if cap else {}
    return said | ({f"spending_cap {aspect}": told for aspect, told in _notify(cap.notify).items()} if cap and cap.notify else {})


def _changes(kind: str, old: Mapping[str, T], new: Mapping[str, T], say: Callable[[T], Words]) -> list[str]:
    added = [f"{kind} {name}: added ({_summary(say(new[name]))})" for name in new if name not in old]
    removed = [f"{kind} {name}: removed" for name in old if name not in new]
    both = [(name, say(old[name]), say(new[name])) for name in new if name in old]
    changed = [f"{kind} {name}: {text}" for name, before, after in both for text in _changed(before, after)]
    return added + changed + removed


def _summary(words: Words) -> str:
    return ", ".join(f"{aspect} {value}" for aspect, value in words.items())


def _changed(before: Words, after: Words) -> list[str]:
    aspects = list(dict.fromkeys([*before, *after]))
    return [_line(a, before.get(a, ""), after.get(a, "")) for a in aspects if _hidden(before.get(a)) != _hidden(after.get(a))]


def _hidden(value: str | None) -> str | None:
    return value.hidden if isinstance(value, _Secret) else value


def _line(aspect: str, before: str, after: str) -> str:
    if before == after:
        return f"{aspect} changed ({after})"
    return f"{aspect} {before or 'none'} -> {after or 'none'}"


def _person(person: Responder) -> Words:
    said: Words = {"name": person.name, "timezone": person.timezone}
    said |= {f"{_ASPECT[c.channel]} {c.name}".strip(): _contact(c) for c in person.contacts if c.channel is not Channel.SLACK}
    said |= {f"rules of {urgency} urgency": ", ".join(map(_rung, ladder)) for urgency, ladder in person.rules.items()}
    said |= {"quiet_hours": f"{open_hours(person.quiet.week)} in {person.quiet.zone.key}"} if person.quiet else {}
    said |= {"readiness": spelled(person.readiness)} if person.readiness else {}
    said |= {"notices": _notices(person.notices)} if person.notices != ShiftNotices() else {}
    return said | ({"slack": person.chat} if person.chat else {})


def _notices(notices: ShiftNotices) -> str:
    by = f"by {notices.by} " if notices.by else ""
    return by + ", ".join(spelled(lead) for lead in notices.at) if notices.at else "no"


_ASPECT = {Channel.VOICE: "phone", Channel.SMS: "sms", Channel.EMAIL: "email", Channel.SLACK: "slack", Channel.WEBHOOK: "webhook"}


def _contact(contact: ContactMethod) -> str:
    return _Secret(masked(contact.channel, contact.address), contact.address)


def _team(members: tuple[str, ...]) -> Words:
    return {"members": ", ".join(members)}


def _schedule(schedule: Schedule) -> Words:
    """The order of the layers counts, so it is said too."""
    words: Words = {"timezone": schedule.zone.key, "layers": ", ".join(layer.name for layer in schedule.layers)}
    return words | {f"layer {layer.name}": _layer(layer) for layer in schedule.layers}


def _notify(targets: tuple[Target, ...]) -> Words:
    return {"notify": _Secret(", ".join(map(_target, targets)), " ".join(map(str, targets)))}


def _imported(imported: Imported) -> str:
    count = sum(map(bool, imported.people))
    until = f" until {imported.edges[-1]:%Y-%m-%d}" if imported.edges else ""
    return _Secret(f"[imported: {count} shift{'' if count == 1 else 's'}{until}]", repr(imported))


def _layer(layer: Layer) -> str:
    if layer.imported:
        return _imported(layer.imported)
    rotation = layer.rotation
    turns = ", ".join("+".join(turn) or "nobody" for turn in rotation.turns)
    on = "+".join(DAYS[day] for day in rotation.days)
    pace = f"every {rotation.hours} hours" if rotation.hours else f"every {rotation.every}. of {on}" if rotation.every > 1 else on
    shown = f"{turns} from {rotation.starts} {rotation.handoff:%H:%M}, {pace}"
    shown += f", until {layer.until}" if layer.until else ""
    shown += f", in {layer.zone.key}" if layer.zone else ""
    open_ = open_hours(layer.week)
    return f"[{shown}{f', only {open_}' if open_ else ''}]"


def open_hours(week: Week) -> str:
    return ", ".join(f"{moment(begin)} to {moment(end)}" for begin, end in week.windows)


def _service(service: Service) -> Words:
    count = len(service.keys)
    words: Words = {"policy": service.policy, "keys": _Secret(f"{count} key{'s' if count != 1 else ''}", " ".join(service.keys))}
    if (expires := service.acknowledgement_expires) is not None:
        words |= {"acknowledgement_expires": spelled(expires) if expires else "never"}
    words |= {"labels": ", ".join(f"{name} {value}" for name, value in service.labels.items())} if service.labels else {}
    words |= _urgencies(service.urgencies)
    words |= {"auto_resolve": spelled(service.auto_resolve)} if service.auto_resolve else {}
    return words | ({"group_by": _grouping(service.grouping)} if service.grouping else {})


def _grouping(grouping: Grouping) -> str:
    return f"{', '.join(grouping.by) or 'service'} within {spelled(grouping.window)}"


def _maintenance(window: Recurring) -> Words:
    when = ", ".join(f"{moment(begin)} to {moment(end)}" for begin, end in window.week.windows)
    return {"of": str(window.scope), "when": f"{when} {window.zone.key}", "reason": window.reason} | (
        {"stop_ringing": "true"} if window.stops else {}
    )


def _inhibition(rule: Inhibition) -> Words:
    said = {"parent": str(rule.parent), "children": str(rule.children), "limit": spelled(rule.limit)}
    return said | ({"stop_ringing": "true"} if rule.stops else {})


def _urgencies(urgencies: Urgencies) -> Words:
    words: Words = {}
    if urgencies.said:
        words["urgency"] = ", ".join(f"{severity} {urgency}" for severity, urgency in urgencies.said.items())
    if urgencies.support:
        outside = ", ".join(f"{severity} {urgency}" for severity, urgency in urgencies.outside.items())
        hours = f"{open_hours(urgencies.support.week)} in {urgencies.support.zone.key}"
        words["support_hours"] = f"{hours}, outside of them {outside}"
    return words


def _policy(policy: Policy) -> Words:
    expires = policy.acknowledgement_expires
    words: Words = {
        "repeat": str(policy.rounds),
        "ring": spelled(policy.ring),
        "acknowledgement_expires": spelled(expires) if expires else "never",
        "alarm_every": spelled(policy.alarm_every),
        "slot_limit": spelled(policy.slot_limit),
    }
    for number, step in enumerate(policy.steps, start=1):
        words |= {f"step {number}": _step(step)}
    return words | ({"last resort": _step(policy.last_resort)} if policy.last_resort.targets else {})


def _step(step: Step) -> str:
    ladder = ", ".join(map(_rung, step.ladder))
    said = [", ".join(map(_target, step.targets))] if step.targets else []
    if step.round_robin:
        all_ = ", until answered" if step.until_answered else ""
        said.append(f"one of {', '.join(map(_target, step.round_robin))} in turn{all_}")
    shown = f"{' and '.join(said)} by {ladder} within {spelled(step.timeout)}{_condition(step.condition)}"
    return _Secret(f"[{shown}]", f"{shown} {' '.join(map(str, step.everybody))}")


def _condition(condition: Condition | None) -> str:
    if condition is None:
        return ""
    parts = [" or ".join(condition.severities), *(f"{name} {' or '.join(values)}" for name, values in condition.labels.items())]
    if hours := condition.hours:
        parts.append(f"{open_hours(hours.week)} in {hours.zone.key}")
    return f" if {', '.join(part for part in parts if part)}"


def _target(target: Target) -> str:
    channels = {"email": Channel.EMAIL, "webhook": Channel.WEBHOOK}
    return f"{target.kind}:{masked(channels[target.kind], target.name)}" if target.kind in channels else str(target)


def _rung(rung: Rung) -> str:
    at = f" at {rung.at}" if rung.at else ""
    return f"{rung.channel}{at} after {spelled(rung.after)}" if rung.after else f"{rung.channel}{at}"
