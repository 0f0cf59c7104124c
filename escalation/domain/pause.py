"""While nobody is paged although it is not over: snoozed, or somebody has it; and how that ends, by the clock or because whoever had it
gives it back. Paging begins again with step 1 then, and says why. Not the acknowledging itself (`machine`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.held import hold_back, let_go, page_all_the_same
from escalation.domain.hold import HELD
from escalation.domain.incident import Again, Status, TimerKind
from escalation.domain.paging import restart, stand_down
from escalation.domain.silence import listen
from escalation.domain.timeline import EntryKind


def give_back(draft: Draft, event: ev.Unacknowledged) -> None:
    """Nobody has it any more, so everybody is asked again, whoever gave it back among them."""
    if event.turn not in (0, draft.incident.turn):
        draft.note(f"{draft.roster.name(event.by)} gave it back after it had moved on: ignored.")
        return
    why = f"Given back by {draft.roster.name(event.by)}, by {event.via}. Paging again from step 1."
    restart(draft, why, Again.GIVEN_BACK, event.by)
    page_all_the_same(draft)


def snooze(draft: Draft, event: ev.Snoozed) -> None:
    words = frozenset(word for word in draft.incident.alarmed if not word.startswith(HELD))
    draft.turn(status=Status.SNOOZED, acknowledged_by="", alarmed=words)
    stand_down(draft)
    draft.set_timer(TimerKind.SNOOZE, event.until - draft.now)
    listen(draft)
    who = draft.roster.name(event.by)
    draft.note(f"Snoozed by {who}, by {event.via}, until {event.until:%Y-%m-%d %H:%M} UTC.", EntryKind.STATUS)


def acknowledgement_expires(draft: Draft, event: ev.TimerFired) -> None:
    if event.hold is not None:
        draft.note(
            f"{draft.roster.name(draft.incident.acknowledged_by)} acknowledged and nothing was heard since.", EntryKind.STATUS
        )
        hold_back(draft, event.hold)
        return
    by = draft.incident.acknowledged_by
    why = f"{draft.roster.name(by)} acknowledged and nothing was heard since. Paging again from step 1."
    restart(draft, why, Again.EXPIRED, by)


def snooze_is_over(draft: Draft, event: ev.TimerFired) -> None:
    """What was held is paged now, unless something else holds it; and so is what somebody snoozed."""
    was = draft.incident.hold
    if event.hold is not None:
        hold_back(draft, event.hold)
    elif was is not None:
        let_go(draft, was)
    else:
        restart(draft, "The snooze is over. Paging again from step 1.")
