"""The spending cap is reached: what is of low urgency takes another way in the same second, what is of high urgency does not, and nothing is
lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from escalation.domain import events as ev
from escalation.domain.alert import Severity
from escalation.domain.audit import findings
from escalation.domain.capped import may_be_held_back
from escalation.domain.incident import LAST_RESORT, Incident, Outcome, Status, TimerKind
from escalation.domain.machine import Decision, will_wake
from escalation.domain.policy import Policy, Rung, Step
from escalation.domain.roster import Channel, ContactMethod, Roster
from escalation.domain.urgency import Urgency
from tests.builders import alert, incident, policy, roster, step, target
from tests.domain.nights import RandomNight
from tests.domain.story import Story

CAP = Decimal(20)
NOBODY = Step(())


def reading(*handles: str) -> Roster:
    """These are in Slack and have a mailbox."""
    people = roster().people
    ways = {h: (ContactMethod(Channel.SLACK, f"U{h}"), ContactMethod(Channel.EMAIL, f"{h}@example.org")) for h in handles}
    return replace(roster(), people=people | {h: replace(people[h], contacts=(*people[h].contacts, *ways[h])) for h in handles})


def story(*handles: str, chosen: Policy | None = None, severity: Severity = Severity.WARNING) -> Story:
    return Story(incident(chosen, severity=severity), reading(*handles))


def claims(told: Story, *attempts: int) -> Story:
    for attempt in attempts:
        told.tell(ev.AttemptClaimed(attempt, told.incident.attempts[attempt - 1].try_, cap=CAP))
    return told


def planned(told: Story) -> list[tuple[str, Channel]]:
    return [(told.incident.page_of(a).responder, a.channel) for a in told.incident.attempts if not a.settled]


def is_well(told: Story) -> bool:
    sending = {(a.number, a.try_) for a in told.incident.attempts if not a.settled}
    return not findings(told.incident, sending, told.now)


def test_a_call_that_is_held_back_says_so_and_takes_the_free_ways_at_once() -> None:
    """Slack and e-mail, and the text behind the call, which will be held back by itself; the step goes on as ever."""
    told = claims(story("ann"), 1)
    assert told.incident.attempts[0].outcome is Outcome.CAPPED
    assert "Ann by voice on +1•••••••001: held back, today's spending cap of 20.00 is reached." in told.says
    assert planned(told) == [("ann", Channel.SLACK), ("ann", Channel.EMAIL), ("ann", Channel.SMS)]
    claims(told.calls(2), 4)
    assert (planned(told), told.incident.step, is_well(told)) == ([("ann", Channel.SLACK), ("ann", Channel.EMAIL)], 0, True)
    assert claims(told.fires(TimerKind.RUNG, 1), 5).incident.step == 0
    assert told.fires(TimerKind.STEP).incident.step == 1


def test_a_rung_that_comes_after_midnight_calls() -> None:
    """The next day is a new one."""
    told = claims(claims(story("ann"), 1).calls(2), 4).fires(TimerKind.RUNG, 1).calls(5)
    assert planned(told)[-1] == ("ann", Channel.VOICE)


def test_who_has_no_free_way_leaves_it_to_the_next_step_in_the_same_second() -> None:
    """Without an alarm: nobody is missing."""
    told = claims(story("bob"), 1, 2)
    assert "Ann has no way that costs nothing." in told.says
    assert (told.incident.step, planned(told), told.incident.alarmed) == (1, [("bob", Channel.VOICE)], frozenset())


def test_nobody_with_a_free_way_ends_at_the_last_resort_after_one_round() -> None:
    """Which is told by whatever it has, also by what costs money."""
    dear = replace(policy(step("ann"), step("bob"), rounds=9), last_resort=Step((target("lee"),)))
    told = claims(story(chosen=dear), 1, 2, 3, 4)
    assert (told.incident.status, planned(told)) == (Status.EXHAUSTED, [("lee", Channel.VOICE)])
    assert told.incident.page_of(told.incident.attempts[-1]).step == LAST_RESORT
    assert not claims(told, 5).incident.attempts[4].settled


def test_where_nobody_else_would_be_told_it_goes_out_all_the_same() -> None:
    """No free way, no last resort: an incident is not lost for money."""
    told = claims(story(chosen=replace(policy(step("ann")), last_resort=NOBODY)), 1)
    assert planned(told) == [("ann", Channel.VOICE)]


def test_a_free_way_that_leads_nowhere_rings_where_there_is_no_last_resort() -> None:
    """Slack does not know her, and her mailbox is gone."""
    told = claims(story("ann", chosen=replace(policy(step("ann")), last_resort=NOBODY)), 1, 4)
    for attempt in (2, 3):
        told.tell(ev.AttemptClaimed(attempt, 1), ev.AttemptFailed(attempt, 1, True, "nobody of that name"))
    number = len(told.incident.attempts)
    assert planned(claims(told, number)) == [("ann", Channel.VOICE)]


def test_a_ladder_of_one_call_is_not_lost_with_the_free_ways() -> None:
    """The one call was held back and so was none: when Slack and the mailbox turn out to be nothing, she is called after all."""
    once = policy(step("ann", ladder=(Rung(Channel.VOICE),)))
    told = claims(story("ann", chosen=replace(once, last_resort=NOBODY)), 1)
    for attempt in (2, 3):
        told.tell(ev.AttemptClaimed(attempt, 1), ev.AttemptFailed(attempt, 1, True, "nobody of that name"))
    assert planned(claims(told, len(told.incident.attempts))) == [("ann", Channel.VOICE)]


def test_the_ladder_goes_on_behind_a_call_that_is_held_back() -> None:
    """All free ways were used before it: the next rung has its time all the same."""
    voice, later = Rung(Channel.VOICE), Rung(Channel.VOICE, timedelta(minutes=2))
    told = story("ann", chosen=policy(step("ann", ladder=(Rung(Channel.SLACK), Rung(Channel.EMAIL), voice, later))))
    number = next(a.number for a in told.incident.attempts if a.channel is Channel.VOICE)
    assert claims(told, number).incident.timer(TimerKind.RUNG, 1)


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.CRITICAL])
def test_what_is_urgent_goes_out(severity: Severity) -> None:
    """Whatever it costs."""
    assert planned(claims(story("ann", severity=severity), 1)) == [("ann", Channel.VOICE)]


def test_a_rise_of_urgency_rings_at_once() -> None:
    """The warning became critical: from step 1, as ever."""
    told = claims(story("ann"), 1).tell(ev.Triggered(alert(severity=Severity.CRITICAL)))
    assert planned(claims(told, len(told.incident.attempts))) == [("ann", Channel.VOICE)]


def test_a_test_call_goes_out() -> None:
    """Else nobody would know whether the phones work."""
    test = replace(incident(severity=Severity.INFO), policy=replace(policy(step("ann")), test_number="+15550100009"))
    paged = story("ann").incident
    assert not may_be_held_back(replace(paged, policy=test.policy), paged.attempts[0], reading("ann"), story().now)


def never_holds_back_what_is_urgent(night: RandomNight, before: Incident, decision: Decision) -> None:
    """Nor a last resort; and whatever is held back, something will wake the incident."""
    now = decision.incident
    new = {a.number for a in before.attempts if a.outcome is Outcome.CAPPED}
    for attempt in (a for a in now.attempts if a.outcome is Outcome.CAPPED and a.number not in new):
        night.held_back += 1
        assert before.urgency(night.now) is Urgency.LOW, "high urgency was held back"
        assert attempt.channel in (Channel.VOICE, Channel.SMS), "what is free was held back"
        assert now.page_of(attempt).step != LAST_RESORT, "a last resort was held back"
    assert will_wake(now, bool(night.pending)), "nothing will wake it"


@settings(max_examples=100, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.randoms(use_true_random=False),
    st.sampled_from(
        [policy(), policy(step("ann", "bob"), step("lee"), rounds=2), replace(policy(step("ann")), last_resort=NOBODY)]
    ),
    st.decimals(0, 30, places=2),
    st.decimals(0, 3, places=3),
)
def test_by_whatever_amounts_and_nights_nothing_urgent_is_held_back(
    dice: Random, chosen: Policy, cap: Decimal, price: Decimal
) -> None:
    """A cap that is reached at once, in mid-night or never."""
    night = RandomNight(dice, chosen, never_holds_back_what_is_urgent)
    night.cap, night.price, night.roster = cap, price, dice.choice([reading("ann"), reading("ann", "bob", "lee"), roster()])
    night.run(100)


def test_the_nights_hold_something_back() -> None:
    """Else the promise above is kept for want of anything that could break it."""
    found = 0
    for seed in range(20):
        night = RandomNight(Random(seed), policy(), never_holds_back_what_is_urgent)
        night.cap = Decimal(0)
        found += night.run(60).held_back
    assert found
