"""One call, or one text, that speaks for several incidents: what its end means for each of them, and which come first when it speaks. Pure. Not the
rows (the store's `sql_calls`), not the words (`storm_words`), not an attempt's own rules (`claims`, `attempts`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.incident import Attempt, AttemptStatus, Outcome

Part = tuple[int, int]  # incident id, number of its attempt

# A call that the carrier has, as far as we know: whoever goes, the others may still speak by it.
_THERE = (AttemptStatus.ACCEPTED, AttemptStatus.RINGING, AttemptStatus.ANSWERED)
# Nobody heard anything, so it was the same for all that had joined.
_SAME_FOR_ALL = frozenset({Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REJECTED, Outcome.VOICEMAIL, Outcome.SILENT})


@dataclass(frozen=True, slots=True)
class Headline:
    """An incident in a call: enough to say it and to name its attempt."""

    incident_id: int
    attempt: int
    severity: Severity
    service: str
    summary: str

    @property
    def member(self) -> Part:
        return self.incident_id, self.attempt


@dataclass(frozen=True, slots=True)
class Menu:
    """What one menu of a call spoke of, kept before it is spoken: a key in it acts on `said` and on nothing else. `walks`: one after the
    other, `said` is the one that is told and `rest` those that follow."""

    said: tuple[Part, ...]
    rest: tuple[Part, ...] = ()
    walks: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """An incident whose call is over. `heard`: a menu spoke of it; `key`: what was pressed in the last menu that did, if anything."""

    incident_id: int
    attempt: int
    try_: int
    outcome: Outcome
    reason: str
    heard: bool
    key: str = ""
    by_text: bool = False


def worst_first(headlines: Iterable[Headline]) -> list[Headline]:
    """Most severe first, then the oldest."""
    return sorted(headlines, key=lambda h: (h.severity.rank, h.incident_id))


def is_over_for_all(old: Attempt, new: Attempt) -> bool:
    """Whether the call ends for whoever joined it when the attempt that placed it is settled. One that the carrier has goes on for the
    others when only this incident does not want it any more."""
    return new.settled and not (new.outcome is Outcome.STOOD_DOWN and old.status in _THERE)


def end_of(event: ev.Event, new: Attempt) -> Outcome:
    """What the end of the call is called, for those that joined it."""
    match event:
        case ev.AttemptFailed(permanent=permanent) if event.attempt == new.number:
            return Outcome.UNREACHABLE if permanent else Outcome.FAILED
        case ev.AttemptEnded(outcome=outcome) if event.attempt == new.number:
            return outcome
        case _:
            return new.outcome or Outcome.STOOD_DOWN


def news(ended: Ended) -> ev.AttemptEvent:
    """What the incident is told: what became of its attempt, or that nobody heard of it."""
    match ended.outcome:
        case Outcome.FAILED | Outcome.UNREACHABLE:
            permanent = ended.outcome is Outcome.UNREACHABLE
            return ev.AttemptFailed(ended.attempt, ended.try_, permanent, ended.reason or "the call they shared failed")
        case _ if ended.by_text:  # nobody knows that it went out, so it is written again
            return ev.AttemptUnheard(ended.attempt, ended.try_)
        case outcome if outcome in _SAME_FOR_ALL:
            return ev.AttemptEnded(ended.attempt, ended.try_, outcome, ended.reason)
        case _ if ended.heard:
            return ev.AttemptEnded(ended.attempt, ended.try_, Outcome.HUNG_UP, ended.reason)
        case _:
            return ev.AttemptUnheard(ended.attempt, ended.try_)
