"""People's phones at a sandbox that runs in real time, as a test holds them: `site.ann.rings()`, `.picks_up()`, `.presses("1")`. Looks
and acts under the sandbox's lock, as its own thread moves the calls meanwhile. Not the phones where time is moved (`tests.phones`)."""

from __future__ import annotations

from collections.abc import Callable

from escalation.sandbox.calls import Call
from escalation.sandbox.journal import Record
from escalation.sandbox.phones import Phone
from escalation.sandbox.script import read_phone
from escalation.sandbox.world import World
from tests.system.programs import until

RINGS = 40.0  # seconds: ten of the timekeeper's patience, the rest for a machine with other work to do
SOON = 20.0


class Handset:
    """One person's phone. `story` is told when something does not happen."""

    def __init__(self, world: World, number: str, story: Callable[[], str]) -> None:
        self.number = number
        self._world = world
        self._story = story
        self._phone = world.phone(number)

    def does(self, **habit: object) -> Handset:
        """A habit in the script's words: `does(habit="ignores", after=1)`."""
        wanted = read_phone(self.number, habit)
        with self._world.lock:
            self._world.phone(self.number, wanted.name, wanted.habits)
        return self

    def rings(self, seconds: float = RINGS) -> float:
        """After how many seconds."""
        return self._until("does not ring", lambda p: p.ringing, seconds)

    def rang(self, seconds: float = RINGS) -> float:
        """Also when that is over by now."""
        return self._until("never rang", lambda p: any(call.ringing_at for call in p.calls), seconds)

    def picks_up(self) -> Handset:
        self._act(lambda p: p.pick_up())
        return self

    def presses(self, digits: str) -> Handset:
        """Waits for a menu that listens."""
        self._until("has no menu", lambda p: p.is_listened_to, SOON)
        self._act(lambda p: p.press(digits))
        return self

    def has_a_menu(self) -> float:
        return self._until("has no menu", lambda p: p.is_listened_to, RINGS)

    def hears(self, words: str) -> Handset:
        self._until(f"does not hear {words!r}", lambda p: words.lower() in " ".join(p.heard).lower(), SOON)
        return self

    def is_hung_up_on(self) -> Handset:
        self._until("is not hung up on", lambda p: p.calls[-1].hangup and p.calls[-1].hangup.source == "API Request", SOON)
        return self

    def reads(self, words: str) -> Handset:
        self._until(f"gets no text with {words!r}", lambda p: any(words in text.body for text in p.texts), RINGS)
        return self

    @property
    def calls(self) -> list[Call]:
        with self._world.lock:
            return list(self._phone.calls)

    def answered_in(self, name: str) -> list[float]:
        """How long each request for instructions of this name (`Answer`, `Action`) took, from the person's act to our reply."""
        with self._world.lock:
            records, uuids = list(self._world.log), {call.call_uuid for call in self._phone.calls}
        asked = {"Answer": "picked up", "Action": "pressed"}[name]
        acts = [r.at for r in records if r.kind == "phone.acted" and r.data["number"] == self.number and r.data["what"] == asked]
        told = [r.at for r in records if _is_reply(r, name, uuids)]
        return [then - act for act, then in zip(acts, told, strict=True)]

    def _act(self, act: Callable[[Phone], None]) -> None:
        with self._world.lock:
            act(self._phone)

    def _until(self, what: str, holds: Callable[[Phone], object], seconds: float) -> float:
        def condition() -> bool:
            with self._world.lock:
                return bool(holds(self._phone))

        return until(condition, seconds, lambda: f"{self.number} {what}\n{self._story()}")


def _is_reply(record: Record, name: str, uuids: set[str]) -> bool:
    is_own = record.kind == "callback.sent" and record.data["about"] in uuids
    return is_own and record.data["name"] == name and record.data["status"] == 200
