"""How a step is paged: begin it, climb each responder's ladder, stand down, go on to the next, be loud at a dead end. What a
single call or text came to is ruled in `attempts`; which event leads where is in `machine`."""

from __future__ import annotations

from datetime import timedelta

from escalation.domain.capped import was_all_held_back
from escalation.domain.commands import CommandKind
from escalation.domain.draft import Draft
from escalation.domain.incident import (
    AGAIN,
    LAST_RESORT,
    Again,
    Attempt,
    AttemptStatus,
    Outcome,
    Page,
    Status,
    TimerKind,
)
from escalation.domain.passing import is_passed_over, note_passed_over, nothing_applies
from escalation.domain.policy import Rung, Step
from escalation.domain.quiet import get_up, let_sleep, sleeps
from escalation.domain.roster import Channel, Responder, TargetKind
from escalation.domain.round_robin import chosen
from escalation.domain.timeline import EntryKind
from escalation.domain.urgency import Urgency

AT_ONCE = timedelta(0)
DECLINED = "declined"
NO_LONGER = "no longer on call"
SLOW = "slow"  # pages wait for a free line
LONGEST_PAUSE = 30  # seconds between tries at a carrier that fails: short beside any step's timeout
LAST_RESORT_PAUSE = 300  # the last resort has no timeout: a mailbox must not be flooded


# --- steps


def restart(draft: Draft, why: str, again: Again | None = None, by: str = "", *, step: int = 0, chosen: bool = False) -> None:
    """From step one (or another), as if it had just happened. The last resort's mail about what was still goes out. `again` is told to whoever is
    paged, with `by`."""
    leave_step(draft)
    told = frozenset({f"{AGAIN}{again} by {by}"} if again else ())
    draft.change(alarmed=told, round=0, acknowledged_by="", status=Status.TRIGGERED)
    draft.note(why, EntryKind.STATUS)
    begin_step(draft, step, chosen=chosen)


def next_step(draft: Draft) -> None:
    """The next step, the next round, or the loud end."""
    leave_step(draft)
    incident = draft.incident
    if incident.step + 1 < len(incident.policy.steps):
        begin_step(draft, incident.step + 1)
    elif incident.round + 1 < incident.policy.rounds and not (nothing_applies(draft) or was_all_held_back(incident)):
        draft.change(round=incident.round + 1)
        begin_step(draft, 0)
    else:
        exhaust(draft)


def begin_step(draft: Draft, index: int, *, chosen: bool = False) -> None:
    """Pages everybody the step points at now. The step's own time runs from the first claim, not from here: a queue at the
    carrier must not eat it. A step that nobody is in, or that does not apply, is left again by `move_on`; one
    that somebody chose applies."""
    draft.turn(step=index)
    steps = draft.incident.policy.steps
    if index >= len(steps) or (not chosen and note_passed_over(draft, index)):
        return
    who = resolve(draft, steps[index])
    names = ", ".join(r.name for r in who) or "nobody"
    draft.note(f"Step {index + 1} of {len(steps)}: paging {names}.", EntryKind.STEP)
    note_empty_schedules(draft, steps[index])
    draft.set_timer(TimerKind.SLOT, draft.incident.policy.slot_limit)
    page_all(draft, who, index, steps[index])


def resolve(draft: Draft, step: Step) -> list[Responder]:
    """Who is behind the step's targets at this moment, each once."""
    found = [r for target in step.targets for r in draft.roster.resolve(target, draft.now)]
    if step.round_robin:
        found += chosen(step, draft.roster, draft.now, frozenset(p.responder for p in draft.open_pages(draft.incident.step)))
    return list({r.handle: r for r in found}.values())


def note_empty_schedules(draft: Draft, step: Step) -> None:
    """Loudly, also where the step has others: a hole in a schedule is found before it matters, or in the night."""
    for target in step.targets:
        if target.kind is not TargetKind.SCHEDULE:
            continue
        shift = draft.roster.shift(target.name, draft.now)
        if shift is None:
            draft.note(f"There is no schedule {target.name} any more.", EntryKind.ALARM)
        elif shift.empty is not None:
            draft.note(f"Nobody is on call in the schedule {target.name}: {shift.empty}.", EntryKind.ALARM)


def page_all(draft: Draft, who: list[Responder], index: int, step: Step) -> None:
    urgency = Urgency.HIGH if index == LAST_RESORT else draft.incident.urgency(draft.now)  # a dead end is never quiet
    pages = [draft.open_page(r, index, step.ladder_for(r, urgency)) for r in who]
    for page in pages:
        if not (urgency is Urgency.LOW and let_sleep(draft, page)):
            climb(draft, page.number)


def move_on(draft: Draft) -> None:
    """A step with nobody left to wait for is over at once; unless somebody in it declined or was held back for what it costs, or it does
    not apply, that is said loudly."""
    while draft.incident.status is Status.TRIGGERED and not draft.open_pages(draft.incident.step):
        pages = [p for p in draft.incident.pages if p.turn == draft.incident.turn and p.step == draft.incident.step]
        step = draft.incident.step + 1
        if not any(p.closed in (DECLINED, Outcome.CAPPED) for p in pages) and not is_passed_over(draft):
            alarm(draft, f"step {step} empty", f"Step {step} skipped: nobody in it can be reached.")
        next_step(draft)


def exhaust(draft: Draft) -> None:
    draft.turn(status=Status.EXHAUSTED)
    draft.set_timer(TimerKind.ALARM, draft.incident.policy.alarm_every)
    if any(p.step != LAST_RESORT for p in draft.incident.pages):
        alarm(draft, "exhausted", "EXHAUSTED: the whole policy was used up and nobody has it.")
    else:
        alarm(draft, "exhausted", "EXHAUSTED: no step of the policy applies to this, and nobody was paged.")


def alarm(draft: Draft, reason: str, text: str) -> None:
    """A dead end: told to the last resort, each reason once a run. One of the self-test's is nobody's alarm."""
    if reason in draft.incident.alarmed:
        return
    is_test = bool(draft.incident.policy.test_number)
    draft.note(text, EntryKind.NOTE if is_test else EntryKind.ALARM)
    draft.change(alarmed=draft.incident.alarmed | {reason})
    if not is_test:
        page_last_resort(draft)


def page_last_resort(draft: Draft) -> None:
    """Only while nobody has it: our own fault on a call that somebody acknowledged is noted, and rings nobody."""
    if draft.incident.status not in (Status.TRIGGERED, Status.EXHAUSTED):
        return
    step, of_the_site = draft.incident.policy.last_resort, draft.incident.policy.site_last_resort
    who = resolve(draft, step)
    note_empty_schedules(draft, step)
    if not who and not resolve(draft, of_the_site):
        draft.note("There is no last resort to tell.", EntryKind.ALARM)
    page_all(draft, [r for r in who if not _is_being_told(draft, r)], LAST_RESORT, step)
    if not who:
        fall_to_site(draft)


def fall_to_site(draft: Draft) -> None:
    """Where the policy's own last resort is nobody, or certainly reaches nobody, the whole site's is told."""
    own = {r.handle for r in resolve(draft, draft.incident.policy.last_resort)}
    newest = {p.responder: p.closed for p in draft.incident.pages if p.step == LAST_RESORT}
    if any(newest.get(handle) != Outcome.UNREACHABLE for handle in own):
        return
    step = draft.incident.policy.site_last_resort
    who = [r for r in resolve(draft, step) if r.handle not in own and not _is_being_told(draft, r)]
    if who:
        draft.note("The last resort of the policy reaches nobody: that of the site is told.", EntryKind.ALARM)
        note_empty_schedules(draft, step)
        page_all(draft, who, LAST_RESORT, step)


def _is_being_told(draft: Draft, responder: Responder) -> bool:
    """Still trying from the last alarm: a second one beside it would only add to the flood."""
    theirs = [p.number for p in draft.open_pages(LAST_RESORT) if p.responder == responder.handle]
    unsent = (AttemptStatus.PLANNED, AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN)
    return any(a.status in unsent or (a.channel.rings and not a.settled) for n in theirs for a in draft.attempts_of(n))


def follow_roster(draft: Draft, index: int, step: Step) -> None:
    """Who is on call changed in mid-step: page the new, stop ringing the old unless they have picked up."""
    who = {r.handle: r for r in resolve(draft, step)}
    of_the_site = resolve(draft, draft.incident.policy.site_last_resort) if index == LAST_RESORT else []
    note_empty_schedules(draft, step)
    for page in draft.open_pages(index):
        if page.responder not in {*who, *(r.handle for r in of_the_site)}:
            shut(draft, page, NO_LONGER)
    paged = {p.responder for p in draft.incident.pages if (p.step, p.turn) == (index, draft.incident.turn) and _was_told(p)}
    paged |= {p.responder for p in draft.open_pages(index)}
    page_all(draft, [r for h, r in who.items() if h not in paged], index, step)
    if of_the_site and not who:
        fall_to_site(draft)
    if index != LAST_RESORT:
        get_up(draft)


def _was_told(page: Page) -> bool:
    """Whoever declined stays declined; whoever could not be reached may have a number now, who was off call may be on again, and the
    cap may be a higher one."""
    return page.closed not in (Outcome.UNREACHABLE, NO_LONGER, Outcome.CAPPED)


# --- ladders


def climb(draft: Draft, number: int) -> None:
    """The next rung, now or when its time has come; nothing while a call of this page is still open."""
    page = draft.page(number)
    if page.closed or draft.incident.timer(TimerKind.RUNG, number) or calling(draft, page):
        return
    if page.rung + 1 >= len(page.ladder):
        close_if_hopeless(draft, page)
        return
    after = page.ladder[page.rung + 1].after
    if after and page.rung >= 0:
        draft.set_timer(TimerKind.RUNG, after, number)
    else:
        plan(draft, page, page.rung + 1)


def plan(draft: Draft, page: Page, rung: int, *, after: timedelta = AT_ONCE, failures: int = 0) -> None:
    """One rung: an attempt by the responder's contact method as it is now, and, behind a text, the next rung's timer."""
    page = draft.change_page(page.number, rung=max(rung, page.rung))
    channel = page.ladder[rung].channel
    responder = draft.roster.responder(page.responder)
    contact = responder.contact(channel, page.ladder[rung].at) if responder else None
    if contact is None:
        blocked = next((c.blocked for c in responder.contacts if c.channel is channel and c.blocked), "") if responder else ""
        draft.note(f"{draft.whom(page)} cannot be reached by {channel}: {blocked or 'no such contact method'}.", EntryKind.PAGE)
        (skip_to_next if channel.rings else fall_to_voice)(draft, page.number)
        return
    draft.plan_attempt(page, rung, channel, contact.address, after=after, failures=failures)
    if not channel.rings:
        climb(draft, page.number)


def skip_to_next(draft: Draft, number: int) -> None:
    page = draft.page(number)
    if page.rung + 1 < len(page.ladder):
        plan(draft, page, page.rung + 1)
    else:
        close_if_hopeless(draft, page)


def calling(draft: Draft, page: Page) -> bool:
    return any(a.channel.rings and not a.settled for a in draft.attempts_of(page.number))


def is_coming(draft: Draft, index: int) -> bool:
    """Whether a call or text of that step is on its way, or will be by itself before the step is over."""
    open_pages = {p.number for p in draft.open_pages(index)}
    return any(t.kind is TimerKind.RUNG and t.ref in open_pages for t in draft.incident.timers) or any(
        a.page in open_pages and not a.settled for a in draft.incident.attempts
    )


def meanwhile(draft: Draft, number: int) -> None:
    """While a call cannot be brought or nobody knows whether it rings, the texts behind it go out now."""
    page = draft.page(number)
    if sleeps(draft.incident, page):
        return
    while not page.closed and page.rung + 1 < len(page.ladder) and not page.ladder[page.rung + 1].channel.rings:
        before = page.rung
        plan(draft, page, page.rung + 1)
        page = draft.page(number)
        if page.rung == before:
            return


def fall_to_voice(draft: Draft, number: int) -> None:
    """A text that can never arrive is worth a call at once, even where the ladder has none left."""
    meanwhile(draft, number)
    page = draft.page(number)
    if page.closed or calling(draft, page):
        return
    draft.clear_timer(TimerKind.RUNG, number)
    if page.rung + 1 >= len(page.ladder) and _never_called(draft, page):
        page = draft.change_page(number, ladder=(*page.ladder, Rung(Channel.VOICE)))
    skip_to_next(draft, number)


def _never_called(draft: Draft, page: Page) -> bool:
    responder = draft.roster.responder(page.responder)
    reachable = responder is not None and responder.contact(Channel.VOICE) is not None
    return reachable and not any(a.channel.rings and a.outcome is not Outcome.CAPPED for a in draft.attempts_of(page.number))


def close_if_hopeless(draft: Draft, page: Page) -> None:
    """Only permanent failures, and what is held back for what it costs, end a page before its time; silence waits for the step's timeout."""
    newest = {a.rung: a.outcome for a in draft.attempts_of(page.number)}  # of a rung that was tried again the last try counts
    outcomes = set(newest.values())
    if Outcome.CAPPED in outcomes and outcomes <= {Outcome.CAPPED, Outcome.UNREACHABLE}:
        draft.note(f"{draft.whom(page)} has no way that costs nothing.", EntryKind.PAGE)
        close(draft, page, Outcome.CAPPED)
    elif outcomes <= {Outcome.UNREACHABLE}:
        draft.note(f"{draft.whom(page)} cannot be reached at all.", EntryKind.PAGE)
        close(draft, page, Outcome.UNREACHABLE)
        if page.step == LAST_RESORT and page.responder in {r.handle for r in resolve(draft, draft.incident.policy.last_resort)}:
            fall_to_site(draft)


def close(draft: Draft, page: Page, why: str) -> None:
    draft.clear_timer(TimerKind.RUNG, page.number)
    draft.change_page(page.number, closed=why)


def shut(draft: Draft, page: Page, why: str) -> None:
    """Closes a page and takes back what of it can be taken back; whoever has picked up is not cut off: their 1 still counts."""
    close(draft, page, why)
    for attempt in draft.attempts_of(page.number):
        if attempt.status is not AttemptStatus.ANSWERED:
            withdraw(draft, attempt)


def pause(failures: int, longest: int = LONGEST_PAUSE) -> timedelta:
    return timedelta(seconds=min(2 ** min(failures, 10), longest))


# --- standing down


def stand_down(draft: Draft, own: int = 0) -> None:
    """Somebody has it, or it is over: nothing more is sent and every phone stops, but the one that `own` names."""
    for attempt in draft.incident.attempts:
        if attempt.number != own:
            withdraw(draft, attempt)
    for page in draft.incident.pages:
        if not page.closed:
            close(draft, page, "stood down")


def leave_step(draft: Draft) -> None:
    """The step is over: its phones stop ringing."""
    for page in draft.incident.pages:
        if page.step != LAST_RESORT and not page.closed:
            shut(draft, page, "step over")


def withdraw(draft: Draft, attempt: Attempt) -> None:
    """Hangs up what the carrier has; what it does not have yet is hung up when it says so (see `attempts`)."""
    if attempt.settled:
        return
    if attempt.channel.rings:
        for try_ in attempt.references:
            draft.command(CommandKind.HANG_UP, attempt.number, try_)
    is_there = not attempt.channel.rings and attempt.status is AttemptStatus.ACCEPTED
    settle(draft, attempt, Outcome.SENT if is_there else Outcome.STOOD_DOWN)


def settle(draft: Draft, attempt: Attempt, outcome: Outcome, reason: str = "") -> Attempt:
    draft.clear_timer(TimerKind.ATTEMPT, attempt.number)
    return draft.change_attempt(attempt.number, status=AttemptStatus.SETTLED, outcome=outcome, reason=reason)
