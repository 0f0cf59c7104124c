"""An incident that something holds back: it is open, recorded, and nobody is paged for it until the hold is over; then it is paged at once,
from step one. It stands as *snoozed* with the hold beside it, so that the same timer wakes it and the same promises keep it. Whether
it is held is data, handed in (`holding`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.hold import Hold
from escalation.domain.incident import Status, TimerKind
from escalation.domain.paging import AT_ONCE, restart, stand_down
from escalation.domain.timeline import EntryKind

UNHELD = "unheld"  # somebody had it paged all the same: what holds it does not stop that again


def hold_back(draft: Draft, hold: Hold) -> None:
    """From now on nobody is paged. The timer is what wakes it, whatever becomes of whoever was to say that the hold is over."""
    draft.turn(status=Status.SNOOZED, acknowledged_by="", alarmed=frozenset({hold.word}))
    stand_down(draft)
    draft.set_timer(TimerKind.SNOOZE, max(hold.until - draft.now, AT_ONCE))
    draft.note(f"Recorded, nobody is paged: {hold}.", EntryKind.STATUS)


def let_go(draft: Draft, was: Hold) -> None:
    restart(draft, f"No longer held by {was.why}, and still open. Paging from step 1.")


def page_all_the_same(draft: Draft) -> None:
    """Somebody wants it paged: what is begun by a person's word no window stops, until they or somebody else have it again."""
    draft.change(alarmed=draft.incident.alarmed | {UNHELD})


def stop_if_asked(draft: Draft, event: ev.Reviewed) -> None:
    """What is being paged is held only by what says so, and not where somebody has had it paged in spite of that."""
    if event.hold is not None and event.hold.stops and UNHELD not in draft.incident.alarmed:
        hold_back(draft, event.hold)


def follow_hold(draft: Draft, event: ev.Reviewed) -> None:
    """What is held follows what holds it; what somebody snoozed does not."""
    was = draft.incident.hold
    if was is None or (event.hold is not None and event.hold.word == was.word):
        return
    if event.hold is None:
        let_go(draft, was)
    else:
        hold_back(draft, event.hold)
