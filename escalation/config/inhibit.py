"""The part of the file that says what holds what back: `inhibit`. Its shape, what it means, and that no rule leads back to where it began: two
incidents that hold each other back would never be paged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import PlainValidator, model_validator

from escalation.config import words
from escalation.config.block import Block
from escalation.config.document import Document
from escalation.config.faults import Path, Refused, quoted
from escalation.config.quiet import Labels, ScopeBlock, Services, listed, severity
from escalation.domain.alert import Severity
from escalation.domain.maintenance import Scope
from escalation.domain.policy import INHIBITED_FOR, Inhibition

Leads = dict[str, set[str]]  # which services a rule holds back, by rule


class ParentBlock(Block):
    services: Services
    labels: Labels | None = None
    at_least: Annotated[Severity | None, PlainValidator(severity)] = None

    @property
    def scope(self) -> Scope:
        return Scope(tuple(dict.fromkeys(self.services)), self.labels or {}, at_least=self.at_least)


class InhibitBlock(Block):
    """`children` without `services` are incidents of all of them."""

    parent: ParentBlock
    children: ScopeBlock
    limit: Annotated[timedelta, PlainValidator(words.span)] = INHIBITED_FOR
    stop_ringing: Annotated[bool, PlainValidator(words.boolean)] = False

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        """Within one service the severity must tell parents from children."""
        least, most = self.parent.at_least, self.children.at_most
        both = sorted(set(self.parent.services) & set(self.children.services or ()))
        if both and not (least and most and least.rank < most.rank):
            raise Refused(
                f"{quoted(both[0])} is parent and child: give `at_least` to the parent and a lesser `at_most` to the children"
            )
        return self


def inhibition(name: str, block: InhibitBlock) -> Inhibition:
    return Inhibition(name, block.parent.scope, block.children.scope, block.limit, block.stop_ringing)


def cycles(document: Document) -> None:
    """Adds a fault for each rule that leads back to a parent of its own. Reads the raw values, so that all faults come out together."""
    top = _block(document.data)
    rules = {str(name): _block(rule) for name, rule in _block(top.get("inhibit")).items()}
    every = set(_block(top.get("services")))
    parents = {name: _services(rule.get("parent")) for name, rule in rules.items()}
    leads = {name: _held(_block(rule.get("children")), every) - parents[name] for name, rule in rules.items()}
    for name in rules:
        if way := next(_ways_back(name, parents, leads), None):
            path: Path = ("inhibit", name)
            shown = " -> ".join(f"{one} (line {document.lines[('inhibit', one)]})" for one in way)
            document.faults.add(path, f"holds back what holds it back: {shown}")


def _ways_back(name: str, parents: Mapping[str, set[str]], leads: Leads) -> Iterator[tuple[str, ...]]:
    """Rules, each with a parent that the one before holds back, from this one to itself."""
    seen: set[str] = set()
    ways: list[tuple[str, ...]] = [(name,)]
    while ways:
        way = ways.pop(0)
        for other in parents:
            if not leads[way[-1]] & parents[other]:
                continue
            if other == name:
                yield (*way, name)
            elif other not in seen:
                seen.add(other)
                ways.append((*way, other))


def _held(children: dict[str, object], every: set[str]) -> set[str]:
    """Those of labels alone may be of any service."""
    return every if "labels" in children and "services" not in children else _services(children)


def _services(value: object) -> set[str]:
    said = _block(value).get("services")
    found = listed(said) if said is not None else []
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _block(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
