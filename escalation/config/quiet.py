"""The part of the file that says when nobody is paged: recurring maintenance windows. Their shape, their words and what they mean. Planned
windows are made at run time and stand in no file."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, model_validator

from escalation.config import times, words
from escalation.config.block import Block
from escalation.config.faults import Refused, guess, quoted
from escalation.domain.alert import Severity
from escalation.domain.maintenance import LONGEST_REASON, Recurring, Scope
from escalation.domain.week import Week, Window


def listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def service(value: object, info: ValidationInfo) -> str:
    name = words.text(value)
    known = words.known(info).services
    if name not in known:
        raise Refused(f"no such service {quoted(name)}{guess(name, known)}")
    return name


def severity(value: object) -> Severity:
    if value not in list(Severity):
        raise Refused(f"one of {', '.join(Severity)} expected")
    return Severity(str(value))


def reason(value: object) -> str:
    if len(words.text(value)) > LONGEST_REASON:
        raise Refused(f"a reason has at most {LONGEST_REASON} characters")
    return words.text(value)


Services = Annotated[list[Annotated[str, PlainValidator(service)]], BeforeValidator(listed), Field(min_length=1, max_length=1000)]
Labels = Annotated[dict[str, Annotated[str, PlainValidator(words.text)]], Field(min_length=1, max_length=20)]


class ScopeBlock(Block):
    """Which incidents: `services` None is all of them, `labels` None whatever their details are."""

    services: Services | None = None
    labels: Labels | None = None
    at_most: Annotated[Severity | None, PlainValidator(severity)] = None

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.services is None and self.labels is None:
            raise Refused("`services` or `labels` is needed: everything at once is never meant")
        return self

    @property
    def scope(self) -> Scope:
        return Scope(tuple(dict.fromkeys(self.services or ())), self.labels or {}, self.at_most)


class MaintenanceBlock(ScopeBlock):
    """`when` is as `only` of a layer."""

    timezone: Annotated[str, PlainValidator(words.timezone)]
    when: Annotated[
        list[Annotated[tuple[Window, ...], PlainValidator(times.windows)]],
        BeforeValidator(listed),
        Field(min_length=1, max_length=100),
    ]
    reason: Annotated[str, PlainValidator(reason)]
    stop_ringing: Annotated[bool, PlainValidator(words.boolean)] = False

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if not self.week.edges:
            raise Refused("`when` is the whole week: a maintenance window has an end")
        return self

    @property
    def week(self) -> Week:
        return Week.of(window for windows in self.when for window in windows)


def recurring(name: str, block: MaintenanceBlock) -> Recurring:
    return Recurring(name, block.scope, block.week, ZoneInfo(block.timezone), block.reason, block.stop_ringing)
