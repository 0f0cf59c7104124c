"""Words of the file that point at something: people, teams, policies, places outside, channels of a ladder. Same manner as
`words`: a `Refused` with a plain reason, never a number or a secret in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from pydantic import ValidationInfo

from escalation.config.faults import Refused, guess, quoted
from escalation.config.words import Known, email, known, span, text, url
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel, Target, TargetKind

LADDER_CHANNELS = (Channel.VOICE, Channel.SMS, Channel.SLACK, Channel.EMAIL)
_CHANNEL_WORDS = {"call": "voice", "phone": "voice", "text": "sms", "message": "sms", "mail": "email", "e-mail": "email"}
_SLACK_CHANNEL = re.compile(r"#[^\s#@,:A-Z]{1,80}|[CGD][A-Z0-9]{2,20}")


def member(value: object, info: ValidationInfo) -> str:
    """A person's short name, in a team or a schedule."""
    who = text(value)
    if who not in known(info).people:
        raise Refused(f"no such person {quoted(who)}{guess(who, known(info).people)}")
    return who


def turn(value: object, info: ValidationInfo) -> tuple[str, ...]:
    """Who is on call in one turn: a person, several, or `~` for nobody."""
    if value is None:
        return ()
    if value == []:
        raise Refused("is empty: write ~ for a turn of nobody")
    people = tuple(member(one, info) for one in (value if isinstance(value, list) else [value]))
    twice = next((p for n, p in enumerate(people) if p in people[:n]), None)
    if twice:
        raise Refused(f"{quoted(twice)} is in this turn twice")
    return people


def policy(value: object, info: ValidationInfo) -> str:
    what = text(value)
    if what not in known(info).policies:
        raise Refused(f"no such policy {quoted(what)}{guess(what, known(info).policies)}")
    return what


def target(value: object, info: ValidationInfo) -> Target:
    """`ann`, `team:payments`, `schedule:payments`, `slack:#incidents`, `email:ops@example.org`, `webhook:https://…`."""
    if isinstance(value, dict):
        raise Refused('a space after the colon makes it a block: write team:name without it, or in quotes, "slack:#ops"')
    said = text(value)
    kind, colon, rest = said.partition(":")
    if not colon:
        return _person(said, known(info))
    if kind not in _PLACES and kind not in _OURS:
        kinds = [*_OURS, *_PLACES]
        raise Refused(f"no such kind of target {quoted(kind)}{guess(kind, kinds)} (there are: {', '.join(kinds)})")
    if kind in _OURS:
        return _ours(TargetKind(kind), rest.strip(), _OURS[kind](known(info)))
    return Target(TargetKind(kind), _PLACES[kind](rest))


def in_turn(value: object, info: ValidationInfo) -> Target:
    """Of a round robin: `ann`, `team:payments`. Nobody takes turns with a place, and a schedule has turns of its own."""
    found = target(value, info)
    if found.kind not in (TargetKind.PERSON, TargetKind.TEAM):
        raise Refused(f"people and teams take turns, not a {found.kind}")
    return found


def told(value: object, info: ValidationInfo) -> Target:
    """Whoever hears that a schedule has nobody: anybody but a schedule."""
    found = target(value, info)
    if found.kind is TargetKind.SCHEDULE:
        raise Refused("people, teams and places are told, not a schedule: there may be nobody in it")
    return found


def _person(who: str, names: Known) -> Target:
    if who in names.people:
        return Target(TargetKind.PERSON, who)
    for kind, theirs in _OURS.items():
        if who in theirs(names):
            raise Refused(f"no such person {quoted(who)}, did you mean {quoted(f'{kind}:{who}')}?")
    hint = ": for several write a list, [ann, bob]" if "," in who else guess(who, names.people)
    raise Refused(f"no such person {quoted(who)}{hint}")


def _ours(kind: TargetKind, name: str, names: tuple[str, ...]) -> Target:
    if name not in names:
        raise Refused(f"no such {kind} {quoted(name)}{guess(f'{kind}:{name}', [f'{kind}:{n}' for n in names])}")
    return Target(kind, name)


def slack_channel(value: object) -> str:
    if not _SLACK_CHANNEL.fullmatch(text(value)):
        raise Refused('a Slack channel such as "slack:#incidents" expected (small letters, in quotes), or its id')
    return text(value)


_OURS: dict[str, Callable[[Known], tuple[str, ...]]] = {
    TargetKind.SCHEDULE: lambda names: names.schedules,
    TargetKind.TEAM: lambda names: names.teams,
}
_PLACES = {"slack": slack_channel, "email": email, "webhook": url}


def rung(value: object) -> Rung:
    """`sms`, or `{voice: 2m}`: two minutes after the try before; `{voice: home}` or `{voice: home, after: 2m}`: on that phone."""
    if isinstance(value, dict) and len(value) == 1 + ("after" in value) and list(value) != ["after"]:
        [(word, said)] = [(word, said) for word, said in value.items() if word != "after"]
        if "after" in value or is_phone(said):
            return Rung(_channel(word), _after(value["after"]) if "after" in value else timedelta(0), _phone(word, said))
        return Rung(_channel(word), _after(said))
    if isinstance(value, str):
        return Rung(_channel(value))
    raise Refused("a channel such as `sms`, or `{voice: 2m}` for two minutes later, expected")


def is_phone(value: object) -> bool:
    """A phone's name begins with a letter, so it is no duration."""
    return isinstance(value, str) and value[:1].isalpha() and not value.startswith("after ")


def _phone(word: str, said: object) -> str:
    if _channel(word) is not Channel.VOICE:
        raise Refused(f"a phone is named for calls, not for {quoted(word)}")
    return phone_name(said)


def phone_name(value: object) -> str:
    if not is_phone(value) or len(text(value)) > 20:
        raise Refused("a phone's name begins with a letter and has 20 characters at most: home, mobile")
    return text(value)


def _channel(word: str) -> Channel:
    if word not in LADDER_CHANNELS:
        near = f", did you mean `{_CHANNEL_WORDS[word]}`?" if word in _CHANNEL_WORDS else guess(word, LADDER_CHANNELS)
        raise Refused(f"no such channel {quoted(word)}{near} (voice, sms, slack, email)")
    return Channel(word)


def _after(value: object) -> timedelta:
    if isinstance(value, str):
        value = value.removeprefix("after ").strip()
    return timedelta(0) if value == "0s" else span(value)
