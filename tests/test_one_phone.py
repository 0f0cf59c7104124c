"""Never twice on one phone at the same moment, whichever incidents page it: with the real store, engine and dispatch, and the calls as
the sandbox has them, from the dialling to the end. Not the deaths (`crashes`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from random import Random

import pytest

from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.sandbox import Habit
from escalation.sandbox.calls import Call
from tests.builders import policy, step
from tests.crashes.night import CrashNight, Post, Script, clear
from tests.crashes.promises import NAMED, name

CALL_TEXT = (Rung(Channel.VOICE), Rung(Channel.SMS))
NEVER = float("inf")
RINGS_FOR_20_S = Habit("ignores", after=20)
HABITS = (
    RINGS_FOR_20_S,
    Habit("manual"),
    Habit("declines"),
    Habit("voicemail", hangs_up=9),
    Habit("answers", hangs_up=3),
    Habit("answers", presses=("1",)),
)
Make = Callable[[Script], CrashNight]


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.close()
    clear()


@pytest.fixture
def begin(post: Post) -> Iterator[Make]:
    """Nights, ended with the test."""
    nights: list[CrashNight] = []

    def begun(script: Script) -> CrashNight:
        nights.append(CrashNight(script, post))
        return nights[-1]

    yield begun
    for night in nights:
        night.close()


def test_a_second_incidents_call_waits_for_the_first_ones_and_its_text_does_not(begin: Make) -> None:
    """Ann's phone rings for db-1; web-1 writes to her meanwhile and calls her when that call is over."""
    night = begin(_for_ann([RINGS_FOR_20_S], [0, 5]))
    night.play_on(minutes=0.25)
    assert [name(call) for call in night.world.calls] == ["1-1-1"]
    assert not night.world.calls[0].is_over
    assert "2-2-1" in _texts(night)
    assert "Waiting to call Ann" in night.story_of(2)
    night.play_on(minutes=0.5)
    first, second = night.world.calls[:2]
    assert name(second) == "2-1-1"
    assert 0 <= second.requested_at - (first.ended_at or 0) <= 3


def test_a_redial_waits_for_another_incidents_call(begin: Make) -> None:
    """Nobody knows what became of db-1's call. We were away until it could no longer be alive, and the call that waited for it goes
    first: the second try waits in its turn."""
    night = begin(_for_ann([RINGS_FOR_20_S], [0, 5]))
    night.world.faults.timeout("POST Call")
    night.play_on(minutes=0.2)
    assert not night.world.calls
    night.down = timedelta(minutes=7)
    night.die()
    night.play_on(minutes=7.25)
    assert [name(call) for call in night.world.calls] == ["2-1-1"]
    night.play_on(minutes=0.5)
    first, second = night.world.calls[:2]
    assert name(second) == "1-1-2"
    assert 0 <= second.requested_at - (first.ended_at or 0) <= 3


@pytest.mark.parametrize("seed", range(12))
def test_no_phone_has_two_calls_whatever_becomes_of_them(seed: int, begin: Make) -> None:
    """Up to four incidents, people of any habit, calls refused, lost and lost sight of, and pauses of the workers."""
    dice = Random(seed)
    alerts = [dice.choice((0, 0, 3, 20, 70, 200)) for _ in range(dice.randint(2, 4))]
    night = begin(_for_ann(dice.choices(HABITS, k=4), alerts))
    for _ in range(20):
        _happens(night, dice)
        night.play_on(minutes=dice.choice((1, 4, 12, 40)) / 60)
    night.workers_live = True
    night.play_on(minutes=5)
    assert len({_attempt(call) for call in night.world.calls}) > 1
    assert not _together(night)


def _happens(night: CrashNight, dice: Random) -> None:
    """One thing of what can go wrong, or nothing."""
    faults = night.world.faults
    what: Sequence[Callable[[], object]] = (
        lambda: None,
        lambda: faults.timeout("POST Call", accept=True),
        lambda: faults.timeout("POST Call"),
        lambda: faults.answer(429, "POST Call"),
        lambda: faults.delay("Hangup", by=dice.choice((3, 30))),
        lambda: setattr(night, "workers_live", not night.workers_live),
    )
    dice.choice(what)()


def _for_ann(habits: list[Habit], alerts: Sequence[float]) -> Script:
    """An incident for each of the alerts (seconds), and all of them page Ann."""
    chosen = policy(step("ann", minutes=20, ladder=CALL_TEXT))
    return Script(chosen, {"ann": habits}, [(at, f"db-{n}", "trigger") for n, at in enumerate(alerts)])


def _texts(night: CrashNight) -> set[str]:
    found = (NAMED.search(m.callback.url) for m in night.world.texting.messages if m.direction == "outbound")
    return {"-".join(match.groups()) for match in found if match}


def _together(night: CrashNight) -> list[str]:
    """Pairs of calls that were on one phone at the same moment, but for a redial whose first try was in doubt."""
    dialled = [call for call in night.world.calls if call.dialled_at is not None]
    pairs = [pair for pair in combinations(dialled, 2) if pair[0].to == pair[1].to and _overlap(*pair)]
    return [f"{name(one)} and {name(other)}" for one, other in pairs if not _is_redial(night, one, other)]


def _overlap(one: Call, other: Call) -> bool:
    begins = max(one.dialled_at or 0, other.dialled_at or 0)
    return begins < min(one.ended_at or NEVER, other.ended_at or NEVER)


def _is_redial(night: CrashNight, one: Call, other: Call) -> bool:
    return _attempt(one) == _attempt(other) and night.fate.may_double[_attempt(one)] > 0


def _attempt(call: Call) -> tuple[int, int]:
    incident, attempt, _ = name(call).split("-")
    return int(incident), int(attempt)
