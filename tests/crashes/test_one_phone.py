"""Never twice on one phone at the same moment, whichever incidents page it: calls as the sandbox has them, from the dialling to the end.
Not what becomes of a night that is struck at any boundary (`test_random_nights`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.sandbox import Habit
from tests.builders import policy, step
from tests.crashes.night import CrashNight, Post, Script
from tests.crashes.promises import NAMED, name, never_two_calls_on_one_phone

CALL_TEXT = (Rung(Channel.VOICE), Rung(Channel.SMS))
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


def test_a_second_incident_joins_the_first_ones_call(begin: Make) -> None:
    """Ann's phone rings for db-1; web-1 needs no call of its own, and when nobody answered both go on."""
    night = begin(_for_ann([RINGS_FOR_20_S], [0, 5]))
    night.play_on(minutes=0.25)
    assert [name(call) for call in night.world.calls] == ["1-1-1"]
    assert not night.world.calls[0].is_over
    assert "Joined the call to Ann that is under way for INC-1" in night.story_of(2)
    night.play_on(minutes=0.5)
    assert [name(call) for call in night.world.calls] == ["1-1-1"]
    assert len({"1-2-1", "2-2-1"} & _texts(night)) == 1
    assert "Told in the text to Ann" in night.story_of(1) + night.story_of(2)


def test_a_redial_speaks_for_whoever_had_joined_the_first_request(begin: Make) -> None:
    """Nobody knows what became of db-1's call, and web-1 had joined it: the second try is for both."""
    night = begin(_for_ann([RINGS_FOR_20_S, Habit("answers", presses=("1",))], [0, 5]))
    night.world.faults.timeout("POST Call")
    night.play_on(minutes=0.2)
    assert not night.world.calls
    night.play_on(minutes=1)
    assert [name(call) for call in night.world.calls] == ["1-1-2"]
    assert "Joined the call to Ann" in night.story_of(2)


def test_a_call_whose_hang_up_is_refused_keeps_the_phone_as_long_as_it_rings(begin: Make) -> None:
    """db-0 is over after six seconds, and the carrier takes no hang-up for eight more: db-1 must not ring into it."""
    script = _for_ann([RINGS_FOR_20_S], [])
    script = replace(script, alerts=[(0, "db-0", "trigger"), (6, "db-0", "resolve"), (9, "db-1", "trigger")])
    night = begin(script)
    for what in ("DELETE Call", "DELETE Request"):
        night.world.faults.answer(503, what, times=4)
    night.play_on(minutes=1)
    first, second = night.world.calls[:2]
    assert [name(call) for call in (first, second)] == ["1-1-1", "2-1-1"]
    assert 12 <= (first.ended_at or 0) - first.requested_at <= 16
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
    assert night.world.calls
    assert not list(never_two_calls_on_one_phone(night))


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
