"""The machine: what the product promises to the person who sleeps, and to the one who does not know yet.

Theory of operation
-------------------
An *incident* goes through the steps of its escalation policy. At each step every responder of the step gets a *page*: a
ladder of rungs (call; text at once when the call came to nothing; call again). Each rung is an *attempt*. The step ends when
its time is up, or at once when nobody is left to wait for; then comes the next step, the next round, and at the end
EXHAUSTED, which is loud: the policy's last resort is told, again and again, until somebody has it.

There are two tables. `RULES` (here): incident status × what people, monitors and timers say. `attempts.RULES`: attempt state ×
what a carrier says. `advance` is pure and total: any event in any state gives a decision; one that does not fit is recorded
and ignored, because carriers repeat, reorder and delay, and people press keys after it is over.

Laws
----
* Only a key press, a reply, a button, a page or the monitor ends the paging. Answered, delivered and voicemail never do.
* Every change of status or step raises `turn` and drops the timers set before. Declining and escalating carry the attempt they
  were said in: from an older turn they skip nobody. Acknowledging is never too late while the incident is open.
* Failure is not absence. A carrier that fails is tried again within the step, by other channels meanwhile; only a permanent
  failure closes a page before its step is over.
* An attempt is settled when nobody wants it any more; a call that comes up after that is hung up.
* Who is behind a target is looked up when the step begins; the policy is the one the incident started with.
* Time in which nobody kept time (the pager was down) is not the step's: it goes on where it stood, and who is on call is looked up
  again. One outage ends one step at most.

* What holds an incident back (maintenance) is data: it is recorded as snoozed, and wakes from step one when the hold is over (`held`).
* Laws are kept by programs, and rows are lost: `audit` says what an open incident must have, and `Audited` sets right what it lacks.

Promises (each a property test over random nights)
--------------------------------------------------
* An open incident always has a timer, or a command still to be carried out, that will wake it (`will_wake`); the one exception
  is an acknowledged one whose policy lets acknowledgements last for ever.
* Nobody is dialled after the incident is acknowledged, resolved or snoozed.
* Everyone reachable on the policy was paged before EXHAUSTED.
* Every call placed ends hung up, answered or timed out; a call of a withdrawn attempt is hung up as soon as it shows.
* Replaying any event changes nothing that anybody would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, get_args

from escalation.domain import events as ev
from escalation.domain.attempts import MENU_TAKES, give_up, keep, rule_attempt
from escalation.domain.audit import rearm
from escalation.domain.claims import again
from escalation.domain.commands import Command
from escalation.domain.draft import Draft
from escalation.domain.handing_on import add_responder, escalate, escalate_again, escalate_on, hand_over, is_stale, reassign
from escalation.domain.held import UNHELD, follow_hold, stop_if_asked
from escalation.domain.hold import HELD
from escalation.domain.incident import AGAIN, LAST_RESORT, AttemptStatus, Incident, Outcome, Status, TimerKind
from escalation.domain.lateness import look_again
from escalation.domain.monitor import begin, page_again_if_worse, resolve
from escalation.domain.paging import (
    DECLINED,
    SLOW,
    alarm,
    calling,
    follow_roster,
    meanwhile,
    move_on,
    next_step,
    page_last_resort,
    restart,
    shut,
    skip_to_next,
    stand_down,
)
from escalation.domain.pause import acknowledgement_expires, give_back, snooze, snooze_is_over
from escalation.domain.quiet import sleep_on
from escalation.domain.restored import forget, go_on
from escalation.domain.roster import Roster
from escalation.domain.self_test import conclude, nobody_but_the_phone
from escalation.domain.silence import it_is_quiet, listen
from escalation.domain.timeline import Entry, EntryKind

TRIGGERED, EXHAUSTED, ACKNOWLEDGED, SNOOZED, RESOLVED = Status

Rule = Callable[[Draft, Any], object]


@dataclass(frozen=True, slots=True)
class Decision:
    """The incident as it stands after the event, what is to be done, and what the timeline says."""

    incident: Incident
    commands: tuple[Command, ...]
    entries: tuple[Entry, ...]


def advance(incident: Incident, event: ev.Event, roster: Roster, now: datetime) -> Decision:
    """Rules on one event. `now` and the ids come from outside; nothing is read or written here."""
    draft = Draft(incident, nobody_but_the_phone(incident.policy) if incident.policy.test_number else roster, now)
    if isinstance(event, get_args(ev.AttemptEvent)):
        rule_attempt(draft, event)
    else:
        RULES[(incident.status, type(event))](draft, event)  # type: ignore[index]
    move_on(draft)
    if incident.policy.test_number:
        conclude(draft, event)
    draft.finish()
    return Decision(draft.incident, tuple(draft.commands), tuple(draft.entries))


def will_wake(incident: Incident, commands_pending: bool) -> bool:
    """Whether something will look at this incident again."""
    sleeps_well = incident.status is ACKNOWLEDGED and incident.policy.acknowledgement_expires is None
    return not incident.is_open or sleeps_well or commands_pending or bool(incident.timers)


# --- people


def acknowledge(draft: Draft, event: ev.Acknowledged) -> None:
    """Everybody else's phone stops. Never the acknowledger's own: it has not heard "thank you" yet."""
    alarmed = frozenset(word for word in draft.incident.alarmed if not word.startswith((AGAIN, HELD, UNHELD)))
    draft.turn(status=ACKNOWLEDGED, acknowledged_by=event.by, alarmed=alarmed)
    stand_down(draft, own=_on_the_line(draft, event) or _picked_up_by(draft, event.by))
    draft.note(f"Acknowledged by {draft.roster.name(event.by)}, by {event.via}.", EntryKind.STATUS)
    if draft.incident.policy.acknowledgement_expires is not None:
        draft.set_timer(TimerKind.ACK, draft.incident.policy.acknowledgement_expires)
    listen(draft)


def already(draft: Draft, event: ev.Acknowledged) -> None:
    first = draft.roster.name(draft.incident.acknowledged_by)
    draft.note(f"{draft.roster.name(event.by)} acknowledged too, by {event.via}; {first} was first.")


def decline(draft: Draft, event: ev.Declined) -> None:
    if draft.incident.attempt(event.attempt) is None or is_stale(draft, event.attempt):
        draft.note(f"{draft.roster.name(event.by)} declined after the step had moved on: ignored.")
        return
    page = draft.page_of(event.attempt)
    draft.note(f"{draft.roster.name(event.by)} declined, by {event.via}.", EntryKind.STATUS)
    if not page.closed:
        shut(draft, page, DECLINED)


def write_down(draft: Draft, event: ev.Noted) -> None:
    """Also when it is over: what was found out in the morning belongs to the story."""
    draft.note(f"Note by {draft.roster.name(event.by)}, by {event.via}: {event.text}")


# --- the site


def page_the_new(draft: Draft, _: ev.RosterChanged) -> None:
    follow_roster(draft, draft.incident.step, draft.incident.policy.steps[draft.incident.step])


def page_the_new_last_resort(draft: Draft, _: ev.RosterChanged) -> None:
    follow_roster(draft, LAST_RESORT, draft.incident.policy.last_resort)


def retry_now(draft: Draft, event: ev.CarrierRecovered) -> None:
    """Only what waits for this carrier."""
    planned = [a for a in draft.incident.attempts if a.status is AttemptStatus.PLANNED and a.failures]
    waiting = [a for a in planned if a.channel in event.channels]
    for attempt in waiting:
        again(draft, attempt)
    if waiting:
        draft.note(f"{event.carrier} works again: what had failed is sent now.")


def page_again(draft: Draft, event: ev.CarrierRecovered) -> None:
    """Only when this carrier had failed somebody in the run that was exhausted: who slept through it is not called for that."""
    incident = draft.incident
    began = incident.turn - incident.policy.rounds * len(incident.policy.steps)
    run = [a for a in incident.attempts if a.turn >= began and incident.page_of(a).step != LAST_RESORT]
    if any(a.channel in event.channels and (a.failures or a.outcome is Outcome.FAILED) for a in run):
        restart(draft, f"{event.carrier} works again and nobody has this: paging again from step 1.")


# --- time


def on_time(draft: Draft, event: ev.TimerFired) -> None:
    """A timer counts only as it stands in the incident, due, of the turn it was set in; any other is stale. One that is far overdue
    has the incident looked at again first, after which it may not be due any more."""
    if not _is_due(draft, event) or (look_again(draft) and not _is_due(draft, event)):
        return
    draft.clear_timer(event.kind, event.ref)
    TIMERS[event.kind](draft, event)


def _is_due(draft: Draft, event: ev.TimerFired) -> bool:
    timer = draft.incident.timer(event.kind, event.ref)
    return timer is not None and timer.turn == event.turn and timer.due_at <= draft.now


def step_is_over(draft: Draft, _: ev.TimerFired) -> None:
    if not sleep_on(draft, TimerKind.STEP):
        draft.note(f"Nobody acknowledged in step {draft.incident.step + 1}.", EntryKind.STEP)
        next_step(draft)


def next_rung(draft: Draft, event: ev.TimerFired) -> None:
    page = draft.page(event.ref)
    if not page.closed and not calling(draft, page):
        skip_to_next(draft, page.number)


def attempt_is_silent(draft: Draft, event: ev.TimerFired) -> None:
    give_up(draft, draft.attempt(event.ref))


def sending_is_slow(draft: Draft, _: ev.TimerFired) -> None:
    """Nothing of this step was sent yet. Its time begins all the same, or an outage of ours would stop the policy; what can go
    out by text goes out."""
    if sleep_on(draft, TimerKind.SLOT):
        return
    limit = draft.incident.policy.slot_limit.total_seconds()
    alarm(draft, SLOW, f"Nothing of step {draft.incident.step + 1} could be sent within {limit:.0f} s.")
    draft.set_timer(TimerKind.STEP, draft.incident.policy.steps[draft.incident.step].timeout)
    for page in draft.open_pages(draft.incident.step):
        meanwhile(draft, page.number)


def alarm_again(draft: Draft, _: ev.TimerFired) -> None:
    draft.note("Still nobody has this.", EntryKind.ALARM)
    draft.set_timer(TimerKind.ALARM, draft.incident.policy.alarm_every)
    page_last_resort(draft)


TIMERS: Final[Mapping[TimerKind, Rule]] = MappingProxyType(
    {
        TimerKind.STEP: step_is_over,
        TimerKind.RUNG: next_rung,
        TimerKind.ATTEMPT: attempt_is_silent,
        TimerKind.SLOT: sending_is_slow,
        TimerKind.ACK: acknowledgement_expires,
        TimerKind.SNOOZE: snooze_is_over,
        TimerKind.ALARM: alarm_again,
        TimerKind.QUIET: it_is_quiet,
    }
)


# --- what does not fit


def ignore(draft: Draft, event: Any) -> None:
    """Recorded and ignored."""
    by = f" by {draft.roster.name(event.by)}" if hasattr(event, "by") else ""
    draft.note(f"{type(event).__name__}{by}: ignored, the incident is {draft.incident.status}.")


def nothing(draft: Draft, event: Any) -> None:
    """Not even worth a line."""


def _on_the_line(draft: Draft, event: ev.Acknowledged) -> int:
    """The call in which the key was pressed. The key says that it was answered, whatever was heard of it before: a redial that
    was planned for want of a sign must not go out any more."""
    attempt = draft.incident.attempt(event.attempt)
    if attempt is None or attempt.settled or not attempt.channel.rings:
        return 0
    keep(draft, attempt, event.try_ if 0 < event.try_ <= attempt.tries else attempt.try_)
    draft.change_attempt(attempt.number, status=AttemptStatus.ANSWERED)
    draft.set_timer(TimerKind.ATTEMPT, MENU_TAKES, attempt.number)
    return attempt.number


def _picked_up_by(draft: Draft, handle: str) -> int:
    """Somebody who pressed a button while listening is not cut off either."""
    on_the_line = [a for a in reversed(draft.incident.attempts) if a.status is AttemptStatus.ANSWERED]
    return next((a.number for a in on_the_line if draft.page(a.page).responder == handle), 0)


RULES: Final[Mapping[tuple[Status, type[ev.IncidentEvent]], Rule]] = MappingProxyType(
    {
        (TRIGGERED, ev.Triggered): begin,
        (EXHAUSTED, ev.Triggered): page_again_if_worse,
        (ACKNOWLEDGED, ev.Triggered): page_again_if_worse,
        (SNOOZED, ev.Triggered): page_again_if_worse,
        (RESOLVED, ev.Triggered): ignore,  # the engine opens a new incident instead
        (TRIGGERED, ev.Acknowledged): acknowledge,
        (EXHAUSTED, ev.Acknowledged): acknowledge,
        (ACKNOWLEDGED, ev.Acknowledged): already,
        (SNOOZED, ev.Acknowledged): acknowledge,
        (RESOLVED, ev.Acknowledged): ignore,
        (TRIGGERED, ev.Declined): decline,
        (EXHAUSTED, ev.Declined): ignore,
        (ACKNOWLEDGED, ev.Declined): ignore,
        (SNOOZED, ev.Declined): ignore,
        (RESOLVED, ev.Declined): ignore,
        (TRIGGERED, ev.Escalated): escalate,
        (EXHAUSTED, ev.Escalated): escalate_again,
        (ACKNOWLEDGED, ev.Escalated): escalate_on,
        (SNOOZED, ev.Escalated): escalate_again,
        (RESOLVED, ev.Escalated): ignore,
        (TRIGGERED, ev.Reassigned): reassign,
        (EXHAUSTED, ev.Reassigned): reassign,
        (ACKNOWLEDGED, ev.Reassigned): reassign,
        (SNOOZED, ev.Reassigned): reassign,
        (RESOLVED, ev.Reassigned): ignore,
        (TRIGGERED, ev.HandedOver): ignore,
        (EXHAUSTED, ev.HandedOver): ignore,
        (ACKNOWLEDGED, ev.HandedOver): hand_over,
        (SNOOZED, ev.HandedOver): ignore,
        (RESOLVED, ev.HandedOver): ignore,
        (TRIGGERED, ev.ResponderAdded): add_responder,
        (EXHAUSTED, ev.ResponderAdded): add_responder,
        (ACKNOWLEDGED, ev.ResponderAdded): ignore,
        (SNOOZED, ev.ResponderAdded): ignore,
        (RESOLVED, ev.ResponderAdded): ignore,
        (TRIGGERED, ev.Unacknowledged): ignore,
        (EXHAUSTED, ev.Unacknowledged): ignore,
        (ACKNOWLEDGED, ev.Unacknowledged): give_back,
        (SNOOZED, ev.Unacknowledged): ignore,
        (RESOLVED, ev.Unacknowledged): ignore,
        (TRIGGERED, ev.Snoozed): snooze,
        (EXHAUSTED, ev.Snoozed): snooze,
        (ACKNOWLEDGED, ev.Snoozed): snooze,
        (SNOOZED, ev.Snoozed): snooze,
        (RESOLVED, ev.Snoozed): ignore,
        (TRIGGERED, ev.Noted): write_down,
        (EXHAUSTED, ev.Noted): write_down,
        (ACKNOWLEDGED, ev.Noted): write_down,
        (SNOOZED, ev.Noted): write_down,
        (RESOLVED, ev.Noted): write_down,
        (TRIGGERED, ev.Resolved): resolve,
        (EXHAUSTED, ev.Resolved): resolve,
        (ACKNOWLEDGED, ev.Resolved): resolve,
        (SNOOZED, ev.Resolved): resolve,
        (RESOLVED, ev.Resolved): ignore,
        (TRIGGERED, ev.RosterChanged): page_the_new,
        (EXHAUSTED, ev.RosterChanged): page_the_new_last_resort,
        (ACKNOWLEDGED, ev.RosterChanged): nothing,
        (SNOOZED, ev.RosterChanged): nothing,
        (RESOLVED, ev.RosterChanged): nothing,
        (TRIGGERED, ev.CarrierRecovered): retry_now,
        (EXHAUSTED, ev.CarrierRecovered): page_again,
        (ACKNOWLEDGED, ev.CarrierRecovered): nothing,
        (SNOOZED, ev.CarrierRecovered): nothing,
        (RESOLVED, ev.CarrierRecovered): nothing,
        (TRIGGERED, ev.Restored): go_on,
        (EXHAUSTED, ev.Restored): forget,
        (ACKNOWLEDGED, ev.Restored): forget,
        (SNOOZED, ev.Restored): forget,
        (RESOLVED, ev.Restored): nothing,
        (TRIGGERED, ev.TimerFired): on_time,
        (EXHAUSTED, ev.TimerFired): on_time,
        (ACKNOWLEDGED, ev.TimerFired): on_time,
        (SNOOZED, ev.TimerFired): on_time,
        (RESOLVED, ev.TimerFired): on_time,
        (TRIGGERED, ev.Reviewed): stop_if_asked,
        (EXHAUSTED, ev.Reviewed): stop_if_asked,
        (ACKNOWLEDGED, ev.Reviewed): nothing,
        (SNOOZED, ev.Reviewed): follow_hold,
        (RESOLVED, ev.Reviewed): nothing,
        (TRIGGERED, ev.Audited): rearm,
        (EXHAUSTED, ev.Audited): rearm,
        (ACKNOWLEDGED, ev.Audited): rearm,
        (SNOOZED, ev.Audited): rearm,
        (RESOLVED, ev.Audited): nothing,
    }
)
