"""The phones at the other end: a person (or a habit) picks up, listens, presses keys, hangs up, reads texts and answers
them. It asks the switchboard and the texting desk to do what follows; it sends nothing itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from escalation.sandbox.calls import Call, CallStatus
from escalation.sandbox.habits import MANUAL, Habit, Reply

if TYPE_CHECKING:
    from escalation.sandbox.world import World


@dataclass(frozen=True)
class Text:
    """A text this phone received."""

    body: str
    at: float
    sender: str
    uuid: str


class Phone:
    """`habits` are used one per call, the last one again and again; without any it rings until somebody acts. `busy` and
    `machine` override them. `undeliverable` is the error code with which its texts end."""

    def __init__(self, world: World, number: str) -> None:
        self._world = world
        self.number = number
        self.name = ""
        self.habits: list[Habit] = []
        self.answers_texts: Reply | None = None
        self.busy = False
        self.machine = False
        self.undeliverable = ""
        self.calls: list[Call] = []
        self.texts: list[Text] = []
        self.sent: list[str] = []
        self._keys: list[str] = []
        self._wait = 2.0

    @property
    def digits(self) -> str:
        return self.number.lstrip("+")

    # -- looking

    @property
    def call(self) -> Call | None:
        """The call that is ringing or being spoken on."""
        return next((call for call in self.calls if call.status in (CallStatus.RINGING, CallStatus.IN_PROGRESS)), None)

    @property
    def ringing(self) -> Call | None:
        call = self.call
        return call if call is not None and call.status is CallStatus.RINGING else None

    @property
    def talking(self) -> Call | None:
        call = self.call
        return call if call is not None and call.status is CallStatus.IN_PROGRESS else None

    @property
    def heard(self) -> list[str]:
        """Everything spoken in the current call, or in the last one that was answered."""
        answered = [call for call in self.calls if call.answered_at is not None]
        return list((self.talking or answered[-1]).heard) if answered else []

    @property
    def is_listened_to(self) -> bool:
        """A menu is open: keys will be heard."""
        reader = self._world.switchboard.reader_of(self.talking) if self.talking else None
        return reader is not None and reader.is_listening

    # -- acting

    def pick_up(self) -> None:
        self._answer(self._must(self.ringing, "is not ringing"), machine=False)

    def reject(self) -> None:
        self._note("rejected")
        self._world.switchboard.end(self._must(self.ringing, "is not ringing"), 3020, "Callee")

    def hang_up(self) -> None:
        self._note("hung up")
        self._world.switchboard.end(self._must(self.talking, "is not on a call"), 4000, "Callee")

    def press(self, digits: str) -> None:
        """Heard when the agenda comes to it (`world.advance()`), and only if a menu is open then."""
        call = self._must(self.talking, "is not on a call")
        self._world.after(0.0, lambda: self._press(call, digits))

    def reply(self, text: str, to: str = "") -> None:
        """Text the product: to the number that texted last, or `to`."""
        self.sent.append(text)
        sender = self.texts[-1].sender if self.texts else next(iter(self._world.account.numbers), "15550109999")
        self._world.texting.receive(self, to or sender, text)

    # -- being called

    def why_not_ringing(self) -> int:
        """Busy because told so, or because it is on another call; unreachable; or nothing (0)."""
        kind = self._next_habit.kind
        if self.busy or kind == "busy" or self.call is not None:
            self._use_habit(only=("busy",))
            return 3010
        return self._use_habit(only=("unreachable",)).code if kind == "unreachable" else 0

    def begin(self, call: Call) -> None:
        habit = Habit("voicemail") if self.machine else self._use_habit()
        self._keys, self._wait = list(habit.presses), habit.wait
        if habit.kind in ("answers", "voicemail", "declines") or (habit.kind == "ignores" and habit.after is not None):
            self._world.after(habit.delay, lambda: self._act(call, habit))

    def _act(self, call: Call, habit: Habit) -> None:
        if call.status is not CallStatus.RINGING:
            return
        if habit.kind == "declines":
            self._world.switchboard.end(call, 3020, "Callee")
        elif habit.kind == "ignores":
            self._world.switchboard.end(call, 3000, "Carrier")
        else:
            self._meet(call, habit)

    def _meet(self, call: Call, habit: Habit) -> None:
        self._answer(call, machine=habit.kind == "voicemail")
        if habit.hangs_up is not None:
            self._world.after(habit.hangs_up, lambda: self._world.switchboard.end(call, 4000, "Callee"))

    def _answer(self, call: Call, *, machine: bool) -> None:
        self._note("machine picked up" if machine else "picked up")
        self._world.switchboard.answer(call, self, machine)

    def hear_menu(self, call: Call) -> None:
        if self._keys:
            digits = self._keys.pop(0)
            self._world.after(self._wait, lambda: self._press(call, digits))

    def _press(self, call: Call, digits: str) -> None:
        reader = self._world.switchboard.reader_of(call)
        if reader is None or not call.is_live:
            return
        self._note("pressed", digits=digits, call_uuid=call.call_uuid)
        call.pressed += digits
        for key in digits:
            reader.press(key)

    # -- being texted

    def receive(self, text: Text) -> None:
        self.texts.append(text)
        reply = self.answers_texts
        if reply is None:
            return
        found = re.search(reply.find, text.body) if reply.find else None
        if reply.find and found is None:
            return
        words = reply.text.replace("{found}", found.group(1) if found else "")
        self._world.after(reply.after, lambda: self.reply(words, text.sender))

    # -- habits

    @property
    def _next_habit(self) -> Habit:
        return self.habits[0] if self.habits else MANUAL

    def _use_habit(self, only: tuple[str, ...] = ()) -> Habit:
        habit = self._next_habit
        if len(self.habits) > 1 and (not only or habit.kind in only):
            self.habits.pop(0)
        return habit

    def _must(self, call: Call | None, why: str) -> Call:
        if call is None:
            raise RuntimeError(f"{self.number} {why}")
        return call

    def _note(self, what: str, **data: object) -> None:
        self._world.note("phone.acted", number=self.number, what=what, **data)
