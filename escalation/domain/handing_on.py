"""What people do about who is asked: the next step, a step of their choice, another person or policy altogether, somebody beside. The
incident's own policy is changed, so that whatever follows (rounds, a change of the roster, an outage) goes by it. Not acknowledging
and declining (`machine`), nor how a step is paged (`paging`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from escalation.domain import events as ev
from escalation.domain.draft import Draft
from escalation.domain.held import page_all_the_same
from escalation.domain.incident import LAST_RESORT, Again, Status, TimerKind
from escalation.domain.paging import begin_step, follow_roster, leave_step, next_step, restart
from escalation.domain.policy import Policy, Step
from escalation.domain.roster import Responder, Target, TargetKind
from escalation.domain.timeline import EntryKind

Said = ev.Escalated | ev.Reassigned | ev.HandedOver | ev.ResponderAdded
ONE_CALL = timedelta(minutes=1)  # beyond its ringing: until a carrier's queue has let it through and somebody found the key


# --- to a step


def escalate(draft: Draft, event: ev.Escalated) -> None:
    if is_stale(draft, event.attempt, event.turn):
        draft.note(f"{_who(draft, event)} escalated after the step had moved on: nobody is skipped.")
        return
    if _is_impossible(draft, event):
        return
    draft.note(f"Escalated{_to(event)} by {_by(draft, event)}.", EntryKind.STATUS)
    _go(draft, event)


def escalate_again(draft: Draft, event: ev.Escalated) -> None:
    if event.turn not in (0, draft.incident.turn):
        draft.note(f"{_who(draft, event)} escalated after it had moved on: nobody is skipped.")
        return
    if _is_impossible(draft, event):
        return
    step = event.step or 0
    why = f"Escalated{_to(event)} by {_by(draft, event)}. Paging again from step {step + 1}."
    restart(draft, why, step=step, chosen=event.step is not None)
    page_all_the_same(draft)


def escalate_on(draft: Draft, event: ev.Escalated) -> None:
    """Whoever has it hands it up; a call from before somebody else took it does not."""
    if is_stale(draft, event.attempt, event.turn) and event.by != draft.incident.acknowledged_by:
        draft.note(f"{_who(draft, event)} escalated after it was acknowledged: nobody is skipped.")
        return
    if _is_impossible(draft, event):
        return
    draft.note(f"Escalated{_to(event)} by {_by(draft, event)}.", EntryKind.STATUS)
    draft.turn(status=Status.TRIGGERED, acknowledged_by="")
    page_all_the_same(draft)
    _go(draft, event)


def _go(draft: Draft, event: ev.Escalated) -> None:
    if event.step is None:
        next_step(draft)
    else:
        leave_step(draft)
        begin_step(draft, event.step, chosen=True)


def _is_impossible(draft: Draft, event: ev.Escalated) -> bool:
    """A step that the incident's policy does not have: nobody is skipped for a slip of the finger."""
    steps = len(draft.incident.policy.steps)
    wrong = event.step is not None and not 0 <= event.step < steps
    if wrong:
        draft.note(f"{_who(draft, event)} escalated to a step that there is not, of {steps}: ignored.")
    return wrong


def _to(event: ev.Escalated) -> str:
    return "" if event.step is None else f" to step {event.step + 1}"


# --- to somebody else


def reassign(draft: Draft, event: ev.Reassigned) -> None:
    """To another policy; or to a person, who is asked first, and when they do not answer the policy begins from the top. Whoever has it
    until now has it no more."""
    if event.turn not in (0, draft.incident.turn):
        draft.note(f"{_who(draft, event)} reassigned it after it had moved on: ignored.")
        return
    person = _person(draft, event.to)
    if (event.policy is None and person is None) or draft.incident.policy.test_number:
        draft.note(f"{_who(draft, event)} reassigned it to somebody who is not there: ignored.")
        return
    to = person.name if person else f"the policy {event.policy.name}" if event.policy else ""
    leave_step(draft)  # before the steps have other numbers
    draft.change(policy=_with_first(draft, [person]) if person else event.policy)
    restart(draft, f"Reassigned to {to} by {_by(draft, event)}. Paging again from step 1.")
    page_all_the_same(draft)


def hand_over(draft: Draft, event: ev.HandedOver) -> None:
    """The person is paged, and hears from whom it comes. Whoever has had it has it until then in everybody's eyes but the clock's: when
    the other one declines or does not answer, they are called next, and the policy after them. Nobody can hand it into an empty room."""
    giver, person = draft.incident.acknowledged_by, _person(draft, event.to)
    if event.turn not in (0, draft.incident.turn):
        draft.note(f"{_who(draft, event)} handed it over after it had moved on: ignored.")
        return
    if person is None or person.handle == giver or draft.incident.policy.test_number:
        draft.note(f"{_who(draft, event)} handed it over to {_whom(person)}: ignored.")
        return
    back = [p for p in (_person(draft, giver),) if p]
    draft.change(policy=_with_first(draft, [person, *back]))
    then = f"{back[0].name} is called" if back else "The policy begins"
    why = f"Handed over to {person.name} by {_by(draft, event)}. {then} when {person.name} does not take it."
    restart(draft, why, Again.HANDED_OVER, giver)
    page_all_the_same(draft)


def _whom(person: Responder | None) -> str:
    return f"{person.name}, who has it already" if person else "somebody who is not there"


def _with_first(draft: Draft, people: list[Responder]) -> Policy:
    """A step for each of them stands before the policy's own. Whoever it was reassigned or handed to before stands there no more."""
    policy, index = draft.incident.policy, draft.incident.step
    own = tuple(step for step in policy.steps if not step.assigned) or policy.steps
    now = policy.steps[index] if index < len(policy.steps) else own[0]
    first = [Step((Target(TargetKind.PERSON, p.handle),), now.timeout, now.ladder, assigned=True) for p in people]
    return replace(policy, steps=(*first, *own))


# --- somebody beside


def add_responder(draft: Draft, event: ev.ResponderAdded) -> None:
    """Paged at once beside whoever is paged now, as if the step (or the last resort) had always named them. Its clock goes on, but it
    leaves them a whole call."""
    person, incident = _person(draft, event.who), draft.incident
    if person is None:
        draft.note(f"{_who(draft, event)} added somebody who is not there: ignored.")
        return
    index = incident.step if incident.status is Status.TRIGGERED else LAST_RESORT
    step = incident.policy.last_resort if index == LAST_RESORT else incident.policy.steps[index]
    target = Target(TargetKind.PERSON, person.handle)
    if target in step.targets or any(p.responder == person.handle for p in draft.open_pages(index)):
        draft.note(f"{_who(draft, event)} added {person.name}, who is being paged already.")
        return
    draft.note(f"{person.name} was added by {_by(draft, event)}.", EntryKind.STATUS)
    step = replace(step, targets=(*step.targets, target))
    draft.change(policy=_with_step(incident.policy, index, step))
    follow_roster(draft, index, step)
    _leave_a_call(draft, step)


def _with_step(policy: Policy, index: int, step: Step) -> Policy:
    if index == LAST_RESORT:
        return replace(policy, last_resort=step)
    return replace(policy, steps=(*policy.steps[:index], step, *policy.steps[index + 1 :]))


def _leave_a_call(draft: Draft, step: Step) -> None:
    timer = draft.incident.timer(TimerKind.STEP)
    least = min(step.timeout, draft.incident.policy.ring + ONE_CALL)
    if timer and timer.due_at < draft.now + least:
        draft.set_timer(TimerKind.STEP, least)


# --- who


def is_stale(draft: Draft, number: int, turn: int = 0) -> bool:
    attempt = draft.incident.attempt(number)
    said_in = attempt.turn if attempt else turn
    return said_in not in (0, draft.incident.turn)


def _person(draft: Draft, handle: str) -> Responder | None:
    return draft.roster.people.get(handle)


def _who(draft: Draft, event: Said) -> str:
    return draft.roster.name(event.by)


def _by(draft: Draft, event: Said) -> str:
    return f"{_who(draft, event)}, by {event.via}"
