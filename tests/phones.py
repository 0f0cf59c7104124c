"""Phones as people hold them, over the sandbox's: `ann.phone.rings().presses("1").hears("acknowledged")`. Every call and every text
must be looked at by the test; `nothing_else` fails for one that nobody expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalation.sandbox.calls import Call
from escalation.sandbox.phones import Phone

if TYPE_CHECKING:
    from tests.scenarios.night import Night


class Line:
    """One person's phone."""

    def __init__(self, night: Night, phone: Phone) -> None:
        self._night = night
        self.phone = phone
        self.sms = Texts(night, phone)
        self._expected: list[Call] = []

    # --- what is seen

    def rings(self) -> Line:
        """Within three seconds, which is what the network takes."""
        self._night.until(lambda: self.phone.ringing, seconds=3, or_else=f"{self.phone.name}'s phone does not ring")
        self._expected.append(self._night.must(self.phone.ringing))
        return self

    def is_silent(self) -> Line:
        assert self.phone.call is None, f"{self.phone.name}'s phone is in use; the story so far:\n{self._night.story()}"
        return self

    def hears(self, words: str) -> Line:
        heard = " ".join(self.phone.heard)
        assert words.lower() in heard.lower(), f"{self.phone.name} heard {heard!r}, not {words!r}"
        return self

    def does_not_hear(self, words: str) -> Line:
        heard = " ".join(self.phone.heard)
        assert words.lower() not in heard.lower(), f"{self.phone.name} heard {heard!r}"
        return self

    def was_hung_up_on(self, source: str = "API Request") -> Line:
        self.is_silent()
        last = self.phone.calls[-1].hangup
        assert last and last.source == source, f"the call ended by {last}\n{self._night.story()}"
        return self

    # --- what is done

    def picks_up(self) -> Line:
        self.phone.pick_up()
        self._night.settle()
        return self

    def presses(self, digits: str) -> Line:
        """Picks up first where it rings; presses when the menu listens."""
        if self.phone.ringing:
            self.picks_up()
        self._night.until(lambda: self.phone.is_listened_to, seconds=30)
        self.phone.press(digits)
        self._night.settle()
        return self

    def is_busy(self) -> Line:
        """The red button."""
        self.phone.reject()
        self._night.settle()
        return self

    def listens(self, seconds: float = 20) -> Line:
        """Picks up and hears the menu out before doing anything."""
        if self.phone.ringing:
            self.picks_up()
        self._night.after(seconds=seconds)
        return self

    def rang_and_stopped(self) -> Line:
        """It rang for a moment, and we hung up."""
        self._expected.append(self.phone.calls[-1])
        return self.was_hung_up_on()

    def picks_up_as_machine(self) -> Line:
        self.phone.machine = True
        self.phone._answer(self._night.must(self.phone.ringing), machine=True)
        self._night.until(lambda: self.phone.call is None, seconds=60)
        self.phone.machine = False
        return self

    def hangs_up(self) -> Line:
        self.phone.hang_up()
        self._night.settle()
        return self

    def is_ignored(self) -> Line:
        """Rings out."""
        self._night.until(lambda: self.phone.ringing is None, seconds=60)
        return self

    def listens_to_the_end(self) -> Line:
        self._night.until(lambda: self.phone.call is None, seconds=200)
        return self

    def nothing_else(self) -> None:
        stray = [c for c in self.phone.calls if c not in self._expected and c.ringing_at is not None]
        assert not stray, f"{self.phone.name}'s phone rang {len(stray)} time(s) unexpectedly:\n{self._night.story()}"
        self.sms.nothing_else()


class Texts:
    """The texts on a phone, read in order."""

    def __init__(self, night: Night, phone: Phone) -> None:
        self._night = night
        self._phone = phone
        self._read = 0

    def reads(self, *words: str) -> Texts:
        """The next text, within three seconds, has all these words."""
        self._night.until(lambda: self._phone.texts[self._read :], seconds=3, or_else=f"{self._phone.name} has no new text")
        unread = self._phone.texts[self._read :]
        missing = [w for w in words if w.lower() not in unread[0].body.lower()]
        assert not missing, f"{self._phone.name} read {unread[0].body!r}, without {missing}"
        self._read += 1
        return self

    @property
    def unread(self) -> list[str]:
        return [text.body for text in self._phone.texts[self._read :]]

    @property
    def last(self) -> str:
        return self._phone.texts[self._read - 1].body

    def replies(self, text: str) -> Texts:
        self._phone.reply(text)
        self._night.settle()
        self._night.after(seconds=1)
        return self

    def nothing_else(self) -> None:
        unread = [t.body for t in self._phone.texts[self._read :]]
        assert not unread, f"{self._phone.name} got unexpected texts: {unread}"
