"""The shape of `escalation.yaml` as pydantic models: which keys there are and what each may hold. Rules that look at two
places at once are in `crosschecks`; what the values mean for paging is in `site`."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, model_validator

from escalation.config import conditions, grouping, references, times, told, words
from escalation.config.block import Block
from escalation.config.faults import Refused
from escalation.config.inhibit import InhibitBlock, ParentBlock
from escalation.config.quiet import MaintenanceBlock, ScopeBlock, listed
from escalation.domain.alert import Severity
from escalation.domain.cost import FREE
from escalation.domain.grouping import Grouping
from escalation.domain.policy import Policy, Rung, Step
from escalation.domain.roster import ShiftNotices, Target
from escalation.domain.rotation import EVERY_DAY
from escalation.domain.urgency import Urgency
from escalation.domain.week import Week, Window

_POLICY = Policy("", ())
_STEP = Step(())


def _present(value: object) -> object:
    return {} if value is None else value


Handle = Annotated[str, PlainValidator(words.handle)]
Name = Annotated[str, PlainValidator(words.name)]
Windows = Annotated[
    list[Annotated[tuple[Window, ...], PlainValidator(times.windows)]],
    BeforeValidator(listed),
    Field(min_length=1, max_length=100),
]
Span = Annotated[timedelta, PlainValidator(words.span)]
Targets = Annotated[list[Annotated[Target, PlainValidator(references.target)]], BeforeValidator(listed), Field(min_length=1)]
Ladder = Annotated[
    list[Annotated[Rung, PlainValidator(references.rung)]], BeforeValidator(listed), Field(min_length=1, max_length=20)
]


class RulesBlock(Block):
    """What is not said is the policy's."""

    high: Ladder | None = None
    low: Ladder | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.high is None and self.low is None:
            raise Refused("says no rule: `high` or `low` is needed")
        return self


class PhoneBlock(Block):
    name: Annotated[str, PlainValidator(references.phone_name)]
    number: Annotated[str, PlainValidator(words.number)]


class PersonBlock(Block):
    """`sms` None means the phone's number, empty means no texts."""

    name: Annotated[str, PlainValidator(words.full_name)] = ""
    timezone: Annotated[str, PlainValidator(words.timezone)] = "UTC"
    phone: Annotated[str, PlainValidator(words.number)] = ""
    phones: Annotated[list[PhoneBlock], Field(min_length=1, max_length=10)] | None = None
    sms: Annotated[str | None, PlainValidator(words.text_number)] = None
    email: Annotated[str, PlainValidator(words.email)] = ""
    slack: Annotated[str, PlainValidator(words.slack_user)] = ""
    rules: RulesBlock | None = None
    quiet_hours: Windows | None = None
    notices: Annotated[ShiftNotices, PlainValidator(told.notices)] = ShiftNotices()
    readiness: Annotated[timedelta | None, PlainValidator(told.readiness)] = None

    @model_validator(mode="after")
    def _has_one_list(self) -> Self:
        names = [phone.name for phone in self.phones or ()]
        if self.phones and self.phone:
            raise Refused("`phone` or `phones`, not both")
        if len(set(names)) < len(names):
            raise Refused("two of the `phones` have the same name")
        return self

    @model_validator(mode="after")
    def _wakes_up(self) -> Self:
        if self.quiet_hours and not Week.of(window for windows in self.quiet_hours for window in windows).edges:
            raise Refused("`quiet_hours` that never end: what is of low urgency would never come")
        return self


class LayerBlock(Block):
    """`people` are the turns; `days` and `every` None mean every one, `hours` None that turns last whole days. With `ical` there is no
    rotation (`crosschecks`)."""

    name: Annotated[str, PlainValidator(words.name)]
    ical: Annotated[str, PlainValidator(words.text)] = ""
    people: Annotated[list[Annotated[tuple[str, ...], PlainValidator(references.turn)]], Field(min_length=1, max_length=200)] = (
        Field(default_factory=list)
    )
    starts: Annotated[date, PlainValidator(times.day)] = times.NEVER
    handoff: Annotated[time, PlainValidator(times.clock)] = time(9)
    days: Annotated[tuple[int, ...] | None, PlainValidator(times.weekdays)] = None
    every: Annotated[int | None, PlainValidator(times.every)] = None
    hours: Annotated[int | None, PlainValidator(times.hours)] = None
    only: Windows = Field(default_factory=list)
    timezone: Annotated[str | None, PlainValidator(words.timezone)] = None
    until: Annotated[date | None, PlainValidator(times.day)] = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.hours is not None and (self.days is not None or self.every is not None):
            raise Refused("turns last `hours` or change on `days`: not both")
        if self.until is not None and self.until <= self.starts and not self.ical:
            raise Refused("`until` is no later than `starts`: nobody is ever on call by it")
        return self

    @property
    def handoff_days(self) -> tuple[int, ...]:
        return self.days or EVERY_DAY


class ScheduleBlock(Block):
    """The lowest layer first."""

    timezone: Annotated[str, PlainValidator(words.timezone)]
    layers: Annotated[list[LayerBlock], Field(min_length=1, max_length=50)]
    notify: Annotated[list[Annotated[Target, PlainValidator(references.told)]], BeforeValidator(listed)] = Field(
        default_factory=list
    )


class SupportBlock(Block):
    """Other urgencies outside of these hours."""

    time: Windows
    timezone: Annotated[str, PlainValidator(words.timezone)]
    outside: Annotated[dict[Severity, Urgency], PlainValidator(conditions.urgencies)]


class ServiceBlock(Block):
    """`acknowledgement_expires` None means the policy's, zero never."""

    policy: Annotated[str, PlainValidator(references.policy)]
    keys: Annotated[list[Annotated[str, PlainValidator(words.key)]], Field(min_length=1)] | None = None
    key_file: Annotated[str, PlainValidator(words.text)] = ""
    acknowledgement_expires: Annotated[timedelta | None, PlainValidator(words.own_expiry)] = None
    auto_resolve: Annotated[timedelta | None, PlainValidator(words.expiry)] = None
    labels: Annotated[dict[str, str], PlainValidator(conditions.own)] = Field(default_factory=dict)
    urgency: Annotated[dict[Severity, Urgency], PlainValidator(conditions.urgencies)] = Field(default_factory=dict)
    support_hours: SupportBlock | None = None
    group_by: Annotated[tuple[str, ...] | None, PlainValidator(grouping.by)] = None
    window: Span = Grouping().window

    @model_validator(mode="after")
    def _groups_by_something(self) -> Self:
        if self.group_by is None and "window" in self.model_fields_set:
            raise Refused("`window` belongs to `group_by`")
        return self


class ConditionBlock(Block):
    """What is not said is no condition."""

    severity: Annotated[tuple[Severity, ...], PlainValidator(conditions.severities)] = ()
    labels: Annotated[dict[str, tuple[str, ...]], PlainValidator(conditions.wanted)] = Field(default_factory=dict)
    time: Windows | None = None
    timezone: Annotated[str | None, PlainValidator(words.timezone)] = None

    @model_validator(mode="after")
    def _is_a_condition(self) -> Self:
        if not (self.severity or self.labels or self.time):
            raise Refused("says no condition: `severity`, `labels` or `time` is needed")
        if (self.time is None) != (self.timezone is None):
            raise Refused("`time` and `timezone` belong together: hours are on the clock of a place")
        return self


class LastResortBlock(Block):
    """`timeout` and `by` None mean the policy's."""

    page: Targets
    timeout: Span | None = None
    by: Ladder | None = None


class StepBlock(Block):
    """`timeout` and `by` None mean the policy's. `page` or `round_robin`, or both."""

    page: Targets = Field(default_factory=list)
    round_robin: Annotated[
        list[Annotated[Target, PlainValidator(references.in_turn)]], BeforeValidator(listed), Field(min_length=1)
    ] = Field(default_factory=list)
    until_answered: Annotated[bool, PlainValidator(words.boolean)] = False
    timeout: Span | None = None
    by: Ladder | None = None
    condition: ConditionBlock | None = Field(default=None, alias="if")

    @model_validator(mode="after")
    def _pages_somebody(self) -> Self:
        if not (self.page or self.round_robin):
            raise Refused("`page` is missing, or `round_robin`")
        if self.until_answered and not self.round_robin:
            raise Refused("`until_answered` belongs to `round_robin`")
        return self


class PolicyBlock(Block):
    ring: Annotated[timedelta, PlainValidator(words.ring)] = _POLICY.ring
    repeat: Annotated[int, PlainValidator(words.rounds)] = _POLICY.rounds
    timeout: Span = _STEP.timeout
    by: Ladder = Field(default_factory=lambda: list(_STEP.ladder))
    acknowledgement_expires: Annotated[timedelta | None, PlainValidator(words.expiry)] = _POLICY.acknowledgement_expires
    alarm_every: Span = _POLICY.alarm_every
    slot_limit: Span = _POLICY.slot_limit
    steps: Annotated[list[StepBlock], Field(min_length=1, max_length=50)]
    last_resort: LastResortBlock | None = None


class PricesBlock(Block):
    call: Annotated[Decimal, PlainValidator(words.price)] = FREE
    text: Annotated[Decimal, PlainValidator(words.price)] = FREE


class SpendingCapBlock(Block):
    """Needs `prices` (`crosschecks`)."""

    per_day: Annotated[Decimal, PlainValidator(words.amount)]
    notify: Annotated[list[Annotated[Target, PlainValidator(references.told)]], BeforeValidator(listed)] = Field(
        default_factory=list
    )


class File(Block):
    allow_test_numbers: Annotated[bool, PlainValidator(words.boolean)] = False
    prices: PricesBlock = Field(default_factory=PricesBlock)
    spending_cap: Annotated[SpendingCapBlock | None, BeforeValidator(_present)] = None
    people: Annotated[dict[Handle, PersonBlock], Field(min_length=1), BeforeValidator(_present)]
    teams: Annotated[
        dict[Name, Annotated[list[Annotated[str, PlainValidator(references.member)]], Field(min_length=1)]],
        BeforeValidator(_present),
    ] = Field(default_factory=dict)
    schedules: Annotated[dict[Name, ScheduleBlock], BeforeValidator(_present)] = Field(default_factory=dict)
    urgency: Annotated[dict[Severity, Urgency], PlainValidator(conditions.urgencies)] = Field(default_factory=dict)
    services: Annotated[dict[Name, ServiceBlock], Field(min_length=1), BeforeValidator(_present)]
    policies: Annotated[dict[Name, PolicyBlock], Field(min_length=1), BeforeValidator(_present)]
    last_resort: LastResortBlock | None = None
    maintenance: Annotated[dict[Name, MaintenanceBlock], BeforeValidator(_present)] = Field(default_factory=dict)
    inhibit: Annotated[dict[Name, InhibitBlock], BeforeValidator(_present)] = Field(default_factory=dict)


_ENTRIES: dict[str, type[Block]] = {
    "people": PersonBlock,
    "schedules": ScheduleBlock,
    "services": ServiceBlock,
    "policies": PolicyBlock,
    "maintenance": MaintenanceBlock,
    "inhibit": InhibitBlock,
}
_AT_THE_TOP: dict[str, type[Block]] = {
    "last_resort": LastResortBlock,
    "prices": PricesBlock,
    "spending_cap": SpendingCapBlock,
}
_INSIDE: dict[tuple[str, str], type[Block]] = {
    ("people", "rules"): RulesBlock,
    ("services", "support_hours"): SupportBlock,
    ("policies", "last_resort"): LastResortBlock,
    ("inhibit", "parent"): ParentBlock,
    ("inhibit", "children"): ScopeBlock,
}


_LISTED: dict[tuple[str, str], type[Block]] = {
    ("people", "phones"): PhoneBlock,
    ("policies", "steps"): StepBlock,
    ("schedules", "layers"): LayerBlock,
}


def keys_of(block: type[BaseModel]) -> list[str]:
    """As they are written in the file."""
    return [field.alias or name for name, field in block.model_fields.items()]


def block_at(path: tuple[str | int, ...]) -> type[Block] | None:
    """The model of the block at a path of the file; None where no block stands."""
    match path:
        case ():
            return File
        case (str(section), _):
            return _ENTRIES.get(section)
        case (("last_resort" | "prices" | "spending_cap") as section,):
            return _AT_THE_TOP[section]
        case (str(section), _, str(key)):
            return _INSIDE.get((section, key))
        case (str(section), _, str(key), int()):
            return _LISTED.get((section, key))
        case ("policies", _, "steps", int(), "if"):
            return ConditionBlock
        case _:
            return None
