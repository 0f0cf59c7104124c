"""What a backup makes of an incident: it stands as it stood when the backup was taken, and what became of it since then nobody knows. What
was under way is not sent a second time; paging goes on from there. Not the backup itself (`store.backup`)."""

from __future__ import annotations

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.incident import LAST_RESORT, AttemptStatus, Status, TimerKind
from escalation.domain.paging import climb, is_coming, next_step, withdraw
from escalation.domain.timeline import EntryKind


def go_on(draft: Draft, event: ev.Restored) -> None:
    """Paging goes on where it stood, with the next rung or the next step: what was under way then is not sent a second time."""
    cut = forget(draft, event)
    index = draft.incident.step
    timer = draft.incident.timer(TimerKind.STEP)
    if timer and timer.due_at <= draft.now:
        next_step(draft)
        return
    for page in draft.open_pages(index):
        climb(draft, page.number)
    if cut and not is_coming(draft, index):
        next_step(draft)
    elif timer is None:
        draft.clear_timer(TimerKind.SLOT)
        draft.set_timer(TimerKind.STEP, draft.incident.policy.steps[index].timeout)


def forget(draft: Draft, event: ev.Restored) -> bool:
    """What was under way is settled, and hung up should it still ring. Whether a call or text of a step was among it."""
    draft.note(
        f"Restored from a backup of {event.taken_at:%Y-%m-%d %H:%M:%S} UTC: what came after it is not known.", EntryKind.STATUS
    )
    under_way = [
        a for a in draft.incident.attempts if not a.settled and (a.channel.rings or a.status is not AttemptStatus.ACCEPTED)
    ]
    for attempt in under_way:
        draft.note(f"{draft.what(attempt)}: it was {attempt.status} then; not sent again.", EntryKind.PAGE)
        withdraw(draft, attempt)
    if draft.incident.status in (Status.TRIGGERED, Status.EXHAUSTED):
        for page in draft.open_pages(LAST_RESORT):
            climb(draft, page.number)  # a person may be the last resort too
    return any(draft.page(a.page).step != LAST_RESORT for a in under_way)
