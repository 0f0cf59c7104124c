"""Words of the file about what is wrong and where: severities, labels of a service, labels that a step is for. Same manner as `words`."""

from __future__ import annotations

from escalation.config.faults import Refused, guess, quoted
from escalation.config.words import described, text
from escalation.domain.alert import Severity
from escalation.domain.urgency import Urgency

MOST = 20
LONGEST = 200


def severities(value: object) -> tuple[Severity, ...]:
    """One or several, each once, the worst first."""
    said = value if isinstance(value, list) else [value]
    if not said:
        raise Refused("is empty, at least one severity is needed")
    return tuple(sorted({_severity(word) for word in said}, key=lambda severity: severity.rank))


def urgencies(value: object) -> dict[Severity, Urgency]:
    """`{warning: high}`: severities that are otherwise urgent than is usual."""
    if not isinstance(value, dict) or not value:
        raise Refused(f"urgencies such as {{warning: high}} expected, not {described(value)}")
    return {_severity(name): _urgency(one) for name, one in value.items()}


def _urgency(value: object) -> Urgency:
    if value not in set(Urgency):
        raise Refused(f"no such urgency {quoted(text(value))} (there are: {', '.join(Urgency)})")
    return Urgency(str(value))


def own(value: object) -> dict[str, str]:
    """What a service is labelled with: `{env: prod}`."""
    return {name: _value(one) for name, one in _block(value).items()}


def wanted(value: object) -> dict[str, tuple[str, ...]]:
    """`{env: prod}`, or `{env: [prod, staging]}` for any of several."""
    return {name: tuple(map(_value, one if isinstance(one, list) else [one])) for name, one in _block(value).items()}


def _block(value: object) -> dict[str, object]:
    if not isinstance(value, dict) or not value or len(value) > MOST or [] in value.values():
        raise Refused(f"labels such as {{env: prod}} expected, 1 to {MOST}, each with a value; not {described(value)}")
    return value


def _value(value: object) -> str:
    if len(said := text(value)) > LONGEST:
        raise Refused(f"a label has {LONGEST} characters at most")
    return said


def _severity(value: object) -> Severity:
    if value not in set(Severity):
        word = text(value)
        raise Refused(f"no such severity {quoted(word)}{guess(word, Severity, public=True)} (there are: {', '.join(Severity)})")
    return Severity(str(value))
