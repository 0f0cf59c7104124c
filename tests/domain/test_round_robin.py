"""Round robin: whose turn it is, and that it is fair."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from escalation.briefing import whats_next
from escalation.domain import events as ev
from escalation.domain.incident import LAST_RESORT, Status, TimerKind, Via
from escalation.domain.overrides import Absence
from escalation.domain.policy import Policy, Step
from escalation.domain.roster import Roster
from escalation.domain.round_robin import MOST_IN_TURN, in_order, name_of, with_turns
from tests.builders import NIGHT, incident, person, policy, roster, step, target
from tests.domain.story import Story

HOUR = timedelta(hours=1)


def rotating(*targets: str, until_answered: bool = False) -> Step:
    return replace(step(), round_robin=tuple(map(target, targets)), until_answered=until_answered)


def opened(chosen: Policy, turn: int, people: Roster | None = None) -> Story:
    """The n-th incident."""
    known = people or roster()
    return Story(incident(with_turns(chosen, known, lambda _: turn)), known)


def paged(story: Story) -> list[str]:
    return [p.responder for p in story.incident.pages if p.step != LAST_RESORT]


def away(*handles: str) -> Roster:
    return replace(roster(), absences=tuple(Absence(h, NIGHT - HOUR, NIGHT + HOUR) for h in handles))


def test_each_new_incident_is_the_next_ones() -> None:
    """A team, and beside it whoever the step pages always."""
    step_ = replace(rotating("team:payments"), targets=(target("slack:#incidents"),))
    told = [paged(opened(policy(step_), n)) for n in (1, 2, 3, 4)]
    assert told == [["slack:#incidents", who] for who in ("ann", "bob", "lee", "ann")]


def test_whoever_is_away_or_cannot_be_reached_is_passed_over() -> None:
    """It is found out when the step begins, not when the turn was counted."""
    assert paged(opened(policy(rotating("ann", "bob", "lee")), 1, away("ann"))) == ["bob"]
    mute = replace(roster(), people={**roster().people, "bob": replace(person("bob"), contacts=())})
    assert paged(opened(policy(rotating("bob", "lee")), 1, mute)) == ["lee"]


def test_a_round_robin_of_nobody_is_a_dead_end() -> None:
    """Complaint 10: skipped in the same second, and loudly."""
    story = opened(policy(rotating("ann"), step("bob")), 1, away("ann"))
    assert paged(story) == ["bob"]
    assert "step 1 empty" in story.incident.alarmed


def test_until_answered_goes_through_the_others_in_their_order() -> None:
    """Bob has the turn; Lee and Ann follow, each for the step's time; the brief knows who is next."""
    story = opened(policy(rotating("team:payments", until_answered=True)), 2)
    for n, following in ((1, "Lee"), (2, "Ann"), (3, "nobody")):
        story.calls(len(story.incident.attempts)).ends(len(story.incident.attempts))
        assert whats_next(story.incident, story.roster, story.now).startswith(following), n
        story.fires(TimerKind.STEP)
    assert paged(story) == ["bob", "lee", "ann"]
    assert story.incident.status is Status.EXHAUSTED


def test_until_answered_asks_nobody_twice_where_somebody_is_away() -> None:
    """The place that is left over is passed over, and no hole."""
    story = opened(policy(rotating("team:payments", until_answered=True), step("bob")), 1, away("lee"))
    story.calls(1).fires(TimerKind.STEP)
    story.calls(len(story.incident.attempts)).fires(TimerKind.STEP)
    assert paged(story) == ["ann", "bob", "bob"]
    assert "Step 3 of 4 is passed over: everybody who is there had their turn." in story.says
    assert not story.incident.alarmed


def test_a_declined_turn_goes_to_the_next_at_once() -> None:
    """Key 3: where the step goes on until somebody answers."""
    story = opened(policy(rotating("ann", "bob", until_answered=True)), 1)
    story.calls(1).tell(ev.AttemptAnswered(1, 1, "call"), ev.Declined("ann", Via.PHONE, 1))
    assert paged(story) == ["ann", "bob"]


def test_whoever_rings_keeps_the_turn_when_the_team_changes() -> None:
    """A colleague was added in mid-step: Bob's phone goes on. When he falls ill, the next is called at once."""
    story = opened(policy(rotating("team:payments")), 2)
    story.roster = replace(story.roster, teams={"payments": ("lee", "ann", "bob")})
    story.calls(1).tell(ev.RosterChanged())
    assert paged(story) == ["bob"]
    story.roster = replace(story.roster, absences=away("bob").absences)
    story.tell(ev.RosterChanged())
    assert [p.responder for p in story.incident.pages if not p.closed] == ["ann"]


def test_the_same_list_has_one_name_wherever_it_stands_and_another_list_another() -> None:
    """It is the key of a row: short, and without a name in it."""
    assert name_of(rotating("ann", "bob")) == name_of(replace(rotating("ann", "bob", until_answered=True), timeout=HOUR))
    assert name_of(rotating("ann", "bob")) != name_of(rotating("bob", "ann"))
    assert len(name_of(rotating("team:" + "x" * 60))) <= 64


def test_a_policy_without_a_round_robin_takes_no_turn() -> None:
    """Nor a row's lock."""
    assert with_turns(policy(), roster(), lambda _: 1 // 0) == policy()


def test_a_large_team_does_not_swell_every_incident() -> None:
    """The policy is copied into each."""
    people = {f"p{n}": person(f"p{n}", phone="+15550100001") for n in range(200)}
    big = Roster(people, {"all": tuple(people)})
    assert len(with_turns(policy(rotating("team:all", until_answered=True)), big, lambda _: 5).steps) == MOST_IN_TURN


@given(st.integers(1, 7), st.data())
def test_turns_are_fair_whoever_is_away(size: int, data: st.DataObject) -> None:
    """Over whole laps everybody who is there has as many turns as another, who is away has none; and
    the order is always a rotation of the list."""
    people = {f"p{n}": person(f"p{n}", phone="+15550100001") for n in range(size)}
    gone = data.draw(st.sets(st.sampled_from(list(people)), max_size=size - 1))
    known = Roster(people, absences=tuple(Absence(h, NIGHT - HOUR, NIGHT + HOUR) for h in gone))
    there = [h for h in people if h not in gone]
    turns = count(data.draw(st.integers(0, 3)) * size * len(there) + 1)
    had: Counter[str] = Counter()
    for _ in range(size * len(there)):
        order = [p.handle for p in in_order(replace(rotating(*people), turn=next(turns)), known, NIGHT)]
        begin = there.index(order[0])
        assert order == there[begin:] + there[:begin]
        had[order[0]] += 1
    assert set(had) == set(there)
    assert max(had.values()) == min(had.values())
