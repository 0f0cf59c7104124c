"""A call that speaks for several incidents: the menu of all, the way through them one by one, and what a key does in either. Which
incidents a menu speaks of is kept before it is spoken, and a key acts on those alone. None where a call speaks for one: then it is as in
`voice`, which also answers when the database is away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from flask import request

from escalation.build import System
from escalation.carriers.plivo import answers, callbacks
from escalation.carriers.plivo.callbacks import Name
from escalation.carriers.plivo.urls import Urls
from escalation.domain import storm_words as words
from escalation.domain import wording
from escalation.domain.incident import Incident, Status
from escalation.domain.joined import Headline, Menu, Part
from escalation.domain.storm_words import Came
from escalation.errors import StoreUnavailable
from escalation.ports import Patience
from escalation.responses import KEYS as ACTING
from escalation.responses import Kind, Said, sentence
from webhooks.plivo import hops

AT_ONE_GO = 0.4  # seconds of committing before the phone is told to wait a moment: an answer is promised within one
WANTED = (Status.TRIGGERED, Status.EXHAUSTED)


@dataclass(frozen=True, slots=True)
class Hop:
    """One menu of one call."""

    name: Name
    number: int

    @property
    def where(self) -> tuple[int, int, int, int]:
        return self.name.incident_id, self.name.attempt, self.name.try_, self.number

    def then(self) -> Hop:
        return Hop(self.name, hops.after_key(self.number))

    def after_silence(self) -> Hop:
        return Hop(self.name, hops.after_silence(self.number))


class Joined:
    def __init__(self, system: System) -> None:
        self._system = system

    def menu(self, name: Name, hop: int, first: Sequence[str] = ()) -> bytes | None:
        """What the call has to say now, all of it. None when it speaks for one incident alone, or nobody wants any of it any more."""
        return self._all(Hop(name, hop), first)

    def key(self, name: Name, hop: int, digit: str) -> bytes | None:
        """What a key does; None where that menu did not speak of several."""
        at = Hop(name, hop)
        menu = self._kept(at)
        if menu is None:
            return None
        if digit == "9":
            return self._again(at.then(), menu)
        if menu.walks:
            return self._one(at, menu, digit)
        acts = {"1": self._acknowledge, "2": self._begin_walk}.get(digit)
        return acts(at, menu) if acts else self._again(at.then(), menu, wording.wrong_key_words())

    def silent(self, name: Name, hop: int) -> bytes | None:
        at = Hop(name, hop)
        menu = self._kept(at)
        return None if menu is None else self._again(at.after_silence(), menu)

    def more(self, name: Name, hop: int) -> bytes:
        """The caller waited: on with what the 1 was pressed for."""
        at = Hop(name, hop)
        menu = self._kept(at)
        return self._acknowledge(at, menu) if menu else answers.say(wording.unknown_words())

    def message(self, name: Name) -> bytes | None:
        """For a machine that picked up: of what the menu said into it, since the call is over for us by now."""
        at = Hop(name, hops.MESSAGE)
        menu = self._kept(Hop(name, hops.MESSAGE - 1))
        with self._system.store.read(patience=Patience.CALLER) as tx:
            told = tx.titles(menu.said) if menu else []
        if len(told) < 2:
            return None
        self._keep(at, Menu(tuple(h.member for h in told)))
        return answers.voicemail(words.message(told), self._urls(at).key(at.number))

    # --- all of them

    def _all(self, at: Hop, first: Sequence[str]) -> bytes | None:
        told = self._spoken_of(at)
        if not told:
            return None
        if hops.is_enough(at.number):
            return answers.say([*first, *wording.enough_words()])
        if len(told) == 1:
            return self._tell_one(at, told[0], (), [*first, wording.WHO])
        self._keep(at, Menu(tuple(h.member for h in told)))
        return self._menu(at, [*first, *words.all_of_them(told)])

    def _acknowledge(self, at: Hop, menu: Menu) -> bytes:
        """The key is kept first: what could not be done while somebody waits is done when the call is over. Then each incident in a
        transaction of its own; only what was committed is spoken."""
        with self._system.store.transaction(patience=Patience.CALLER) as tx:
            tx.press(*at.where, "1")
        open_before = self._open(menu.said)
        failed = self._commit(at, open_before)
        still_open = self._open(menu.said)
        if still_open and not failed and len(still_open) < len(open_before):
            return self._wait(at)
        return self._committed(at, menu, still_open)

    def _commit(self, at: Hop, members: Sequence[Part]) -> bool:
        """As many as there is time for; whether one could not be saved."""
        until = monotonic() + AT_ONE_GO
        for number, member in enumerate(members):
            if number and monotonic() > until:
                return False
            try:
                self._press(at, member, "1")
            except StoreUnavailable:
                return True
        return False

    def _committed(self, at: Hop, menu: Menu, unsaved: Sequence[Part]) -> bytes:
        with self._system.store.read(patience=Patience.CALLER) as tx:
            standing, came_later = tx.wanted(menu.said), tx.headlines(at.name.incident_id, at.name.attempt) or []
            host = tx.peek([at.name.incident_id])
        by = self._holder(host, at)
        mine = sum(s is Status.ACKNOWLEDGED and who == by for s, who in standing.values())
        came = Came(mine, len(standing) - mine - len(unsaved), len(unsaved))
        later = [h for h in came_later if h.member not in menu.said]
        said = [*words.acknowledged(came), *(words.more_came(len(later)) if later else [])]
        going_on = self._all(at.then(), said) if unsaved or later else None
        return going_on or answers.say([*said, *words.goodbye()])

    @staticmethod
    def _holder(host: Sequence[Incident], at: Hop) -> str:
        """Whoever holds the phone is whoever its call was for."""
        calls = [(incident, incident.attempt(at.name.attempt)) for incident in host]
        return next((incident.page_of(attempt).responder for incident, attempt in calls if attempt), "")

    def _wait(self, at: Hop) -> bytes:
        return answers.say_then_go(words.one_moment(), self._urls(at).more(at.number))

    # --- one by one

    def _begin_walk(self, at: Hop, menu: Menu) -> bytes:
        return self._next(at.then(), menu.said, [])

    def _one(self, at: Hop, menu: Menu, digit: str) -> bytes:
        if digit == "0" and menu.rest:
            return self._next(at.then(), menu.rest, words.left_alone())
        if digit not in ACTING:
            return self._again(at.then(), menu, wording.wrong_key_words())
        said = self._press(at, menu.said[0], digit)
        return self._next(at.then(), menu.rest, [self._sentence(said)])

    def _next(self, at: Hop, rest: Sequence[Part], first: Sequence[str]) -> bytes:
        """The first of these that somebody still has to take."""
        left = [h for h in self._spoken_of(at) if h.member in set(rest)]
        if not left:
            return answers.say([*first, *words.that_was_the_last()])
        if hops.is_enough(at.number):
            return answers.say([*first, *wording.enough_words()])
        return self._tell_one(at, left[0], tuple(h.member for h in left[1:]), first)

    def _tell_one(self, at: Hop, told: Headline, rest: tuple[Part, ...], first: Sequence[str]) -> bytes:
        self._keep(at, Menu((told.member,), rest, walks=True))
        return self._menu(at, [*first, *words.one_of_them(told, len(rest))])

    @staticmethod
    def _sentence(said: Said) -> str:
        name = f"Incident {said.incident.id}" if said.incident else ""
        return sentence(said, name) if said.kind is not Kind.REPEAT else ""

    # --- parts

    def _again(self, at: Hop, menu: Menu, first: Sequence[str] = ()) -> bytes:
        if menu.walks:
            return self._next(at, (*menu.said, *menu.rest), first)
        return self._all(at, first) or answers.say([*first, *words.that_was_the_last()])

    def _press(self, at: Hop, member: Part, digit: str) -> Said:
        """One key on one incident. The call's own try is known only of whoever placed it."""
        name = at.name
        try_ = name.try_ if member == (name.incident_id, name.attempt) else 0
        identity = f"{callbacks.key_identity(at.number, request.form, name)}:{member[0]}:{member[1]}"
        return self._system.responses.key((*member, try_), digit, identity)

    def _kept(self, at: Hop) -> Menu | None:
        with self._system.store.read(patience=Patience.CALLER) as tx:
            return tx.menu(*at.where)

    def _keep(self, at: Hop, menu: Menu) -> None:
        with self._system.store.transaction(patience=Patience.CALLER) as tx:
            tx.speak(*at.where, menu)

    def _spoken_of(self, at: Hop) -> list[Headline]:
        with self._system.store.read(patience=Patience.CALLER) as tx:
            return tx.headlines(at.name.incident_id, at.name.attempt) or []

    def _open(self, members: Sequence[Part]) -> list[Part]:
        with self._system.store.read(patience=Patience.CALLER) as tx:
            standing = tx.wanted(members)
        return [m for m in members if m[0] in standing and standing[m[0]][0] in WANTED]

    def _menu(self, at: Hop, said: Sequence[str]) -> bytes:
        urls = self._urls(at)
        return answers.menu(said, urls.key(at.number), urls.silent(at.number))

    def _urls(self, at: Hop) -> Urls:
        return Urls(self._system.settings.public_url, at.name)
