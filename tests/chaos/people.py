"""A site for the chaos run: each incident has a service, a primary and a backup of its own, so that no phone is busy with another page and
whoever was to be called is known by the incident's number. Habits of the primaries differ; every backup answers and presses 1."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tests.bench.people import key, number

STEP, RING = 20, 6  # seconds
NOBODY_YET = ({"habit": "ignores"}, {"habit": "busy"}, {"habit": "declines", "after": 1}, {"habit": "voicemail", "after": 2})
PRESSES_ONE = {"habit": "answers", "after": 1, "presses": ["1", "1", "1"], "wait": 0.5}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One incident to be: `answers` tells whether its primary will."""

    index: int
    answers: bool
    habit: dict[str, object]

    @property
    def primary(self) -> str:
        return number(2 * self.index)

    @property
    def backup(self) -> str:
        return number(2 * self.index + 1)

    @property
    def key(self) -> str:
        return key(self.index)

    def body(self) -> bytes:
        """Our own alert format; the key comes in a header."""
        said = {"version": 1, "action": "trigger", "dedup_key": f"trouble-{self.index}", "summary": f"trouble {self.index}"}
        return json.dumps(said | {"severity": "critical"}).encode()


def troubles(count: int, dice: random.Random) -> list[Trouble]:
    """Every third primary answers."""
    return [Trouble(index, index % 3 == 0, PRESSES_ONE if index % 3 == 0 else dice.choice(NOBODY_YET)) for index in range(count)]


def configuration(count: int) -> str:
    """The text of a configuration file."""
    step = {"by": ["voice"], "timeout": f"{STEP}s"}
    return json.dumps(
        {
            "allow_test_numbers": True,
            "people": {f"p{i}": {"phone": number(i)} for i in range(2 * count)},
            "services": {f"service {i}": {"policy": f"policy {i}", "keys": [key(i)]} for i in range(count)},
            "policies": {
                f"policy {i}": {
                    "ring": f"{RING}s",
                    "repeat": 5,
                    "steps": [step | {"page": f"p{2 * i}"}, step | {"page": f"p{2 * i + 1}"}],
                }
                for i in range(count)
            },
        }
    )
