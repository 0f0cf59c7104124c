r"""Reads a script: what the phones do, what goes wrong and when, in YAML. All its faults are told at once, nothing of a
faulty script is applied. Habits and faults themselves are in `habits.py` and `faults.py`.

    account: {auth_id: MA…, auth_token: …, credits: 20, numbers: ["+15550109999"]}     # all optional
    message_url: http://127.0.0.1:8000/plivo/message         # where the replies of phones go
    options: {split_uuids: true, detects_humans: true, message_signatures: V3}  # V2 (default), V3 or "V2 V3"
    slack: {token: xoxb-…, signing_secret: …, actions_url: http://127.0.0.1:8000/slack/actions, channels: [C1],
            users: {ann@example.com: U1}}
    phones:
      "+15550100001": {name: Ann, habit: ignores}            # quote the numbers; `ignores` with `after`: carrier gives up
      "+15550100002": {name: Bob, habit: answers, after: 4, presses: "1", wait: 3}  # presses: ["9", "1"] = one a menu
      "+15550100003": {habit: voicemail, after: 15}
      "+15550100004": busy                                   # also: manual, declines, unreachable (code: 2010)
      "+15550100005": [ignores, {habit: answers, presses: "1"}]      # one habit per call, the last again and again
      "+15550100006": {replies: {text: "1 {found}", find: "code (\\d+)", after: 5}}  # to every text it gets
      "+15550100007": {habits: [busy, manual], undeliverable: "80"}  # its texts end with this error code
    faults:                                                  # at: seconds from now, for: how long; times: default 1,
      - {kind: status, on: POST Call, status: 503, accept: true}     # without end when `for` is given
      - {kind: timeout, on: Message, accept: false}          # by: how long a real server holds the line
      - {kind: down, at: 60, for: 120}                       # on "*" = all of Plivo; Slack, Webhook, Mail by name
      - {kind: lost, on: Hangup}                             # doubled, late, reordered (by: seconds); on: Ring, Answer,
      - {kind: late, on: Status, by: 90, times: 3}           # Fallback, Action, Redirect, Transfer, MachineDetection, …
      - {kind: undelivered, to: "+15550100001", code: "80", error: failed}
      - {kind: unreachable, code: 5010}                      # a call that fails with this hangup code
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from escalation.sandbox.causes import is_known
from escalation.sandbox.faults import KINDS, Fault
from escalation.sandbox.habits import KINDS as HABITS
from escalation.sandbox.habits import Habit, Reply

if TYPE_CHECKING:
    from escalation.sandbox.world import World

_HABIT_KEYS = {"habit", "after", "presses", "wait", "hangs_up", "code"}
_PHONE_KEYS = _HABIT_KEYS | {"name", "habits", "replies", "undeliverable"}
_FAULT_KEYS = {"kind", "on", "times", "at", "for", "status", "accept", "by", "code", "to", "error"}
_OPTIONS = {"split_uuids": bool, "detects_humans": bool, "message_signatures": str, "latency": float}
_TOP_KEYS = {"account", "message_url", "options", "slack", "phones", "faults"}
_ACCOUNT_KEYS = {"auth_id", "auth_token", "main_token", "credits", "numbers", "name"}
_SLACK_KEYS = {"token", "signing_secret", "actions_url", "channels", "users"}


class ScriptFaults(ValueError):
    """Everything that is wrong with a script, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass
class PhoneScript:
    number: str
    name: str = ""
    habits: list[Habit] = field(default_factory=list)
    replies: Reply | None = None
    undeliverable: str = ""


@dataclass
class TimedFault:
    """A fault whose times count from the moment the script is applied."""

    fault: Fault
    at: float = 0.0
    lasts: float | None = None

    def begin(self, now: float) -> Fault:
        self.fault.start = now + self.at
        self.fault.until = None if self.lasts is None else now + self.at + self.lasts
        return self.fault


@dataclass
class Script:
    account: dict[str, Any] = field(default_factory=dict)
    message_url: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    slack: dict[str, Any] = field(default_factory=dict)
    phones: list[PhoneScript] = field(default_factory=list)
    faults: list[TimedFault] = field(default_factory=list)

    def apply(self, world: World) -> None:
        """On top of what is there: phones not named keep their habits."""
        for each in self.phones:
            phone = world.phone(each.number, each.name, each.habits)
            phone.answers_texts, phone.undeliverable = each.replies, each.undeliverable
        for timed in self.faults:
            world.faults.add(timed.begin(world.now()))
        for name, value in self.options.items():
            setattr(world, name, value)
        for name, value in self.slack.items():
            setattr(world.slack, name, set(value) if name == "channels" else value)
        world.message_url = self.message_url or world.message_url
        self._apply_account(world)

    def _apply_account(self, world: World) -> None:
        for name, value in self.account.items():
            if name == "credits":
                world.account.cash_credits = Decimal(str(value))
            else:
                setattr(world.account, name, tuple(value) if name == "numbers" else value)


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads `on` (and yes, no, off) as a truth value; here only true and false are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def load(text: str) -> Script:
    """Raises ScriptFaults with every fault found."""
    try:
        found = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as fault:
        raise ScriptFaults([f"not YAML: {fault}"]) from fault
    return read(found if found is not None else {})


def read(found: object) -> Script:
    reader = _Reader()
    script = reader.script(found)
    if reader.faults:
        raise ScriptFaults(reader.faults)
    return script


def read_fault(found: object) -> TimedFault:
    reader = _Reader()
    fault = reader.fault("fault", found)
    if reader.faults:
        raise ScriptFaults(reader.faults)
    return fault


def read_phone(number: str, found: object) -> PhoneScript:
    reader = _Reader()
    phone = reader.phone(number, found)
    if reader.faults:
        raise ScriptFaults(reader.faults)
    return phone


class _Reader:
    """Goes on after a fault, with something harmless in its place."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def script(self, found: object) -> Script:
        top = self._mapping("script", found, _TOP_KEYS)
        phones = self._mapping("phones", top.get("phones") or {}, None)
        faults = [] if top.get("faults") is None else top["faults"]
        if not isinstance(faults, list):
            self.faults.append("faults: must be a list")
            faults = []
        return Script(
            account=self._mapping("account", top.get("account") or {}, _ACCOUNT_KEYS),
            message_url=str(top.get("message_url") or ""),
            options=self._options(top.get("options") or {}),
            slack=self._mapping("slack", top.get("slack") or {}, _SLACK_KEYS),
            phones=[self.phone(number, value) for number, value in phones.items()],
            faults=[self.fault(f"faults[{index}]", value) for index, value in enumerate(faults)],
        )

    def _options(self, found: object) -> dict[str, Any]:
        options = self._mapping("options", found, set(_OPTIONS))
        for name, value in options.items():
            wanted = _OPTIONS.get(name)
            if wanted is bool and not isinstance(value, bool):
                self.faults.append(f"options.{name}: must be true or false")
        return options

    # -- phones

    def phone(self, number: object, found: object) -> PhoneScript:
        where = f"phones.{number}"
        if not isinstance(number, str) or not re.fullmatch(r"\+\d{7,15}", number):
            self.faults.append(f'{where}: write the number in quotes, as "+15550100001"')
        if isinstance(found, str | list):
            found = {"habits": found if isinstance(found, list) else [found]}
        phone = self._mapping(where, found or {}, _PHONE_KEYS)
        return PhoneScript(
            str(number),
            str(phone.get("name") or ""),
            self._habits(where, phone),
            self._reply(where, phone.get("replies")),
            str(phone.get("undeliverable") or ""),
        )

    def _habits(self, where: str, phone: dict[str, Any]) -> list[Habit]:
        habits = phone.get("habits")
        if habits is None:
            own = {key: value for key, value in phone.items() if key in _HABIT_KEYS}
            return [self._habit(where, own)] if own else []
        if "habit" in phone or not isinstance(habits, list):
            self.faults.append(f"{where}: either `habit`, or `habits` with a list")
            return []
        return [self._habit(f"{where}.habits[{index}]", each) for index, each in enumerate(habits)]

    def _habit(self, where: str, found: object) -> Habit:
        if isinstance(found, str):
            found = {"habit": found}
        habit = self._mapping(where, found, _HABIT_KEYS)
        kind = habit.get("habit", "answers" if "presses" in habit else "manual")
        if kind not in HABITS:
            self.faults.append(f"{where}: habit {kind!r} is not one of {', '.join(HABITS)}")
            kind = "manual"
        return Habit(
            kind=str(kind),
            after=self._seconds(where, habit, "after", None),
            presses=self._presses(where, habit.get("presses")),
            wait=self._seconds(where, habit, "wait", 2.0) or 0.0,
            hangs_up=self._seconds(where, habit, "hangs_up", None),
            code=int(self._code(where, habit.get("code", 2010))),
        )

    def _presses(self, where: str, found: object) -> tuple[str, ...]:
        if found is None:
            return ()
        keys = tuple(str(each) for each in (found if isinstance(found, list) else [found]))
        for each in keys:
            if not re.fullmatch(r"[0-9*#]+", each):
                self.faults.append(f"{where}.presses: {each!r} are not keys of a phone")
        return keys

    def _reply(self, where: str, found: object) -> Reply | None:
        if found is None:
            return None
        reply = self._mapping(f"{where}.replies", found, {"to", "text", "after", "find"})
        if reply.get("to", "sms") != "sms" or not reply.get("text"):
            self.faults.append(f"{where}.replies: needs `text`; `to` may only be sms")
        find = str(reply.get("find") or "")
        self._pattern(f"{where}.replies.find", find, "{found}" in str(reply.get("text")))
        return Reply(str(reply.get("text") or ""), self._seconds(where, reply, "after", 5.0) or 0.0, find)

    def _pattern(self, where: str, find: str, is_used: bool) -> None:
        try:
            groups = re.compile(find).groups
        except re.error as fault:
            self.faults.append(f"{where}: {fault}")
            return
        if is_used and not groups:
            self.faults.append(f"{where}: needs one group in brackets, for {{found}}")

    # -- faults

    def fault(self, where: str, found: object) -> TimedFault:
        values = self._mapping(where, found, _FAULT_KEYS)
        kind = str(values.get("kind", ""))
        if kind not in KINDS:
            self.faults.append(f"{where}: kind {kind!r} is not one of {', '.join(sorted(KINDS))}")
        lasts = self._seconds(where, values, "for", None)
        times = values.get("times", None if lasts is not None or kind == "down" else 1)
        if times is not None and (not isinstance(times, int) or times < 0):
            self.faults.append(f"{where}.times: {times!r} is not a whole number")
        if kind == "unreachable":
            self._code(where, values.get("code"))
        if kind == "undelivered" and not values.get("code"):
            self.faults.append(f'{where}: needs the error code, as in code: "80"')
        fault = Fault(
            kind, str(values.get("on") or "*"), times, status=int(self._seconds(where, values, "status", 500.0) or 500),
            accept=values.get("accept") is True, by=self._seconds(where, values, "by", 30.0) or 0.0,
            code=str(values.get("code") or ""), to=str(values.get("to") or ""),
            error=str(values.get("error") or ("undelivered" if kind == "undelivered" else "")),
        )  # fmt: skip
        return TimedFault(fault, self._seconds(where, values, "at", 0.0) or 0.0, lasts)

    # -- plain values

    def _mapping(self, where: str, found: object, known: set[str] | None) -> dict[Any, Any]:
        if not isinstance(found, Mapping):
            self.faults.append(f"{where}: must be a mapping")
            return {}
        for key in found:
            if known is not None and key not in known:
                self.faults.append(f"{where}: {key!r} is not one of {', '.join(sorted(known))}")
        return dict(found)

    def _seconds(self, where: str, values: dict[Any, Any], key: str, default: float | None) -> float | None:
        value = values.get(key, default)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0):
            return None if value is None else float(value)
        self.faults.append(f"{where}.{key}: {value!r} is not a number of 0 or more")
        return default

    def _code(self, where: str, value: object) -> int:
        if str(value).isdigit() and is_known(int(str(value))):
            return int(str(value))
        self.faults.append(f"{where}.code: {value!r} is not one of Plivo's hangup codes")
        return 2010
