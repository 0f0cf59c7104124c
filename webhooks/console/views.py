"""The console's addresses. GET shows and never changes anything (a link preview must not acknowledge); POST changes one thing and
answers 303 to the page. Every form carries a CSRF token and works without JavaScript."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from escalation import errors
from escalation.build import System
from escalation.domain.events import Noted
from escalation.domain.notes import LONGEST_NOTE, note_of
from escalation.domain.policy import Site
from escalation.ports import Patience
from escalation.store.views import IncidentView
from webhooks.console import acts, on_call, refusals, story, visitors, wiring
from webhooks.console.visitors import Door, Visitor

REFRESH = 10  # seconds
MOST_ENTRIES = 80  # of the timeline: a page stays below 60 KB on a bad network
MOST_ROWS = 60
BEYOND = 1_000_000  # more steps than a policy has: a longer number is not worth keeping
ONE = "/<int(max=9223372036854775807):incident_id>"  # a database's integer ends there


def blueprint(system: System) -> Blueprint:
    pages = Blueprint(
        "console",
        __name__,
        url_prefix="/incidents",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    desk = Console(system)
    pages.add_url_rule("", "incidents", desk.incidents)
    pages.add_url_rule("/login", "login", desk.login)
    pages.add_url_rule("/login", "enter", desk.enter, methods=["POST"])
    pages.add_url_rule("/logout", "leave", desk.leave, methods=["POST"])
    pages.add_url_rule(ONE, "incident", desk.incident)
    pages.add_url_rule(f"{ONE}/note", "note", desk.note, methods=["POST"])
    pages.add_url_rule(f"{ONE}/name", "name", desk.name, methods=["POST"])
    pages.add_url_rule(
        f"{ONE}/<any(acknowledge,unacknowledge,escalate,handover,add,reassign,snooze,morning,resolve):act>",
        "act",
        desk.act,
        methods=["POST"],
    )
    on_call.add_to(pages, system, Door(system.settings))
    pages.record_once(lambda state: wiring.set_up(state.app, system.settings))
    pages.register_error_handler(HTTPException, refusals.refused)
    pages.register_error_handler(errors.StoreUnavailable, refusals.away)
    pages.register_error_handler(errors.Unreadable, refusals.unreadable)
    return pages


@dataclass(frozen=True, slots=True)
class _Seen:
    """An incident, whoever looks at it, and the site at that moment."""

    view: IncidentView
    visitor: Visitor
    site: Site
    now: datetime


class Console:
    """One method per address."""

    def __init__(self, system: System) -> None:
        self._system, self._settings = system, system.settings
        self._door = Door(system.settings)

    def incidents(self) -> ResponseReturnValue:
        if not self._door.is_open():
            return self._ask()
        site, now = self._moment()
        rows = self._system.queries.incidents(open_only=True, limit=MOST_ROWS)
        name = site.roster.name
        held, maintained = self._system.queries.held(), self._system.queries.maintained()
        return render_template(
            "console/incidents.html",
            held=held,
            maintained=maintained,
            rows=rows,
            name=name,
            most=MOST_ROWS,
            now=now,
            zone="UTC",
            refresh=REFRESH,
        )

    def login(self) -> ResponseReturnValue:
        incident_id = request.args.get("incident", 0, type=int)
        return refusals.closed(self._settings) or render_template("console/login.html", wrong="", incident_id=incident_id)

    def enter(self) -> ResponseReturnValue:
        incident_id = request.form.get("incident", 0, type=int)
        if closed := refusals.closed(self._settings):
            return closed
        if self._door.is_shut():
            wrong, code = "Too many wrong passwords. Wait a minute.", 429
        elif self._door.knock(request.form.get("password", "")):
            visitors.keep_name(request.form.get("name", ""))
            return redirect(f"{url_for('console.incidents')}/{incident_id or ''}".rstrip("/"), 303)
        else:
            wrong, code = "That is not the password.", 403
        return render_template("console/login.html", wrong=wrong, incident_id=incident_id), code

    def leave(self) -> ResponseReturnValue:
        session.clear()
        return redirect(url_for("console.login"), 303)

    def incident(self, incident_id: int) -> ResponseReturnValue:
        seen = self._seen(incident_id)
        if not isinstance(seen, _Seen):
            return seen
        incident, visitor = seen.view.incident, seen.visitor
        asks_name, asks_note = visitor.may_name and "rename" in request.args, "note" in request.args
        asks_step, asks_person = "step" in request.args, "person" in request.args
        return render_template(
            "console/incident.html",
            it=story.story(incident, seen.site.roster, seen.now),
            acts=acts.offered(incident.status),
            visitor=visitor,
            asks_name=asks_name,
            asks_note=asks_note,
            asks_step=asks_step,
            asks_person=asks_person,
            longest_note=LONGEST_NOTE,
            entries=[told.entry for told in seen.view.entries[-MOST_ENTRIES:]][::-1],
            repeats=f"{seen.view.repeats + 1} received" if seen.view.repeats else "",
            now=seen.now,
            # A page that reloads itself would take away what somebody is typing.
            refresh=REFRESH if incident.is_open and not (asks_name or asks_note or asks_step or asks_person) else 0,
        )

    def act(self, incident_id: int, act: str) -> ResponseReturnValue:
        seen = self._seen(incident_id)
        if not isinstance(seen, _Seen):
            return seen
        flash(self._done(acts.ACTS[act], seen))
        return self._back(seen)

    def note(self, incident_id: int) -> ResponseReturnValue:
        seen = self._seen(incident_id)
        if not isinstance(seen, _Seen):
            return seen
        try:
            text = note_of(request.form.get("text", ""))
        except errors.BadInput as error:
            flash(f"Nothing was noted: {error}.")
            return self._back(seen)
        by = seen.visitor.by
        # The page's own moment is in it: the same form sent twice is one note, the same words said later are another.
        name = hashlib.sha256(f"{request.form.get('seen', '')} {by} {text}".encode()).hexdigest()[:32]
        noted = Noted(text, by, seen.visitor.via)
        self._system.engine.tell(incident_id, noted, f"note:{incident_id}:{name}", patience=Patience.SENDER)
        flash("Noted.")
        return self._back(seen)

    def name(self, incident_id: int) -> ResponseReturnValue:
        seen = self._seen(incident_id)
        if not isinstance(seen, _Seen):
            return seen
        visitors.keep_name(request.form.get("name", ""))
        return self._back(seen)

    def _done(self, act: acts.Act, seen: _Seen) -> str:
        """Twice the same button of the same page is one act; a button that moves paging on works on the present step only."""
        incident, turn = seen.view.incident, request.form.get("turn", -1, type=int)
        if act.moves and turn != incident.turn:
            return "Paging moved on while you were reading, so nothing was done. Look again, then press."
        step, to = max(-1, min(request.form.get("step", 0, type=int), BEYOND)), request.form.get("to", "")
        to = to if to in seen.site.roster.people else ""
        # With what was chosen: of two choices the first may have come to nothing, and the second is no repeat.
        identity = f"page:{incident.id}:{turn}:{act.name}:{step}:{to}" if act.moves else ""
        event = acts.chosen(act.event(seen.visitor, seen.now), step, to)
        told = self._system.engine.tell(incident.id, event, identity, patience=Patience.SENDER)
        return acts.said(act, told, seen.visitor, seen.site.roster)

    def _seen(self, incident_id: int) -> _Seen | ResponseReturnValue:
        """The incident for whoever may see it. A link that is no good is refused before anything is looked up, so that it does
        not tell which incidents exist."""
        token = request.form.get("k") or request.args.get("k", "")
        site, now = self._moment()
        has_link = visitors.linked(self._settings, token, incident_id, now)
        if not has_link and not self._door.is_open():
            if token:
                abort(403)
            return self._ask(incident_id)
        view = self._system.queries.incident(incident_id)
        if view is None:
            abort(404)
        visitor = visitors.by_link(token, view.incident, site.roster) if has_link else visitors.by_password(site.roster)
        return _Seen(view, visitor, site, now)

    def _moment(self) -> tuple[Site, datetime]:
        with self._system.store.read() as tx:
            return tx.site(), tx.now

    def _ask(self, incident_id: int = 0) -> ResponseReturnValue:
        return refusals.closed(self._settings) or redirect(url_for("console.login", incident=incident_id or None), 303)

    def _back(self, seen: _Seen) -> ResponseReturnValue:
        return redirect(url_for("console.incident", incident_id=seen.view.incident.id, k=seen.visitor.token or None), 303)
