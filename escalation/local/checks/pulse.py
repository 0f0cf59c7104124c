"""Whether paging is alive, judged by what the database knows: heartbeats, overdue timers, waiting commands. The one judgement of
`/readyz` and of the doctor; asks nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from escalation.domain.lateness import in_words
from escalation.domain.self_test import BEGUN, FAILED, PASSED
from escalation.local.checks.finding import Finding, fault, ok, unknown
from escalation.store.views import Hold, Sending

SILENT = timedelta(seconds=30)  # the timekeeper beats every 2 s, a worker every 5
OVERDUE = timedelta(seconds=30)  # the timekeeper looks for due timers every 0.2 s
WAITING = timedelta(seconds=60)  # a lease (15 s) that ran out, and the timekeeper's own try after it
TEST_ENDS = timedelta(minutes=5)  # by then a self-test has passed or failed

# What is missing without it, and what starts it.
_LATE = "the timekeeper does it, ten seconds late"
NEEDED = {
    "timekeeper": ("nothing escalates", "start `python -m workers.timekeeper`, see its log"),
    "worker pages": (_LATE, "start the worker for `pages`, see its log and whether it reaches the broker"),
    "worker chores": (_LATE, "start the worker for `chores`, see its log and whether it reaches the broker"),
}


def processes(beats: Mapping[str, timedelta]) -> Iterator[Finding]:
    """One finding for each process that a site needs."""
    for process, (harm, cure) in NEEDED.items():
        ages = [age for name, age in beats.items() if name.startswith(process)]
        if not ages:
            yield fault(process, f"never heard of: {harm}", cure)
        elif min(ages) > SILENT:
            yield fault(process, f"not heard of for {_seconds(min(ages))} s: {harm}", cure)
        else:
            yield ok(process, f"heard {max(_seconds(min(ages)), 0)} s ago")


def on_hold(hold: Hold | None) -> Iterator[Finding]:
    """Alerts are taken, and nobody hears of them."""
    if hold is not None:
        yield fault("held", str(hold), "look at what is open, then escalation resume")


def behind(sending: Sending) -> Iterator[Finding]:
    """What should have happened by now."""
    if sending.overdue_timer > OVERDUE:
        yield fault("timers", f"the oldest is {_seconds(sending.overdue_timer)} s overdue", "see the timekeeper's log")
    if sending.oldest_due > WAITING:
        late = _seconds(sending.oldest_due)
        yield fault("outbox", f"the oldest command has been due for {late} s", "see the logs of workers and timekeeper")


def self_test(beats: Mapping[str, timedelta], every: timedelta) -> Finding:
    """What came of the self-tests. One that failed is a fault at once, though it may pass the next time."""
    what, cure = "self-test", "escalation self-test, then `escalation show` its incident; see docs/operations.md"
    passed, failed, begun = (beats.get(name) for name in (PASSED, FAILED, BEGUN))
    last = f"last passed {_age(passed)} ago" if passed is not None else "none ever passed"
    if failed is not None and (passed is None or failed < passed):
        return fault(what, f"failed {_age(failed)} ago, {last}", cure)
    if is_overdue(beats, every):
        return fault(what, f"{last}, though one is due every {_age(every)}", cure)
    if passed is None:
        return unknown(what, "the first one was not ended yet" if begun is not None else "the timekeeper begins the first one")
    return ok(what, last)


def is_overdue(beats: Mapping[str, timedelta], every: timedelta) -> bool:
    """Whether two periods went by without one that passed; without any ever, whether one has come to nothing."""
    if PASSED in beats:
        return beats[PASSED] > 2 * every + TEST_ENDS
    return FAILED in beats or beats.get(BEGUN, timedelta(0)) > TEST_ENDS


def _age(age: timedelta) -> str:
    return in_words(max(age, timedelta(0)))


def _seconds(age: timedelta) -> int:
    return int(age.total_seconds())
