"""Escalation policies, services, and the site that holds them with its roster: what the YAML file says, as values.
An incident keeps the policy it started with; people are looked up when a step begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from escalation.domain.conditions import Condition
from escalation.domain.cost import Cap, Prices
from escalation.domain.grouping import Grouping
from escalation.domain.maintenance import Recurring, Scope
from escalation.domain.roster import CALL_TEXT_CALL, Responder, Roster, Rung, Target
from escalation.domain.urgency import Urgencies, Urgency

__all__ = ["CALL_TEXT_CALL", "READINESS", "SELF_TEST", "Inhibition", "Policy", "Rung", "Service", "Site", "Step"]

INHIBITED_FOR = timedelta(hours=4)
READINESS = "_readiness"  # service and policy of the call before a shift
SELF_TEST = "_self-test"  # service, policy and responder of the self-test: no configuration can have that name


@dataclass(frozen=True, slots=True)
class Step:
    """`timeout` runs from the step's first claimed page. A place among the targets is told by its own channel,
    whatever the ladder says. A step whose `condition` does not hold when it would begin is passed over. Of `round_robin`
    one is paged beside the targets: whose `turn` it is (counted from 1), or `place` places after them.
    `own_ladder`: the step itself says by what, so it goes before what its people want.
    `assigned`: somebody made it for one incident, which was reassigned or handed over to a person."""

    targets: tuple[Target, ...]
    timeout: timedelta = timedelta(minutes=5)
    ladder: tuple[Rung, ...] = CALL_TEXT_CALL
    condition: Condition | None = None
    round_robin: tuple[Target, ...] = ()
    until_answered: bool = False
    turn: int = 1
    place: int = 0
    assigned: bool = False
    own_ladder: bool = False

    def ladder_for(self, responder: Responder, urgency: Urgency) -> tuple[Rung, ...]:
        """What the step says, else what the person wants, else what the policy says. A place is told by its own channel."""
        if responder.is_place:
            return tuple(Rung(c.channel) for c in responder.contacts)
        return self.ladder if self.own_ladder else responder.rules.get(urgency, self.ladder)

    @property
    def everybody(self) -> tuple[Target, ...]:
        """Whom it may page at one time or another."""
        return self.targets + self.round_robin


@dataclass(frozen=True, slots=True)
class Policy:
    """`rounds`: how often all steps are gone through. `ring`: how long one call rings (over about 25 s a carrier's
    voicemail picks up). `slot_limit`: how long pages may wait to be sent before that is alarmed. `auto_resolve`: after so
    long without an alert an incident that somebody has, or snoozed, is over; None is never. `site_last_resort` is told where the policy's own reaches nobody. `labels` and `urgencies`: those of the service.
    `test_number`: the self-test's own policy, which pages that number and nobody else, ever (`self_test`); `test_of`: it is this person's, who must press the key
    (`readiness`)."""

    name: str
    steps: tuple[Step, ...]
    rounds: int = 1
    last_resort: Step = field(default_factory=lambda: Step(()))
    ring: timedelta = timedelta(seconds=25)
    acknowledgement_expires: timedelta | None = timedelta(minutes=30)
    alarm_every: timedelta = timedelta(minutes=15)
    slot_limit: timedelta = timedelta(seconds=60)
    auto_resolve: timedelta | None = None
    site_last_resort: Step = field(default_factory=lambda: Step(()))
    labels: Mapping[str, str] = field(default_factory=dict)
    urgencies: Urgencies = field(default_factory=Urgencies)
    test_number: str = field(default="", repr=False)
    test_of: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """What is broken. `keys` are its intake keys (secret); `policy` names its escalation policy. `acknowledgement_expires` None is the
    policy's, zero is never."""

    name: str
    keys: tuple[str, ...]
    policy: str
    acknowledgement_expires: timedelta | None = None
    auto_resolve: timedelta | None = None
    grouping: Grouping | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    urgencies: Urgencies = field(default_factory=Urgencies)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an incident of `parent` is open, those of `children` are held back, for `limit` at most (`inhibition`). `stops`: also what is
    being paged when the parent opens."""

    name: str
    parent: Scope
    children: Scope
    limit: timedelta = INHIBITED_FOR
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One applied configuration. `version` counts applied configurations; 0 means that none was applied yet. `changes` counts what people
    arranged or took back that changed who was on call at once. `last_resort` is the whole site's, for policies whose own reaches nobody
    or that have none."""

    roster: Roster = field(default_factory=Roster)
    services: Mapping[str, Service] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    last_resort: Step = field(default_factory=lambda: Step(()))
    version: int = 0
    changes: int = 0
    maintenance: Mapping[str, Recurring] = field(default_factory=dict)
    inhibit: tuple[Inhibition, ...] = ()
    prices: Prices = field(default_factory=Prices)
    spending_cap: Cap | None = None

    @property
    def edition(self) -> str:
        """Another one whenever somebody else may be on call than the incidents that are open know."""
        return f"{self.version}.{self.changes}" if self.changes else str(self.version)

    def policy_of(self, service: Service, other: str = "") -> Policy:
        """Its policy (or another one), with what the service says itself."""
        policy = self.policies[other or service.policy]
        policy = replace(policy, auto_resolve=service.auto_resolve or policy.auto_resolve, labels=service.labels)
        policy = replace(policy, urgencies=service.urgencies)
        policy = replace(policy, last_resort=self.last_resort_of(policy), site_last_resort=self.last_resort)
        if service.acknowledgement_expires is None:
            return policy
        return replace(policy, acknowledgement_expires=service.acknowledgement_expires or None)

    def last_resort_of(self, policy: Policy) -> Step:
        """Its own, else the site's."""
        return policy.last_resort if policy.last_resort.targets else self.last_resort

    @property
    def takes_turns(self) -> bool:
        return any(step.round_robin for policy in self.policies.values() for step in policy.steps)

    def service_of(self, key: str) -> Service | None:
        return next((s for s in self.services.values() if key in s.keys), None)
