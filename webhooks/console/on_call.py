"""The console's page about who is on call: in each schedule, now and next; taking a shift and giving it back. Not who may look (`visitors`)
and not what an override does (`domain.overrides`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from escalation.build import System
from escalation.domain.arrangements import Arrangement
from escalation.domain.overrides import EVER, Absence, Override
from escalation.domain.policy import Site
from escalation.domain.roster import Responder, Roster
from escalation.domain.schedule import Schedule, Shift, next_handoff
from escalation.errors import BadInput, NotFound
from webhooks.console import refusals, visitors
from webhooks.console.visitors import Door

THIS_SHIFT = "shift"
HOURS = {"1": "1 hour", "4": "4 hours", "12": "12 hours", "24": "1 day", "72": "3 days"}


@dataclass(frozen=True, slots=True)
class Duty:
    """A schedule at one moment; `until` and `then` are None where it is so for ever."""

    name: str
    zone: str
    who: str
    is_hole: bool
    until: datetime | None
    then: str


@dataclass(frozen=True, slots=True)
class Arranged:
    """An override or an absence that holds or will."""

    id: int
    said: str
    start: datetime
    end: datetime
    zone: str
    by: str


def add_to(pages: Blueprint, system: System, door: Door) -> None:
    page = _OnCall(system, door)
    pages.add_url_rule("/on-call", "on_call", page.show)
    pages.add_url_rule("/on-call/take", "take_over", page.take, methods=["POST"])
    pages.add_url_rule("/on-call/end/<int(max=9223372036854775807):number>", "give_back", page.end, methods=["POST"])


class _OnCall:
    """One method per address, for whoever has the password."""

    def __init__(self, system: System, door: Door) -> None:
        self._system, self._door = system, door

    def show(self) -> ResponseReturnValue:
        if not self._door.is_open():
            return self._ask()
        with self._system.store.read() as tx:
            roster, now, arranged = tx.site().roster, tx.now, tx.arrangements(tx.now)
        return render_template(
            "console/on_call.html",
            duties=[duty(roster, schedule, now) for schedule in roster.schedules.values()],
            arranged=[_arranged(roster, one) for one in arranged],
            people=_people(roster),
            hours=HOURS,
            this_shift=THIS_SHIFT,
            name=visitors.said_name(),
            now=now,
        )

    def take(self) -> ResponseReturnValue:
        if not self._door.is_open():
            return self._ask()
        with self._system.store.read() as tx:
            site, now = tx.site(), tx.now
        if request.form.get("name"):
            visitors.keep_name(request.form["name"])
        try:
            what = _override(
                site, now, request.form.get("schedule", ""), request.form.get("person", ""), request.form.get("until", "")
            )
            self._system.engine.arrange(what, by=visitors.by_password(site.roster).by)
        except BadInput as error:
            flash(f"Nothing was changed: {error}.")
        else:
            flash(f"{site.roster.name(what.takes or '')} is on call in {what.schedule} now.")
        return self._back()

    def end(self, number: int) -> ResponseReturnValue:
        if not self._door.is_open():
            return self._ask()
        with self._system.store.read() as tx:
            roster = tx.site().roster
        try:
            gone = self._system.engine.take_back(number, visitors.by_password(roster).by)
        except NotFound:
            flash("It was over already; nothing was changed.")
        else:
            flash(f"Taken back: {_said(roster, gone)}.")
        return self._back()

    def _ask(self) -> ResponseReturnValue:
        return refusals.closed(self._system.settings) or redirect(url_for("console.login"), 303)

    @staticmethod
    def _back() -> ResponseReturnValue:
        return redirect(url_for("console.on_call"), 303)


def duty(roster: Roster, schedule: Schedule, now: datetime) -> Duty:
    """Who is on call in it, until when, and who is then."""
    shift = roster.shift(schedule.name, now) or Shift(*EVER)
    change = next_handoff(schedule, now, roster.overrides, roster.absences)
    following = change[1] if change else None
    return Duty(
        schedule.name,
        schedule.zone.key,
        _who(roster, shift),
        not shift.people,
        following.start if following else None,
        _who(roster, following) if following else "",
    )


def _who(roster: Roster, shift: Shift) -> str:
    names = [f"{roster.name(a.person)}{f' for {roster.name(a.instead_of)}' if a.instead_of else ''}" for a in shift.assignments]
    return " and ".join(names) or f"nobody: {shift.empty}"


def _override(site: Site, now: datetime, schedule: str, person: str, until: str) -> Override:
    """Raises `BadInput`; what the engine refuses it says itself."""
    if until in HOURS:
        return Override(0, schedule, now, now + timedelta(hours=int(until)), person)
    shift = site.roster.shift(schedule, now)
    if shift is None:
        raise BadInput([f"there is no schedule {schedule[:60]}"])
    if shift.end == EVER[1]:
        raise BadInput(["that shift has no end: choose for how long"])
    return Override(0, schedule, now, shift.end, person)


def _people(roster: Roster) -> list[Responder]:
    return sorted(roster.people.values(), key=lambda person: person.name.casefold())


def _arranged(roster: Roster, one: Arrangement) -> Arranged:
    what = one.what
    known = roster.schedules.get(what.schedule) if isinstance(what, Override) else None
    person = roster.people.get(what.person) if isinstance(what, Absence) else None
    zone = known.zone.key if known else person.timezone if person else "UTC"
    return Arranged(one.id, _said(roster, one), what.start, what.end, zone, one.made_by)


def _said(roster: Roster, one: Arrangement) -> str:
    what = one.what
    if isinstance(what, Absence):
        return f"{roster.name(what.person)} is away"
    instead = f" instead of {roster.name(what.instead_of)}" if what.instead_of else ""
    return f"{roster.name(what.takes) if what.takes else 'Nobody'} on call in {what.schedule}{instead}"
