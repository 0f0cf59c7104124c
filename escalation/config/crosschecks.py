"""Rules that look at two places of the file at once: a key that two services claim, a step that ends before its phones stop
ringing. They read the raw values and pass over what is faulty by itself, so that all faults come out together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from escalation.config import references, words
from escalation.config.document import Document
from escalation.config.duration import spelled
from escalation.config.faults import Path, Refused
from escalation.config.schema import PersonBlock, PolicyBlock
from escalation.domain.cost import FREE
from escalation.domain.policy import CALL_TEXT_CALL, Rung
from escalation.domain.roster import PLACES

CONTACTS = ("phone", "phones", "sms", "email", "slack")
ROTATION = ("people", "starts", "handoff", "days", "every", "hours")


def names(document: Document) -> words.Known:
    """What others may refer to; entries with faults are there too, so that a fault does not breed others."""
    top = block(document.data)
    return words.Known(
        people=tuple(block(top.get("people"))),
        teams=tuple(block(top.get("teams"))),
        schedules=tuple(block(top.get("schedules"))),
        policies=tuple(block(top.get("policies"))),
        services=tuple(block(top.get("services"))),
        allow_test_numbers=top.get("allow_test_numbers") is True,
    )


def check(document: Document, keys_from_files: Mapping[str, tuple[str, ...]]) -> None:
    """Adds the faults found to the document. `keys_from_files`: what each service's `key_file` held, by service."""
    top = block(document.data)
    _cap(document, top)
    for handle, person in block(top.get("people")).items():
        _contacts(document, ("people", handle), person)
    _services(document, block(top.get("services")), keys_from_files)
    for name, schedule in block(top.get("schedules")).items():
        _layers(document, ("schedules", name, "layers"), items(block(schedule).get("layers")))
    for name, policy in block(top.get("policies")).items():
        _policy(document, ("policies", name), block(policy))


def _contacts(document: Document, path: Path, person: object) -> None:
    """Whoever is paged must be reached by something. A number that is faulty by itself counts as said, and so may an unknown key."""
    if isinstance(person, dict) and PersonBlock.model_fields.keys() >= person.keys() and not any(map(person.get, CONTACTS)):
        document.faults.add(path, f"cannot be reached by anything: {', '.join(f'`{way}`' for way in CONTACTS)} are all missing")


def _cap(document: Document, top: dict[str, object]) -> None:
    """Without a price nothing would ever be counted. One that is faulty by itself counts as said."""
    if "spending_cap" in top and all(_costs_nothing(price) for price in block(top.get("prices")).values()):
        document.faults.add(("spending_cap",), "needs `prices`: without them nothing is counted")


def _costs_nothing(price: object) -> bool:
    try:
        return words.price(price) == FREE
    except Refused:
        return False


def _services(document: Document, services: dict[str, object], from_files: Mapping[str, tuple[str, ...]]) -> None:
    owners: dict[str, Path] = {}
    for name, raw in services.items():
        service = block(raw)
        if isinstance(raw, dict) and service.get("keys") is None and service.get("key_file") is None:
            document.faults.add(("services", name), "has no intake key: `keys` or `key_file` is missing")
        own = [(("services", name, "keys", i), key) for i, key in enumerate(items(service.get("keys")))]
        for path, key in [*own, *((("services", name, "key_file"), key) for key in from_files.get(name, ()))]:
            if isinstance(key, str) and owners.setdefault(key, path) != path:
                document.faults.add(path, f"the same key as in line {document.lines[owners[key]]}; each key names one service")


def _layers(document: Document, path: Path, layers: list[object]) -> None:
    first: dict[str, Path] = {}
    for i, layer in enumerate(layers):
        name, here = block(layer).get("name"), (*path, i, "name")
        if isinstance(name, str) and first.setdefault(name, here) != here:
            document.faults.add(here, f"the same name as in line {document.lines[first[name]]}")
        _source(document, (*path, i), block(layer))


def _source(document: Document, path: Path, layer: dict[str, object]) -> None:
    """A layer is a rotation or somebody's calendar."""
    if layer and "ical" not in layer:
        for key in (key for key in ROTATION[:2] if key not in layer):
            document.faults.add(path, f"`{key}` is missing")
    for key in (key for key in (*ROTATION, "only", "until") if "ical" in layer and key in layer):
        document.faults.add((*path, key), "an `ical` layer has no rotation and no hours of its own: the calendar says it all")


def _policy(document: Document, path: Path, policy: dict[str, object]) -> None:
    ring = _span(policy.get("ring")) or PolicyBlock.model_fields["ring"].default
    steps = [((*path, "steps", i), block(s)) for i, s in enumerate(items(policy.get("steps")))]
    for where, step in [*steps, ((*path, "last_resort"), block(policy.get("last_resort")))]:
        timeout = _span(step.get("timeout", policy.get("timeout")))
        if timeout and timeout < ring and _rings(step, policy):
            document.faults.add((*where, "timeout"), f"{spelled(timeout)} is over before a phone has rung for {spelled(ring)}")


def _rings(step: dict[str, object], policy: dict[str, object]) -> bool:
    pages = [step.get("page"), step.get("round_robin")]
    said = [target for page in pages for target in (page if isinstance(page, list) else [page])]
    anybody = any(isinstance(t, str) and t.partition(":")[0] not in PLACES for t in said)
    return anybody and any(r.channel.rings for r in _ladder(step.get("by", policy.get("by"))))


def _ladder(value: object) -> tuple[Rung, ...]:
    if value is None:
        return CALL_TEXT_CALL
    return tuple(r for r in map(_rung, value if isinstance(value, list) else [value]) if r)


def _rung(value: object) -> Rung | None:
    try:
        return references.rung(value)
    except Refused:
        return None


def _span(value: object) -> timedelta | None:
    try:
        return words.span(value)
    except Refused:
        return None


def block(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
