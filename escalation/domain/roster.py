"""Who can be told, and by what: responders, their contact methods, teams, schedules. Resolves a policy's target to people.
Not who is on call when (`schedule`) and not policy (in what order)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from escalation.domain.conditions import Hours
from escalation.domain.overrides import Absence, Override
from escalation.domain.schedule import Schedule, Shift, on_call
from escalation.domain.urgency import Urgency


class Channel(StrEnum):
    VOICE = "voice"
    SMS = "sms"
    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"

    @property
    def rings(self) -> bool:
        """A call occupies its phone and ends; everything else is a text that lies there until it is read."""
        return self is Channel.VOICE


@dataclass(frozen=True, slots=True)
class Rung:
    """One try on one channel; begins `after` the previous rung's call ended, or after its text was sent. `at`: on which of their phones,
    by its name; whoever has none of that name is called on the first."""

    channel: Channel
    after: timedelta = timedelta(0)
    at: str = ""


CALL_TEXT_CALL = (Rung(Channel.VOICE), Rung(Channel.SMS), Rung(Channel.VOICE, timedelta(minutes=2)))


class TargetKind(StrEnum):
    PERSON = "person"
    TEAM = "team"
    SCHEDULE = "schedule"  # whoever is on call in it
    SLACK = "slack"  # a Slack channel
    EMAIL = "email"  # a mailbox
    WEBHOOK = "webhook"  # an URL of the site's own


@dataclass(frozen=True, slots=True)
class Target:
    """What a step points at. `name` is a person's handle, a team's or schedule's name, or the address of a place."""

    kind: TargetKind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind is TargetKind.PERSON else f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """An address with its channel. `blocked` says why it cannot be used (opted out), empty when it can. `name`: of one of several
    phones."""

    channel: Channel
    address: str
    blocked: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ShiftNotices:
    """So long before a shift of theirs somebody is told; never without any. `by` None: in Slack, else by e-mail, else not at all."""

    by: Channel | None = None
    at: tuple[timedelta, ...] = (timedelta(days=1),)


@dataclass(frozen=True, slots=True)
class Responder:
    """Somebody who can be told: a person, or a place (a Slack channel, a mailbox, a URL) that somebody reads.
    `chat` is the person's Slack user id, for mentions and for knowing who pressed a button. `rules`: the ladder they want, by urgency;
    `quiet`: when they want nothing that is of low urgency; `readiness`: so long before a shift they are called for a
    test."""

    handle: str
    name: str
    contacts: tuple[ContactMethod, ...] = ()
    timezone: str = "UTC"
    chat: str = ""
    is_place: bool = False
    rules: Mapping[Urgency, tuple[Rung, ...]] = field(default_factory=dict)
    quiet: Hours | None = None
    notices: ShiftNotices = ShiftNotices()
    readiness: timedelta | None = None

    def contact(self, channel: Channel, name: str = "") -> ContactMethod | None:
        """The usable contact method of that name on that channel, else the first usable one: a name that is wrong silences nobody."""
        usable = [c for c in self.contacts if c.channel is channel and not c.blocked]
        return next((c for c in usable if name and c.name == name), usable[0] if usable else None)


@dataclass(frozen=True, slots=True)
class Roster:
    """People, teams and schedules as they stand now, opt-outs marked on their contact methods. `overrides` and `absences` are what
    was arranged at run time; a configuration has none. `notify`: whom to tell of a schedule's gaps, by schedule."""

    people: Mapping[str, Responder] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    absences: tuple[Absence, ...] = ()
    notify: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)

    def resolve(self, target: Target, at: datetime) -> tuple[Responder, ...]:
        """Responders of a target at that instant, in order; an unknown person, team or schedule, and a schedule that nobody is on call
        in, is nobody (loudly, by the machine), never an error."""
        shift = self.shift(target.name, at) if target.kind is TargetKind.SCHEDULE else None
        return self._known(shift.people) if shift else self.everybody(target)

    def everybody(self, target: Target) -> tuple[Responder, ...]:
        """Whoever may be behind a target at one time or another."""
        match target.kind:
            case TargetKind.PERSON:
                return self._known([target.name])
            case TargetKind.TEAM:
                return self._known(self.teams.get(target.name, ()))
            case TargetKind.SCHEDULE:
                schedule = self.schedules.get(target.name)
                return self._known(sorted(schedule.people)) if schedule else ()
            case _:
                return (place(target),)

    def shift(self, schedule: str, at: datetime) -> Shift | None:
        """Who is on call in that schedule; None when there is no such schedule."""
        found = self.schedules.get(schedule)
        return on_call(found, at, self.overrides, self.absences) if found else None

    def _known(self, handles: Iterable[str]) -> tuple[Responder, ...]:
        return tuple(self.people[h] for h in handles if h in self.people)

    def responder(self, handle: str) -> Responder | None:
        """A responder by handle; a place's handle is its target's text, such as `slack:#ops`."""
        if handle in self.people:
            return self.people[handle]
        kind, _, name = handle.partition(":")
        return place(Target(TargetKind(kind), name)) if name and kind in PLACES else None

    def name(self, handle: str) -> str:
        found = self.responder(handle)
        return found.name if found else handle

    def blocking(self, blocked: Mapping[tuple[Channel, str], str]) -> Roster:
        """The same roster with some addresses marked unusable, each with its reason."""
        return replace(self, people={h: _blocked(p, blocked) for h, p in self.people.items()})


PLACES = {TargetKind.SLACK: Channel.SLACK, TargetKind.EMAIL: Channel.EMAIL, TargetKind.WEBHOOK: Channel.WEBHOOK}


def place(target: Target) -> Responder:
    """Its handle holds the address; its name does not."""
    contact = ContactMethod(PLACES[target.kind], target.name)
    name = f"{target.kind.capitalize()} {masked(contact.channel, target.name)}"
    return Responder(handle=str(target), name=name, contacts=(contact,), is_place=True)


def masked(channel: Channel, address: str) -> str:
    """`+15550100100` -> `+1•••••••100`; an e-mail keeps its domain; a Slack channel or user is not a secret."""
    match channel:
        case Channel.VOICE | Channel.SMS:
            return address[:2] + "•" * max(len(address) - 5, 0) + address[-3:]
        case Channel.EMAIL:
            name, _, domain = address.partition("@")
            return f"{name[:1]}•••@{domain}"
        case Channel.WEBHOOK:
            return address.split("?", maxsplit=1)[0].rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0].rpartition("@")[2]
        case _:
            return address


def _blocked(person: Responder, blocked: Mapping[tuple[Channel, str], str]) -> Responder:
    contacts = tuple(replace(c, blocked=blocked.get((c.channel, c.address), c.blocked)) for c in person.contacts)
    return replace(person, contacts=contacts)
