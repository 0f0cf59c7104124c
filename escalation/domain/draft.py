"""The working copy while one event is being ruled upon: the incident as it will be, and the commands and entries that go with
it. Rules write here; nothing here decides anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from escalation.domain.commands import SENDING, Command, CommandKind
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Incident, Page, Status, Timer, TimerKind
from escalation.domain.roster import Channel, Responder, Roster, masked
from escalation.domain.timeline import Entry, EntryKind


class Draft:
    """Mutable, lives for one `advance`."""

    def __init__(self, incident: Incident, roster: Roster, now: datetime) -> None:
        self.before = incident
        self.incident = incident
        self.roster = roster
        self.now = now
        self.commands: list[Command] = []
        self.entries: list[Entry] = []

    def note(self, text: str, kind: EntryKind = EntryKind.NOTE) -> None:
        self.entries.append(Entry(self.now, kind, text))

    def change(self, **values: Any) -> None:
        self.incident = replace(self.incident, **values)

    def turn(self, **values: Any) -> None:
        """A change of status or step: raises the turn, and drops every timer but those that do not belong to the step: the
        last resort's, and those of calls that somebody has picked up."""
        kept = frozenset(t for t in self.incident.timers if self._outlives_step(t))
        self.change(turn=self.incident.turn + 1, timers=kept, **values)

    def _outlives_step(self, timer: Timer) -> bool:
        match timer.kind:
            case TimerKind.RUNG:
                return self.incident.page(timer.ref).step == LAST_RESORT
            case TimerKind.ATTEMPT:
                answered = self.attempt(timer.ref).status is AttemptStatus.ANSWERED
                return answered or self.page_of(timer.ref).step == LAST_RESORT
            case _:
                return False

    # --- timers

    def set_timer(self, kind: TimerKind, after: timedelta, ref: int = 0) -> None:
        timer = Timer(kind, ref, self.incident.turn, self.now + after)
        self.change(timers=self._without(kind, ref) | {timer})

    def clear_timer(self, kind: TimerKind, ref: int = 0) -> None:
        self.change(timers=self._without(kind, ref))

    def _without(self, kind: TimerKind, ref: int) -> frozenset[Timer]:
        return frozenset(t for t in self.incident.timers if (t.kind, t.ref) != (kind, ref))

    # --- pages

    def open_page(self, responder: Responder, step: int, ladder: tuple[Any, ...]) -> Page:
        page = Page(len(self.incident.pages) + 1, responder.handle, step, self.incident.turn, ladder)
        self.change(pages=(*self.incident.pages, page))
        return page

    def page(self, number: int) -> Page:
        return self.incident.page(number)

    def change_page(self, number: int, **values: Any) -> Page:
        page = replace(self.page(number), **values)
        pages = self.incident.pages
        self.change(pages=(*pages[: number - 1], page, *pages[number:]))
        return page

    def open_pages(self, step: int) -> list[Page]:
        """Open pages of that step, this time round (the last resort's are of any turn)."""
        turns = {self.incident.turn} if step != LAST_RESORT else {p.turn for p in self.incident.pages}
        return [p for p in self.incident.pages if p.step == step and p.turn in turns and not p.closed]

    # --- attempts

    def plan_attempt(self, page: Page, rung: int, channel: Channel, address: str, *, after: timedelta, failures: int) -> Attempt:
        number = len(self.incident.attempts) + 1
        attempt = Attempt(number, page.number, rung, channel, address, page.turn, failures=failures)
        self.change(attempts=(*self.incident.attempts, attempt))
        self.send(attempt, after)
        return attempt

    def attempt(self, number: int) -> Attempt:
        return self.incident.attempts[number - 1]

    def change_attempt(self, number: int, **values: Any) -> Attempt:
        attempt = replace(self.attempt(number), **values)
        attempts = self.incident.attempts
        self.change(attempts=(*attempts[: number - 1], attempt, *attempts[number:]))
        return attempt

    def page_of(self, attempt: int) -> Page:
        return self.page(self.attempt(attempt).page)

    def attempts_of(self, page: int) -> list[Attempt]:
        return [a for a in self.incident.attempts if a.page == page]

    # --- commands

    def command(self, kind: CommandKind, attempt: int, try_: int, not_before: datetime | None = None) -> None:
        self.commands.append(Command(kind, attempt, try_, not_before))

    def send(self, attempt: Attempt, after: timedelta = timedelta(0)) -> None:
        self.command(SENDING[attempt.channel], attempt.number, attempt.try_, self.now + after if after else None)

    # --- wording

    def whom(self, page: Page) -> str:
        return self.roster.name(page.responder)

    def what(self, attempt: Attempt) -> str:
        """`Ann by voice on +1•••••••100`, `Slack #incidents`."""
        page = self.page(attempt.page)
        responder = self.roster.responder(page.responder)
        if responder and responder.is_place:
            return responder.name
        return f"{self.whom(page)} by {attempt.channel} on {masked(attempt.channel, attempt.address)}"

    def finish(self) -> None:
        """Posted messages follow the incident: each is rewritten when status, step or owner changed."""
        if self._shown(self.before) == self._shown(self.incident):
            return
        for a in self.incident.attempts:
            if a.channel is Channel.SLACK and a.references:
                self.command(CommandKind.EDIT_SLACK, a.number, a.try_)

    @staticmethod
    def _shown(incident: Incident) -> tuple[Status, int, int, str]:
        return incident.status, incident.step, incident.round, incident.acknowledged_by
