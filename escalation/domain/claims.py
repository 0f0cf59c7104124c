"""An attempt before anything is on its way: the last look before sending, held back for what it costs, sending again, joining a call that is
there already and coming back from one that never spoke of it. Not what comes after sending (`attempts`)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from escalation.domain import events as ev
from escalation.domain.capped import may_be_held_back, only_costs, with_free_ways
from escalation.domain.cost import money
from escalation.domain.draft import Draft
from escalation.domain.incident import LAST_RESORT, Attempt, AttemptStatus, Outcome, TimerKind
from escalation.domain.lateness import LATE, in_words, look_again
from escalation.domain.paging import SLOW, climb, close_if_hopeless, meanwhile, settle
from escalation.domain.roster import Channel
from escalation.domain.timeline import EntryKind

# Two carriers × 90 s of silence would eat 3 of the 5 minutes of a step: about 20 s until accepted, about 75 s after.
SENDING_TAKES = timedelta(seconds=20)
# A call at its longest: queued, ringing, and at the carrier's limit. The attempt that placed it knows sooner, and tells the others.
SHARED_CALL_TAKES = timedelta(seconds=400)


def claim(draft: Draft, a: Attempt, event: ev.AttemptClaimed) -> None:
    """The last look before sending. The step's time begins with its first claim."""
    if event.try_ != a.try_ or not _is_still_wanted(draft, a, event.late):
        return
    if event.cap is not None and may_be_held_back(draft.incident, a, draft.roster, draft.now):
        hold_back(draft, a, event.cap)
    else:
        _begin(draft, a, AttemptStatus.CLAIMED, SENDING_TAKES)


def hold_back(draft: Draft, a: Attempt, cap: Decimal) -> None:
    """It does not go out; its person is told at once by what costs nothing. Where there is no such way the page is over, and whatever the
    policy does next comes in the same second."""
    draft.note(f"{draft.what(a)}: held back, today's spending cap of {money(cap)} is reached.", EntryKind.PAGE)
    settle(draft, a, Outcome.CAPPED)
    page = draft.page(a.page)
    draft.change_page(page.number, ladder=with_free_ways(page, draft.roster))
    meanwhile(draft, page.number)
    page = draft.page(page.number)
    if only_costs(page):
        close_if_hopeless(draft, page)
    climb(draft, page.number)


def join(draft: Draft, a: Attempt, event: ev.AttemptJoined) -> None:
    """A call to the same phone speaks for this incident too, or a text or Slack message names it: the last look, and from here on it is one like any
    other."""
    if event.try_ != a.try_ or not _is_still_wanted(draft, a, event.late):
        return
    _begin(draft, a, AttemptStatus.ACCEPTED, SHARED_CALL_TAKES + draft.incident.policy.ring)
    whom = draft.whom(draft.page(a.page))
    if a.channel.rings:
        draft.note(f"Joined the call to {whom} that is under way for INC-{event.with_incident}.", EntryKind.PAGE)
    else:
        draft.clear_timer(TimerKind.ATTEMPT, a.number)  # what becomes of it is told by whoever wrote it
        told = "Told in the text" if a.channel is Channel.SMS else "Shown in the Slack message"
        draft.note(f"{told} to {whom} that goes out for INC-{event.with_incident}.", EntryKind.PAGE)


def come_back(draft: Draft, a: Attempt, event: ev.AttemptUnheard) -> None:
    """The call was over before it spoke of this: that was no call, so there is another at once."""
    if event.try_ != a.try_:
        return
    if draft.page(a.page).closed:
        settle(draft, a, Outcome.KEY if a.channel.rings else Outcome.STOOD_DOWN)
        return
    whom = draft.whom(draft.page(a.page))
    if a.channel.rings:
        draft.note(f"The call to {whom} was over before it spoke of this: calling again.", EntryKind.PAGE)
    else:
        draft.note(f"The text to {whom} that was to tell of this did not go out: writing again.", EntryKind.PAGE)
    again(draft, a)


def again(draft: Draft, a: Attempt, after: timedelta = timedelta(0)) -> None:
    """A fresh request for the same attempt."""
    draft.send(_try_again(draft, a), after)


def _begin(draft: Draft, a: Attempt, status: AttemptStatus, patience: timedelta) -> None:
    draft.change_attempt(a.number, status=status, began_at=a.began_at or draft.now)
    draft.set_timer(TimerKind.ATTEMPT, patience, a.number)
    page = draft.page(a.page)
    if page.step != LAST_RESORT and not draft.incident.timer(TimerKind.STEP):
        draft.clear_timer(TimerKind.SLOT)
        draft.set_timer(TimerKind.STEP, draft.incident.step_of(page).timeout)


def _is_still_wanted(draft: Draft, a: Attempt, late: timedelta) -> bool:
    """After an outage somebody else may be on call. A page that is late without one is said to be: that it waits for a free line is
    alarmed elsewhere."""
    if look_again(draft):
        return not draft.attempt(a.number).settled
    if late >= LATE and SLOW not in draft.incident.alarmed:
        draft.note(f"{draft.what(a)}: {in_words(late)} late, nobody came for it sooner.", EntryKind.PAGE)
    return True


def _try_again(draft: Draft, a: Attempt) -> Attempt:
    draft.clear_timer(TimerKind.ATTEMPT, a.number)
    return draft.change_attempt(a.number, status=AttemptStatus.PLANNED, try_=a.tries + 1, tries=a.tries + 1)
