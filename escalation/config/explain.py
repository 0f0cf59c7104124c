"""pydantic's errors -> faults in our words, each at its line. It adds no rule and repeats no value."""

from __future__ import annotations

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from escalation.config.document import Document
from escalation.config.faults import Path, guess, quoted
from escalation.config.schema import block_at, keys_of
from escalation.config.words import described

_MEANT = {
    "users": "people", "contacts": "people", "escalation_policies": "policies", "group": "teams", "groups": "teams",
    "mobile": "phone", "number": "phone", "tel": "phone", "voice": "phone", "text": "sms", "mail": "email", "tz": "timezone",
    "when": "if", "condition": "if", "conditions": "if", "severities": "severity", "key": "keys", "routing_key": "keys", "escalation_policy": "policy", "rounds": "repeat", "loops": "repeat",
    "ring_time": "ring", "ack_timeout": "acknowledgement_expires", "target": "page", "targets": "page", "notify": "page",
    "ladder": "by", "channels": "by", "wait": "timeout", "delay": "timeout",
}  # fmt: skip


def explain(error: ValidationError, document: Document) -> None:
    """Adds a fault to the document for every error that pydantic found."""
    for detail in error.errors(include_url=False, include_input=False):
        path = _path(detail, document)
        document.faults.add(path, _text(detail, path, document))


def _path(detail: ErrorDetails, document: Document) -> Path:
    """pydantic's location without its own marks (`[key]`, names of union members)."""
    path: Path = detail["loc"]
    while path and path not in document.lines:
        path = path[:-1]
    return path


def _text(detail: ErrorDetails, path: Path, document: Document) -> str:
    match detail["type"]:
        case "value_error":
            return str(detail["ctx"]["error"])
        case "missing":
            return f"`{detail['loc'][-1]}` is missing"
        case "extra_forbidden":
            return _unknown(str(path[-1]), path[:-1])
        case "too_short":
            return "is empty, at least one is needed"
        case "too_long":
            return f"has more than {detail['ctx']['max_length']} entries"
        case "list_type":
            return f"a list expected, not {described(document.at(path))}"
        case "model_type" | "dict_type":
            return f"a block of `key: value` expected, not {described(document.at(path))}"
        case _:
            return "cannot be understood"


def _unknown(key: str, path: Path) -> str:
    block = block_at(path)
    known = keys_of(block) if block else []
    meant = _MEANT.get(key.lower(), "")
    hint = f", did you mean `{meant}`?" if meant in known else guess(key, known)
    return f"unknown key {quoted(key)}" + (hint or f" (there are: {', '.join(known)})")
