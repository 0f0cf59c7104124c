"""Makes the brief that every message is written from: the incident as it stands, the page's own link and reply code, who is being
paged, who is next. Reads nothing from the database; renders nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from escalation.domain.grouping import headline
from escalation.domain.incident import Incident, Status, TimerKind
from escalation.domain.joined import Headline
from escalation.domain.links import reply_code, reply_code_for_all, token
from escalation.domain.passing import next_index
from escalation.domain.roster import Responder, Roster
from escalation.domain.round_robin import chosen
from escalation.domain.shown import Line, in_order
from escalation.domain.storm_words import text
from escalation.domain.wording import Brief

LINK_LASTS = timedelta(hours=24)


class Briefs:
    """`public_url` is where links point; without a secret key there are no links and no codes."""

    def __init__(self, public_url: str, secret_key: str) -> None:
        self._public_url = public_url
        self._secret = secret_key

    def brief(self, incident: Incident, roster: Roster, now: datetime, attempt: int = 0) -> Brief:
        made = incident.attempt(attempt)
        page = made.page if made else 0
        again, again_by = incident.again or (None, "")
        return Brief(
            incident_id=incident.id,
            short_id=incident.short_id,
            service=incident.service,
            severity=incident.severity,
            summary=headline(incident.summary, incident.members),
            status=incident.status,
            opened_at=incident.opened_at,
            responder=roster.name(incident.page(page).responder) if page else "",
            link=self.link(incident.id, page, now),
            code=reply_code(self._secret, incident.id, page) if page and self._secret else "",
            source=incident.source,
            details=incident.details,
            links=incident.links,
            acknowledged_by=roster.name(incident.acknowledged_by) if incident.acknowledged_by else "",
            mentions=mentions(incident, roster),
            next=whats_next(incident, roster, now),
            turn=incident.turn,
            again=again,
            again_by=roster.name(again_by) if again_by else "",
        )

    def of_several(self, brief: Brief, told: Sequence[Headline], attempt: int) -> Brief:
        """With a text that tells of all these, goes out for that attempt, and has a code that means all of them."""
        code = reply_code_for_all(self._secret, brief.incident_id, attempt) if self._secret else ""
        link = f"{self._public_url}/incidents" if self._public_url else ""
        return replace(brief, gathered=text(told, link, code))

    def of_shown(
        self, brief: Brief, lines: Sequence[Line], wanted: Sequence[Incident], post: str, roster: Roster, now: datetime
    ) -> Brief:
        """With a Slack message that shows all these, and whose button means those up to the last of them. `wanted`: those that nobody
        has, whose people it mentions."""
        shown = [self._written_out(line, roster, now) for line in in_order(lines)]
        paged = [m for one in wanted if one.status is Status.TRIGGERED for m in mentions(one, roster)]
        return replace(brief, shown=tuple(shown), post=post, mentions=tuple(dict.fromkeys(paged)))

    def _written_out(self, line: Line, roster: Roster, now: datetime) -> Line:
        by = roster.name(line.acknowledged_by) if line.acknowledged_by else ""
        return replace(line, acknowledged_by=by, link=self.link(line.incident_id, line.page, now))

    def link(self, incident_id: int, page: int, now: datetime) -> str:
        if not (self._public_url and self._secret):
            return ""
        return f"{self._public_url}/incidents/{incident_id}?k={token(self._secret, incident_id, page, now + LINK_LASTS)}"


def mentions(incident: Incident, roster: Roster) -> tuple[str, ...]:
    """Chat ids of everybody who is being paged now."""
    paged = [roster.responder(p.responder) for p in incident.pages if not p.closed]
    return tuple(dict.fromkeys(r.chat for r in paged if r and r.chat))


def whats_next(incident: Incident, roster: Roster, now: datetime) -> str:
    """`Bob at 03:15 UTC`: who is paged next, and when, if nobody acknowledges."""
    if incident.status is not Status.TRIGGERED:
        return ""
    timer = incident.timer(TimerKind.STEP)
    when = f" at {timer.due_at:%H:%M:%S} UTC" if timer else ""
    index = next_index(incident, timer.due_at if timer else now)
    if index is None:
        return f"nobody{when}: this is the last step"
    return f"{names_of(incident, roster, index, timer.due_at if timer else now)}{when}"


def names_of(incident: Incident, roster: Roster, index: int, at: datetime) -> str:
    """Who that step would page at that time."""
    step = incident.policy.steps[index]
    found: list[Responder] = [r for t in step.targets for r in roster.resolve(t, at)]
    found += chosen(step, roster, at, frozenset()) if step.round_robin else []
    return ", ".join(dict.fromkeys(r.name for r in found)) or "nobody"
