"""Carries out one call's XML: speaks, waits, collects keys, fetches what comes next, hangs up. One reader per answered
call; it lives on the World's agenda and is told of keys and transfers from outside. Placing and ending calls is for
`switchboard.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from escalation.sandbox.callbacks import Callback
from escalation.sandbox.calls import Call, Target, callback_params
from escalation.sandbox.courier import Outcome
from escalation.sandbox.document import (
    Collect,
    Conference,
    Element,
    Hang,
    InvalidDocument,
    Play,
    Redirect,
    Speak,
    Wait,
    parse,
)
from escalation.sandbox.retries import split_fragment

if TYPE_CHECKING:
    from escalation.sandbox.world import World

CHARACTERS_PER_SECOND = 14.0  # chosen here: about how fast a synthetic voice reads
SECONDS_OF_AUDIO = 3.0  # chosen here: nothing is fetched
MOST_HOPS = 70
ENDLESS = 10**6
LOOP = 2060


class Reader:
    """Whatever is under way (words, a wait, a fetch) belongs to one `turn`; raising the turn makes it stale, which is how
    a key interrupts the words and a transfer interrupts everything."""

    def __init__(self, world: World, call: Call, on_menu: Callable[[], None]) -> None:
        self._world = world
        self._call = call
        self._on_menu = on_menu
        self._rest: list[Element] = []
        self._menu: Collect | None = None
        self._tries_left = 0
        self._digits = ""
        self._turn = 0
        self._hops = 0
        self._room: Conference | None = None

    # -- fetching

    def start(self) -> None:
        """The answer URL; where it fails, the fallback URL; where that fails too, 7011 or 8011."""
        request = self._call.request
        self._fetch("Answer", request.answer, 1, {}, "StartApp", request.fallback)

    def transfer(self, target: Target) -> None:
        self._stop()
        self._fetch("Transfer", target, 3)

    def _fetch(
        self,
        name: str,
        target: Target,
        suffix: int,
        extra: dict[str, str] | None = None,
        event: str = "Redirect",
        fallback: Target | None = None,
    ) -> None:
        turn = self._new_turn()
        code = self._bad_target(target, suffix)
        if code or self._too_many_hops():
            return self._fail(code or LOOP)
        url, retries = split_fragment(target.url)
        params = callback_params(self._call, self._world.account, event) | (extra or {})
        callback = Callback(name, self._call.call_uuid, target.method.upper(), url, params, retries, wants_reply=True)
        self._world.callbacks.send(
            callback, lambda outcome: self._if_current(turn, lambda: self._read(outcome, suffix, fallback))
        )

    def _bad_target(self, target: Target, suffix: int) -> int:
        parts = urlsplit(target.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return 7020 + suffix if suffix > 1 else 7011
        if target.method.upper() not in ("GET", "POST"):
            return 7030 + suffix if suffix > 1 else 7011
        return 0

    def _too_many_hops(self) -> bool:
        self._hops += 1
        return self._hops > MOST_HOPS

    def _read(self, outcome: Outcome, suffix: int, fallback: Target | None) -> None:
        try:
            if not outcome.ok:
                raise ConnectionError(outcome.failure or str(outcome.status))
            self._rest = parse(outcome.body, outcome.content_type)
        except (ConnectionError, InvalidDocument) as fault:
            self._world.note("xml.refused", call_uuid=self._call.call_uuid, why=str(fault))
            if fallback:
                return self._fetch("Fallback", fallback, suffix, {}, "StartApp")
            return self._fail(8010 + suffix if isinstance(fault, InvalidDocument) else 7010 + suffix)
        self._next()

    # -- one element after the other

    def _next(self) -> None:
        self._menu = None
        if not self._rest:
            return self._world.switchboard.end(self._call, 4010, "Answer XML")
        self._run(self._rest.pop(0))

    def _run(self, element: Element) -> None:
        match element:
            case Speak() | Play() | Wait():
                self._after(self._utter(element), self._next)
            case Collect():
                self._tries_left = element.tries
                self._open(element)
            case Redirect():
                self._fetch("Redirect", Target(element.url, element.method), 4)
            case Hang():
                self._hang(element)
            case Conference():
                self._join(element)

    def _utter(self, element: Speak | Play | Wait) -> float:
        """How long it takes; what the phone hears is known when it begins."""
        if isinstance(element, Wait):
            return element.length
        words = element.text if isinstance(element, Speak) else f"[plays {element.url}]"
        self._call.heard.append(words)
        self._world.note("call.spoken", call_uuid=self._call.call_uuid, to=self._call.to, words=words)
        once = len(words) / CHARACTERS_PER_SECOND if isinstance(element, Speak) else SECONDS_OF_AUDIO
        return once * (element.loop or ENDLESS)

    def _join(self, room: Conference) -> None:
        self._call.heard.append(f"[joins conference {room.name}]")
        self._room = room
        self._tell_room("enter")

    def leave(self) -> None:
        """The call ended, or goes elsewhere."""
        self._tell_room("exit")
        self._room = None

    def _tell_room(self, action: str) -> None:
        if self._room is not None and self._room.callback_url:
            extra = {
                "ConferenceAction": action,
                "ConferenceName": self._room.name,
                "ConferenceMemberID": "1",
                "ConferenceUUID": self._call.call_uuid,
            }
            target = Target(self._room.callback_url, self._room.callback_method)
            self._world.switchboard.inform(self._call, "Conference", target, "Conference", extra)

    def _hang(self, element: Hang) -> None:
        def hang_up() -> None:
            self._world.switchboard.end(self._call, 4000, "Answer XML")

        if element.schedule is None or not self._rest:
            return hang_up()
        self._world.after(element.schedule, hang_up)
        self._next()

    # -- collecting keys

    def _open(self, menu: Collect) -> None:
        self._menu, self._digits = menu, ""
        self._tries_left -= 1
        self._new_turn()
        self._prompt(list(menu.prompts))
        self._on_menu()

    def _prompt(self, prompts: list[Speak | Play | Wait]) -> None:
        """Patience is counted from the end of the last prompt (Plivo's GetInput page says so)."""
        if prompts:
            self._after(self._utter(prompts[0]), lambda: self._prompt(prompts[1:]))
        elif self._menu is not None:
            self._after(self._menu.patience, self._heard_nothing)

    def _heard_nothing(self) -> None:
        if self._menu is not None and self._tries_left > 0:
            return self._open(self._menu)
        self._next()

    @property
    def is_listening(self) -> bool:
        return self._menu is not None and self._menu.hears_keys

    def press(self, key: str) -> None:
        """A key outside a menu is heard by nobody."""
        menu = self._menu
        if menu is None or not menu.hears_keys:
            return self._world.note("key.ignored", call_uuid=self._call.call_uuid, key=key)
        self._new_turn()
        if key == menu.finish_on:
            return self._submit(menu) if self._digits else self._heard_nothing()
        if key not in menu.valid:
            return self._heard_nothing()
        self._digits += key
        if len(self._digits) >= menu.count:
            return self._submit(menu)
        self._after(menu.gap, lambda: self._submit(menu))

    def _submit(self, menu: Collect) -> None:
        self._menu = None
        extra = {"Digits": self._digits}
        if menu.is_get_input:
            extra |= {"InputType": "dtmf", "Speech": "", "SpeechConfidenceScore": "0", "BilledAmount": "0"}
        if not menu.action:
            return self._next()
        if menu.redirect:
            return self._fetch("Action", Target(menu.action, menu.method), 2, extra)
        self._world.switchboard.inform(self._call, "Action", Target(menu.action, menu.method), "Redirect", extra)
        self._next()

    # -- turns

    def _new_turn(self) -> int:
        self._turn += 1
        return self._turn

    def _stop(self) -> None:
        self.leave()
        self._new_turn()
        self._menu, self._rest = None, []

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        turn = self._turn
        self._world.after(seconds, lambda: self._if_current(turn, action))

    def _if_current(self, turn: int, action: Callable[[], None]) -> None:
        if turn == self._turn and self._call.is_live:
            action()

    def _fail(self, code: int) -> None:
        self._world.switchboard.end(self._call, code, "Error")
