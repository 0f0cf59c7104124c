"""What a person on the phone hears and presses. Whatever happens here, Plivo gets 200 and XML within a second: an error would drop the
caller. When the database is away or slow the phone says so and stays on the menu. Not the words, not the XML, not what a key means."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flask import Blueprint, Response, copy_current_request_context, request

from escalation.build import System
from escalation.carriers.plivo import answers, callbacks
from escalation.carriers.plivo.callbacks import Name
from escalation.carriers.plivo.urls import Urls
from escalation.deadline import within
from escalation.domain import wording
from escalation.domain.events import AttemptAnswered
from escalation.domain.incident import Attempt, AttemptStatus, Incident, Status
from escalation.domain.roster import Roster
from escalation.domain.wording import Brief
from escalation.errors import NotFound, StoreUnavailable
from escalation.ports import Patience
from escalation.responses import KEYS as ACTING
from escalation.responses import Kind, Said, standing
from webhooks.plivo import hops
from webhooks.plivo.afterwards import Afterwards
from webhooks.plivo.joined import Joined

log = logging.getLogger(__name__)

PATH = "/plivo/calls/<name>"
COMMITTING = 0.1  # seconds beyond what a transaction has; a second is promised, and the way to us is part of it

View = Callable[[Name, int], bytes]


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident as it stood at a time, with whoever belongs to it."""

    incident: Incident
    roster: Roster
    at: datetime


def add_routes(plivo: Blueprint, system: System) -> None:
    voice = _Voice(system)
    for what, view in {"answer": voice.answer, "message": voice.message, "fallback": voice.fallback}.items():
        plivo.add_url_rule(f"{PATH}/{what}", what, voice.always(view, voice.generic), methods=["POST"], defaults={"hop": 0})
    plivo.add_url_rule(f"{PATH}/key/<int:hop>", "key", voice.always(voice.key, voice.unsaved), methods=["POST"])
    plivo.add_url_rule(f"{PATH}/silent/<int:hop>", "silent", voice.always(voice.silent, voice.unheard), methods=["POST"])
    plivo.add_url_rule(f"{PATH}/more/<int:hop>", "more", voice.always(voice.joined.more, voice.unsaved), methods=["POST"])


class _Voice:
    def __init__(self, system: System) -> None:
        self._system = system
        self.joined = Joined(system)
        self._afterwards = Afterwards()

    def always(self, view: View, otherwise: View) -> Callable[[str, int], Response]:
        """A view that answers 200 with XML, come what may; `otherwise` needs no database."""

        def answered(name: str, hop: int) -> Response:
            known = Name.parse(name)
            return _xml(self._tried(view, otherwise, known, hop) if known else answers.fallback())

        return answered

    def _tried(self, view: View, otherwise: View, name: Name, hop: int) -> bytes:
        try:
            # Beside the request: a database that takes our words and says nothing would hold the caller for seconds.
            return within(self._system.caller + COMMITTING, copy_current_request_context(lambda: view(name, hop)))
        except NotFound:
            return answers.say(wording.unknown_words())
        except (StoreUnavailable, TimeoutError):
            log.warning("INC-%s: the database is away, attempt %s stays on the menu", name.incident_id, name.attempt)
        except Exception as error:  # a fault of ours must not drop the caller
            log.error("INC-%s: a callback failed: %s", name.incident_id, type(error).__name__)
        return otherwise(name, hop)

    # --- what the phone hears

    def answer(self, name: Name, hop: int) -> bytes:
        """Picked up: the menu, or who has it already."""
        return self._menu(self._tell(name, "answer"), name, hop)

    def key(self, name: Name, hop: int) -> bytes:
        """One key, and what came of it. Nothing is said to be done before it is committed. No key is silence, should Plivo
        ever post that here."""
        digit, identity = callbacks.pressed(request.form), callbacks.key_identity(hop, request.form, name)
        if not digit:
            return self.silent(name, hop)
        if (several := self.joined.key(name, hop, digit)) is not None:
            self._note_answered(name)
            return several
        said = self._system.responses.key((name.incident_id, name.attempt, name.try_), digit, identity)
        if said.kind in (Kind.REPEAT, Kind.WRONG):
            wrong = wording.wrong_key_words() if said.kind is Kind.WRONG else []
            return self._menu(self._heard(name), name, hops.after_key(hop), wrong)
        return answers.say(self._words(said))

    def silent(self, name: Name, hop: int) -> bytes:
        """No key: twice more, then the call ends, and nothing is acknowledged by it."""
        if hops.is_over(hop):
            return answers.say(wording.silence_words())
        seen, several = self._heard(name), self.joined.silent(name, hop)
        return self._menu(seen, name, hops.after_silence(hop)) if several is None else several

    def message(self, name: Name, hop: int) -> bytes:
        """For a machine that picked up. A person who was taken for one can still press a key."""
        if (several := self.joined.message(name)) is not None:
            return several
        seen = self._look(name)
        if not _is_wanted(seen.incident):
            return self._menu(seen, name, hop)
        return answers.voicemail(wording.voicemail_words(self._brief(seen, name)), self._urls(name).key(hops.MESSAGE))

    def fallback(self, name: Name, hop: int) -> bytes:
        """Asked for when an answer of ours failed: no database here."""
        self._note_answered(name)
        return self._without_words(name, hops.FALLBACK)

    # --- when the database is away

    def generic(self, name: Name, hop: int) -> bytes:
        """An incident is open, press 1: what can be said without reading anything."""
        self._note_answered(name)
        return self._unread(name, hops.after_key(hop))

    def unheard(self, name: Name, hop: int) -> bytes:
        """The same, after silence."""
        self._note_answered(name)
        return answers.say(wording.silence_words()) if hops.is_over(hop) else self._unread(name, hops.after_silence(hop))

    def unsaved(self, name: Name, hop: int) -> bytes:
        """The key again, in a hop of its own: had it been committed after all, another key would not be taken for a repeat.
        Only a key that would have changed something is called unsaved."""
        digit, urls, then = callbacks.pressed(request.form), self._urls(name), hops.after_key(hop)
        if digit not in ACTING:
            return self.generic(name, hop) if digit else self.unheard(name, hop)
        if hops.is_enough(then):
            return answers.say([*wording.unsaved_words(), *wording.enough_words()])
        return answers.say_then_menu(wording.unsaved_words(), wording.KEYS, urls.key(then), urls.silent(then))

    # --- parts

    def _unread(self, name: Name, hop: int) -> bytes:
        return answers.say(wording.enough_words()) if hops.is_enough(hop) else self._without_words(name, hop)

    def _without_words(self, name: Name, hop: int) -> bytes:
        urls = self._urls(name)
        return answers.fallback(urls.key(hop), urls.silent(hop))

    def _menu(self, seen: Seen, name: Name, hop: int, first: Sequence[str] = ()) -> bytes:
        if (several := self.joined.menu(name, hop, first)) is not None:
            return several
        if not _is_wanted(seen.incident):
            return answers.say(self._words(_standing(seen, name)))
        if hops.is_enough(hop):
            return answers.say(wording.enough_words())
        urls = self._urls(name)
        menu = wording.spoken(self._brief(seen, name))
        return answers.say_then_menu(first, menu, urls.key(hop), urls.silent(hop))

    def _words(self, said: Said) -> list[str]:
        """What came of it, for the ear. It is committed by now: from here on the database is not asked any more, lest its failing
        makes us say that nothing was saved."""
        if said.kind in NAMING:
            return NAMING[said.kind](said.who)
        if said.incident is None or said.kind not in ABOUT:
            return wording.unknown_words()
        return ABOUT[said.kind](self._system.briefs.brief(said.incident, Roster(), said.incident.opened_at))

    def _brief(self, seen: Seen, name: Name) -> Brief:
        return self._system.briefs.brief(seen.incident, seen.roster, seen.at, name.attempt)

    def _look(self, name: Name) -> Seen:
        """Without a lock: what is only said waits for nobody's writing."""
        with self._system.store.read(patience=Patience.CALLER) as tx:
            for incident in tx.peek([name.incident_id]):
                return Seen(incident, tx.site().roster, tx.now)
        raise NotFound(f"There is no incident INC-{name.incident_id}.")

    def _heard(self, name: Name) -> Seen:
        """Somebody is in the menu, so the call was answered, whether or not we could note it when it was."""
        seen = self._look(name)
        if _may_be_cut(seen.incident.attempt(name.attempt)):
            self._note_answered(name)
        return seen

    def _note_answered(self, name: Name) -> None:
        """Without it the ring timer goes on, and we would hang up on whoever picked up late. Never keeps the caller waiting."""
        events = callbacks.call_events("answer", request.form, name)
        answered = next((event for event in events if isinstance(event, AttemptAnswered)), None)
        if answered is not None:
            identity = f"{callbacks.call_identity('answer', request.form, name)}:0"
            saying = partial(_if_it_may_be_cut, answered)
            tell = self._system.engine.tell
            self._afterwards.put(partial(tell, name.incident_id, saying, identity, patience=Patience.CALLER))

    def _tell(self, name: Name, what: str) -> Seen:
        """The incident as it stands after what this request says."""
        seen = None
        for number, event in enumerate(callbacks.call_events(what, request.form, name)):
            identity = f"{callbacks.call_identity(what, request.form, name)}:{number}"
            told = self._system.engine.tell(name.incident_id, event, identity, patience=Patience.CALLER)
            seen = Seen(told.incident, told.roster, told.at)
        return seen or self._look(name)

    def _urls(self, name: Name) -> Urls:
        return Urls(self._system.settings.public_url, name)


ABOUT: Mapping[Kind, Callable[[Brief], list[str]]] = {
    Kind.ACKNOWLEDGED: wording.acknowledged_words,
    Kind.RESOLVED: wording.resolved_words,
    Kind.SNOOZED: wording.snoozed_words,
}
NAMING: Mapping[Kind, Callable[[str], list[str]]] = {
    Kind.ALREADY: wording.already_words,
    Kind.ESCALATED: wording.escalated_words,
    Kind.DECLINED: wording.declined_words,
    Kind.STALE: wording.stale_words,
}


def _standing(seen: Seen, name: Name) -> Said:
    attempt = seen.incident.attempt(name.attempt)
    return standing(seen.incident, seen.incident.page_of(attempt).responder if attempt else "", seen.roster)


def _may_be_cut(attempt: Attempt | None) -> bool:
    """Under way, and as far as we know nobody has picked up: its ring timer runs."""
    return attempt is not None and attempt.status is not AttemptStatus.ANSWERED and not attempt.settled


def _if_it_may_be_cut(answered: AttemptAnswered, incident: Incident, _: Roster) -> AttemptAnswered | None:
    return answered if _may_be_cut(incident.attempt(answered.attempt)) else None


def _is_wanted(incident: Incident) -> bool:
    return incident.status in (Status.TRIGGERED, Status.EXHAUSTED)


def _xml(document: bytes) -> Response:
    return Response(document, 200, content_type="application/xml")
