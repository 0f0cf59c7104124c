"""What must hold when a night is over, whatever died in it (design, section 5). Each check reads the database and the sandbox, never
what the product remembers; it returns what is wrong, in words. Not the nights."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from escalation.domain.incident import AttemptStatus, Incident, Outcome, Status
from escalation.domain.roster import Channel
from escalation.sandbox.calls import Call
from tests.builders import PHONES
from tests.crashes.night import CrashNight

NAMED = re.compile(r"/plivo/(?:calls|texts)/(\d+)-(\d+)-(\d+)(?:/|$)")


def broken(night: CrashNight) -> list[str]:
    """Every promise that this night did not keep."""
    checks = (nothing_accepted_is_missing, everything_open_will_wake, nobody_was_dialled_in_vain, every_call_ended,
              doubled_at_most_inside_a_request, what_became_of_a_doubt_is_told, never_two_calls_on_one_phone, everybody_was_paged_before_the_end,
              what_was_posted_stands_there, nothing_is_left_undone)  # fmt: skip
    return [f"{check.__name__}: {fault}" for check in checks for fault in check(night)]


def nothing_accepted_is_missing(night: CrashNight) -> Iterator[str]:
    """What a monitor was told 202 for is an incident."""
    there = {incident.dedup_key for incident in night.incidents()}
    yield from (f"{key} was accepted and is nowhere" for key in night.accepted - there)


def everything_open_will_wake(night: CrashNight) -> Iterator[str]:
    """A timer of the incident's own turn, or a command still to be carried out. Nothing of a turn that is over counts."""
    undone = {number for (number,) in night.rows("SELECT incident_id FROM outbox WHERE state <> 'done'")}
    for incident in night.incidents():
        sleeps_well = incident.status is Status.ACKNOWLEDGED and incident.policy.acknowledgement_expires is None
        if incident.is_open and not sleeps_well and not incident.timers and incident.id not in undone:
            yield f"{incident.short_id} is {incident.status} and nothing will wake it"


def nobody_was_dialled_in_vain(night: CrashNight) -> Iterator[str]:
    """Looked up at the moment of each request: the incident wanted it, as committed then."""
    yield from night.fate.unwanted


def every_call_ended(night: CrashNight) -> Iterator[str]:
    """For the carrier, and for us where nobody pages any more."""
    yield from (f"the call {name(call)} is still on the line" for call in night.world.calls if not call.is_over)
    for incident in night.incidents():
        alive = [a.number for a in incident.attempts if not a.settled and a.channel.rings]
        if incident.status in (Status.ACKNOWLEDGED, Status.RESOLVED) and alive:
            yield f"{incident.short_id} is {incident.status}, its calls {alive} are not settled"


def doubled_at_most_inside_a_request(night: CrashNight) -> Iterator[str]:
    """An attempt reaches the carrier once, and once more for each request whose answer was never heard."""
    for attempt, times in requests(night).items():
        if times > 1 + night.fate.may_double[attempt]:
            yield f"attempt {attempt} was accepted {times} times, doubtful {night.fate.may_double[attempt]}"


def what_became_of_a_doubt_is_told(night: CrashNight) -> Iterator[str]:
    """Where nobody heard the carrier's answer, the timeline has the sign by which it was known (the failure's code is one), or that it was
    sent again; but for a page that nobody waited for any more."""
    for incident in night.incidents():
        story = night.story_of(incident.id)
        for attempt in incident.attempts:
            doubtful = night.fate.may_double[incident.id, attempt.number]
            told = any(sign in story for sign in ("it did go out", "sent again", "carrier's code"))
            if doubtful and not told and attempt.outcome is not Outcome.STOOD_DOWN:
                yield f"{incident.short_id} attempt {attempt.number}: nothing is said of what became of it"


def never_two_calls_on_one_phone(night: CrashNight) -> Iterator[str]:
    """From the dialling on: the sandbox lets no second call ring. The redial of a doubt may meet its own first call."""
    dialled = [call for call in night.world.calls if call.dialled_at is not None]
    for one, other in combinations(dialled, 2):
        if one.to == other.to and _overlap(one, other) and not _is_redial(night, one, other):
            yield f"{name(one)} and {name(other)} were on one phone at the same time"


def everybody_was_paged_before_the_end(night: CrashNight) -> Iterator[str]:
    """Whoever stands in a step that the policy left by itself was tried for that incident, or was on the phone for another one."""
    for incident in night.incidents():
        story = night.story_of(incident.id)
        for handle in _due_to_be_paged(night, incident, story) & PHONES.keys():
            on_the_phone = any(
                f"{word} {handle.capitalize()}" in story
                for word in ("Waiting to call", "Joined the call to", "Told in the text to")
            )
            if (incident.id, PHONES[handle]) not in night.fate.tried and not on_the_phone:
                yield f"{handle} was never paged for {incident.short_id}, which is {incident.status}"


def what_was_posted_stands_there(night: CrashNight) -> Iterator[str]:
    """What is said to be in Slack is in one of its messages, whichever incident that was written for."""
    there = "".join(f"{message.text} {message.blocks}" for message in night.world.slack.messages)
    for incident in night.incidents():
        said = [a.number for a in incident.attempts if a.channel is Channel.SLACK and a.references]
        if said and not (f"({incident.short_id})" in there or f"|{incident.short_id}>" in there):
            yield f"{incident.short_id}: attempts {said} are said to be in Slack, and are not"


def nothing_is_left_undone(night: CrashNight) -> Iterator[str]:
    """Where nobody pages any more, no command waits and no page is open."""
    for incident in night.incidents():
        if incident.status in (Status.ACKNOWLEDGED, Status.RESOLVED):
            undone = night.rows(f"SELECT task_id, state FROM outbox WHERE state <> 'done' AND incident_id = {incident.id}")
            yield from (f"{incident.short_id} is {incident.status} and {task} is {state}" for task, state in undone)
            yield from (f"{incident.short_id}: page {p.number} is open" for p in incident.pages if not p.closed)
            yield from (f"{incident.short_id}: attempt {a.number} is {a.status}" for a in incident.attempts if _hangs(a.status))


def requests(night: CrashNight) -> Counter[tuple[int, int]]:
    """What the carrier accepted, by incident and attempt: calls and texts."""
    urls = [call.request.answer.url for call in night.world.calls]
    urls += [message.callback.url for message in night.world.texting.messages if message.direction == "outbound"]
    return Counter((int(found[1]), int(found[2])) for url in urls if (found := NAMED.search(url)))


def name(call: Call) -> str:
    found = NAMED.search(call.request.answer.url)
    return "-".join(found.groups()) if found else call.request.answer.url


def attempt_of(call: Call) -> tuple[int, int]:
    incident, attempt, _ = name(call).split("-")
    return int(incident), int(attempt)


def _overlap(one: Call, other: Call) -> bool:
    begins = max(one.dialled_at or 0, other.dialled_at or 0)
    return begins < min(one.ended_at or 1e12, other.ended_at or 1e12)


def _is_redial(night: CrashNight, one: Call, other: Call) -> bool:
    return attempt_of(one) == attempt_of(other) and night.fate.may_double[attempt_of(one)] > 0


def _hangs(status: AttemptStatus) -> bool:
    return status in (AttemptStatus.PLANNED, AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN)


def _due_to_be_paged(night: CrashNight, incident: Incident, story: str) -> set[str]:
    """By the policy, not by the pages: a step that was left without a page must not be believed. A person may skip others."""
    if "Escalated by" in story or "declined, by" in story:
        return set()
    steps = incident.policy.steps
    left = steps if "EXHAUSTED" in story or incident.round else steps[: incident.step]
    return {r.handle for step in left for target in step.targets for r in night.roster.everybody(target)}


def replaying_changes(night: CrashNight) -> list[str]:
    """What changes when every callback and every alert of the night comes once more, in another order: nothing but the counting."""
    night.fate.strikes = lambda number, name: False
    before = _state(night)
    night.repeat_everything()
    night.settle()
    after = _state(night)
    return [f"a repeat changed {old} into {new}" for old, new in zip(before, after, strict=True) if old != new]


def _state(night: CrashNight) -> list[object]:
    stands = [(i.id, i.status, i.turn, i.step, i.acknowledged_by, i.pages, i.attempts, i.timers) for i in night.incidents()]
    return [
        stands,
        requests(night),
        len(night.world.slack.messages),
        len(night.world.mailbox),
        night.rows("SELECT count(*) FROM outbox"),
    ]
