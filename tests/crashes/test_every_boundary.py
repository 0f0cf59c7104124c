"""The scripted nights, stopped at every boundary there is: everything of ours dies there, nothing in memory is kept, five seconds later
it starts again. Whatever died, the night comes to its end and every promise holds."""

from __future__ import annotations

from functools import cache

import pytest

from tests.crashes.boundaries import Fate
from tests.crashes.night import CrashNight, Post
from tests.crashes.promises import broken, replaying_changes
from tests.crashes.scripts import NIGHTS, Scripted

CHUNKS = [(name, chunk) for name, scripted in NIGHTS.items() for chunk in range(scripted.chunks)]


@cache
def boundaries(name: str, post: Post) -> int:
    """How many there are, from the night as it goes when nothing dies."""
    night = CrashNight(NIGHTS[name].script, post).play()
    count = len(night.fate.passed)
    assert NIGHTS[name].ending.missed(night) + broken(night) + replaying_changes(night) == []
    night.close()
    return count


def wrong(scripted: Scripted, post: Post, fate: Fate) -> list[str]:
    night = CrashNight(scripted.script, post, fate)
    try:
        night.play()
        faults = scripted.ending.missed(night) + broken(night) + replaying_changes(night)
        return [*faults, night.story()] if faults else []
    finally:
        night.close()


@pytest.mark.parametrize(("name", "chunk"), CHUNKS)
def test_whatever_dies_the_night_ends_as_it_must(name: str, chunk: int, post: Post) -> None:
    """Nobody is forgotten, nobody is called in vain, nobody twice but inside one request."""
    scripted, count = NIGHTS[name], boundaries(name, post)
    for number in range(chunk + 1, count + 1, scripted.chunks):
        fate = Fate(lambda n, _, number=number: n == number)  # type: ignore[misc]
        faults = wrong(scripted, post, fate)
        assert not faults, f"{name}, dead at {fate.deaths}:\n" + "\n".join(faults)
        assert len(fate.deaths) == 1


def test_the_boundaries_are_where_they_are_said_to_be(post: Post) -> None:
    """Each kind is there: were a wrapper taken out, the nights above would pass without having died there."""
    names = set()
    for scripted in NIGHTS.values():
        fate = Fate()
        CrashNight(scripted.script, post, fate).play().close()
        names |= {name.partition(" (")[0] for name in fate.passed}
    assert {"before commit", "after commit", "before nudge", "after nudge", "before request POST Call", "voice was answered",
            "request POST Call was sent, before its answer", "before request POST Message", "sms was answered",
            "before request DELETE Call", "before sending by slack", "slack was answered", "before sending by email",
            "before editing", "after editing", "before leaving a message", "after hanging up"} <= names  # fmt: skip
