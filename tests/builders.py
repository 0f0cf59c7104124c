"""Builders of domain values for tests: the same small world everywhere. Ann is the primary, Bob the backup, Lee the lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from escalation.domain.alert import Action, Alert, Severity
from escalation.domain.incident import Incident
from escalation.domain.policy import CALL_TEXT_CALL, Policy, Rung, Service, Site, Step
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster, Target, TargetKind

NIGHT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
KEY = "k" * 32
PHONES = {"ann": "+15550100001", "bob": "+15550100002", "lee": "+15550100003"}


def person(handle: str, *, phone: str = "", chat: str = "") -> Responder:
    number = phone or PHONES[handle]
    contacts = (ContactMethod(Channel.VOICE, number), ContactMethod(Channel.SMS, number))
    return Responder(handle, handle.capitalize(), contacts, "Europe/Berlin", chat or f"U{handle.upper()}")


def roster(*handles: str) -> Roster:
    people = {h: person(h) for h in (handles or PHONES)}
    return Roster(people, {"payments": tuple(people)})


def target(name: str) -> Target:
    kind, _, rest = name.rpartition(":")
    return Target(TargetKind(kind) if kind else TargetKind.PERSON, rest)


def step(*targets: str, minutes: float = 5, ladder: tuple[Rung, ...] = CALL_TEXT_CALL) -> Step:
    return Step(tuple(target(t) for t in targets), timedelta(minutes=minutes), ladder)


def policy(*steps: Step, rounds: int = 1, **values: object) -> Policy:
    """Primary, backup, lead, then text and Slack to the whole team, then the last resort by mail."""
    everybody = Step((target("team:payments"), target("slack:#incidents")), timedelta(minutes=5), (Rung(Channel.SMS),))
    last = Step((target("email:ops@example.org"),))
    chosen = steps or (step("ann"), step("bob"), step("lee"), everybody)
    return Policy("default", chosen, rounds, last_resort=last, **values)  # type: ignore[arg-type]


def site(**values: object) -> Site:
    chosen = values.pop("policy", None) or policy()
    assert isinstance(chosen, Policy)
    return Site(roster(), {"payments": Service("payments", (KEY,), "default")}, {"default": chosen}, **values)  # type: ignore[arg-type]


def alert(summary: str = "db-1 is down", *, action: Action = Action.TRIGGER, key: str = "db-1", **values: object) -> Alert:
    return Alert(KEY, action, key, summary, **{"source": "prometheus", **values})  # type: ignore[arg-type]


def incident(chosen: Policy | None = None, *, severity: Severity = Severity.ERROR) -> Incident:
    return Incident(42, "payments", "db-1", "db-1 is down", severity, chosen or policy(), NIGHT)
