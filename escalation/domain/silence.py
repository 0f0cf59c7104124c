"""After a long silence of its monitor what somebody has, or snoozed, is over, where its service asks for that (`auto_resolve`). Never what
nobody has. Not the acknowledgement's own end (`machine`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.incident import Status, TimerKind
from escalation.domain.lateness import in_words
from escalation.domain.paging import stand_down
from escalation.domain.timeline import EntryKind


def listen(draft: Draft) -> None:
    """From now on silence counts, where the service asks for that."""
    if draft.incident.policy.auto_resolve is not None:
        draft.set_timer(TimerKind.QUIET, draft.incident.policy.auto_resolve)


def it_is_quiet(draft: Draft, event: ev.TimerFired) -> None:
    """Only what somebody has, or put off, closes itself: never what nobody has. Repeats are counted beside the incident, so the timer
    looks now whether one came, and goes on from there. The turn: the release before does not drop what it does not know."""
    silence = draft.incident.policy.auto_resolve
    if draft.incident.status not in (Status.ACKNOWLEDGED, Status.SNOOZED) or silence is None or event.turn != draft.incident.turn:
        return
    if event.heard_at is not None and event.heard_at + silence > draft.now:
        draft.set_timer(TimerKind.QUIET, event.heard_at + silence - draft.now)
        return
    was = draft.incident.status
    draft.turn(status=Status.RESOLVED)
    stand_down(draft)
    draft.note(f"Resolved by itself: {was}, and no alert came for {in_words(silence)} (auto_resolve).", EntryKind.STATUS)
