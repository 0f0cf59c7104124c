"""What a usable configuration should still think about: warnings, not faults. The main one is a last resort that cannot be
reached without Plivo, since on the night Plivo is down that is all there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from escalation.config import ahead, keys, phone
from escalation.config.duration import spelled
from escalation.config.faults import Faults, Path
from escalation.domain import cap_notices
from escalation.domain.alert import Severity
from escalation.domain.announcement import way
from escalation.domain.cost import FREE_WAYS
from escalation.domain.policy import Policy, Site, Step
from escalation.domain.roster import PLACES, Channel, Responder, Target, TargetKind
from escalation.domain.urgency import Urgency

_VOICEMAIL_AT = timedelta(seconds=30)
_BY_PLIVO = (Channel.VOICE, Channel.SMS)
_MISSING = {Channel.VOICE: "phone", Channel.SMS: "number for texts", Channel.SLACK: "Slack id", Channel.EMAIL: "e-mail address"}
Advice = Iterator[tuple[Path, str]]


def warnings(site: Site, lines: Mapping[Path, int], now: datetime | None = None) -> list[str]:
    """In the order of the file, each `line N: where: what`; with `now` also what is ahead."""
    found = Faults(lines)
    for rule in _RULES:
        for path, text in rule(site):
            found.add(path, text)
    for path, text in ahead.warnings(site, now) if now else ():
        found.add(path, text)
    return found.sorted()


def _people(site: Site) -> Advice:
    steps = [site.last_resort, *(s for policy in site.policies.values() for s in _steps(policy).values())]
    paged = {p.handle for step in steps for p in _persons(site, step)}
    for handle, person in site.roster.people.items():
        path = ("people", handle)
        yield from _addresses(path, person)
        if handle not in paged:
            yield path, "is paged by no policy"
        if person.notices.by and person.notices.at and not person.contact(person.notices.by):
            yield (*path, "notices"), f"cannot be told of shifts: no {_MISSING[person.notices.by]}"
    if not any(person.contact(Channel.EMAIL) for person in site.roster.people.values()):
        yield ("people",), "nobody has an e-mail address"


def _addresses(path: Path, person: Responder) -> Advice:
    if not person.contact(Channel.VOICE):
        yield path, "has no phone: cannot be called"
    text = person.contact(Channel.SMS)
    if text and phone.is_landline(text.address):
        yield path, 'texts go to a landline, where they may not arrive: give `sms: "+…"`, or `sms: no`'
    for at in dict.fromkeys(r.at for ladder in person.rules.values() for r in ladder if r.at):
        if at not in {c.name for c in person.contacts}:
            yield (*path, "rules"), f"has no phone named {at}: is called on the first instead"


def _teams(site: Site) -> Advice:
    used = {t.name for t in _targets(site) if t.kind is TargetKind.TEAM}
    for name, members in site.roster.teams.items():
        if len(members) == 1:
            yield ("teams", name), "has one member only"
        if name not in used:
            yield ("teams", name), "is paged by no policy"


def _schedules(site: Site) -> Advice:
    used = {t.name for t in _targets(site) if t.kind is TargetKind.SCHEDULE}
    for name, schedule in site.roster.schedules.items():
        if name not in used:
            yield ("schedules", name), "is paged by no policy"
        for i, layer in enumerate(schedule.layers):
            empty = sum(not turn for turn in layer.rotation.turns)
            if empty:
                yield (
                    ("schedules", name, "layers", i, "people"),
                    f"nobody is on call in {empty} of {len(layer.rotation.turns)} turns",
                )


def _services(site: Site) -> Advice:
    for name, service in site.services.items():
        if len(site.policies[service.policy].steps) == 1:
            yield ("services", name), f"its policy {service.policy} has one step only: nobody is next"
        if any(keys.is_placeholder(key) for key in service.keys):
            yield ("services", name), "has a key from an example, which everybody knows: `escalation config key` makes one"
        elif any(len(key) != keys.PAGERDUTY_LENGTH for key in service.keys):
            yield ("services", name), f"a key has not {keys.PAGERDUTY_LENGTH} characters: clients made for PagerDuty refuse it"


def _policies(site: Site) -> Advice:
    used = {service.policy for service in site.services.values()}
    for name, policy in site.policies.items():
        path = ("policies", name)
        if name not in used:
            yield path, "is used by no service"
        if policy.ring > _VOICEMAIL_AT:
            yield (*path, "ring"), f"after {spelled(policy.ring)} of ringing most voicemails have picked up; 25s is a good value"
        yield from _applies(policy, (*path, "steps"))
        yield from _last_resort(site, policy, (*path, "last_resort"))
        for where, step in _steps(policy).items():
            yield from _reach(site, step, (*path, *where))
            yield from _ladder(site, step, (*path, *where))


def _applies(policy: Policy, path: Path) -> Advice:
    """For each severity a step that concerns it, best one that always does."""
    for severity in Severity:
        mine = [s.condition for s in policy.steps if s.condition is None or s.condition.concerns(severity)]
        if not mine:
            yield path, f"no step applies to {severity}: only the last resort is told"
        elif all(condition and not condition.is_of_severity_only for condition in mine):
            yield path, f"every step for {severity} hangs on labels or the time: outside of them only the last resort is told"


def _cap(site: Site) -> Advice:
    cap = site.spending_cap
    if cap is None:
        return
    told = [who for target in cap_notices.targets(site, cap) for who in site.roster.everybody(target)]
    if not any(way(who, FREE_WAYS) for who in told):
        yield ("spending_cap",), "nobody can be told in Slack or by e-mail that it is near: `notify` is missing"
    for key, what in (("call", "calls"), ("text", "texts")):
        if not getattr(site.prices, key):
            yield ("spending_cap",), f"{what} have no price: they are not counted"


def _site(site: Site) -> Advice:
    if site.last_resort.targets:
        path: Path = ("last_resort",)
        yield from _not_by_plivo(site, site.last_resort, path)
        yield from _reach(site, site.last_resort, path)


def _last_resort(site: Site, policy: Policy, path: Path) -> Advice:
    if policy.last_resort.targets:
        yield from _not_by_plivo(site, policy.last_resort, path)
    elif not site.last_resort.targets:
        yield path, "there is no last resort: when nobody answers, nobody is told"


def _not_by_plivo(site: Site, step: Step, path: Path) -> Advice:
    places = any(t.kind in PLACES for t in step.targets)
    people = any(
        r.channel not in _BY_PLIVO and p.contact(r.channel)
        for p in _persons(site, step)
        for r in step.ladder_for(p, Urgency.HIGH)
    )
    if not places and not people:
        yield path, "has no way that is not Plivo: add an `email:` or a `webhook:`"


def _reach(site: Site, step: Step, path: Path) -> Advice:
    for person in _persons(site, step):
        ladders = {urgency: step.ladder_for(person, urgency) for urgency in Urgency}
        for urgency, ladder in ladders.items():
            if not any(person.contact(r.channel) for r in ladder):
                lacking = " or ".join(dict.fromkeys(_MISSING[r.channel] for r in ladder))
                when = f" when it is of {urgency} urgency" if len(set(ladders.values())) > 1 else ""
                yield path, f"cannot reach {person.handle}{when}: no {lacking}"
    for target in step.targets:
        if target.kind is TargetKind.WEBHOOK and target.name.startswith("http:"):
            yield path, "a webhook without https: anybody on the way can read it"


def _ladder(site: Site, step: Step, path: Path) -> Advice:
    if all(t.kind in PLACES for t in step.everybody):
        return
    names = {c.name for person in _persons(site, step) for c in person.contacts}
    for at in dict.fromkeys(r.at for r in step.ladder if r.at and r.at not in names):
        yield path, f"nobody in it has a phone named {at}: they are called on the first instead"
    late = [r for r in step.ladder if r.after >= step.timeout]
    for rung in late:
        yield path, f"the {rung.channel} after {spelled(rung.after)} never comes: the step is over after {spelled(step.timeout)}"


def _targets(site: Site) -> list[Target]:
    steps = [site.last_resort, *(step for policy in site.policies.values() for step in _steps(policy).values())]
    return [t for step in steps for t in step.everybody]


def _steps(policy: Policy) -> dict[Path, Step]:
    """By path below the policy; the last resort is one of them."""
    steps: dict[Path, Step] = {("steps", i): step for i, step in enumerate(policy.steps)}
    return steps | {("last_resort",): policy.last_resort}


def _persons(site: Site, step: Step) -> list[Responder]:
    return [p for target in step.everybody for p in site.roster.everybody(target) if not p.is_place]


_RULES: tuple[Callable[[Site], Advice], ...] = (_site, _cap, _people, _teams, _schedules, _services, _policies)
