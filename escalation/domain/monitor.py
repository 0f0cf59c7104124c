"""What the monitor says: trouble begins, is worse than it was, is over. Not what people say (`machine`), and not repeats, which are counted
beside the incident (`dedup`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.held import UNHELD, hold_back, page_all_the_same
from escalation.domain.incident import Status
from escalation.domain.paging import begin_step, restart, stand_down
from escalation.domain.timeline import EntryKind


def begin(draft: Draft, event: ev.Triggered) -> None:
    """The first alert begins; a later one pages again only when it is worse."""
    if draft.incident.turn:
        page_again_if_worse(draft, event)
        return
    draft.note(f"{draft.incident.severity.capitalize()}: {draft.incident.summary}", EntryKind.ALERT)
    if event.hold is not None:
        hold_back(draft, event.hold)
    else:
        begin_step(draft, 0)


def page_again_if_worse(draft: Draft, event: ev.Triggered) -> None:
    """While it is held that is recorded, too: getting worse is no way around a maintenance window. What somebody wants paged in spite of one
    is paged again, and stays so."""
    was, severity = draft.incident.severity, event.alert.severity
    if severity.rank >= was.rank:
        draft.note("The same alert again: counted.", EntryKind.ALERT)
        return
    draft.change(severity=severity, summary=event.alert.summary or draft.incident.summary)
    is_wanted = UNHELD in draft.incident.alarmed
    if event.hold is not None and not is_wanted:
        draft.note(f"Worse than before: {was} became {severity}. Nobody is paged for that: {event.hold.why}.", EntryKind.ALERT)
        return
    restart(draft, f"Worse than before: {was} became {severity}. Paging again from step 1.")
    if is_wanted:
        page_all_the_same(draft)


def resolve(draft: Draft, event: ev.Resolved) -> None:
    began = draft.incident.occurred_at
    if event.occurred_at and began and event.occurred_at < began:
        draft.note("A resolve for an older occurrence: ignored, this one began later.")
        return
    draft.turn(status=Status.RESOLVED)
    stand_down(draft)
    draft.note(f"Resolved by {draft.roster.name(event.by)}, by {event.via}.", EntryKind.STATUS)
