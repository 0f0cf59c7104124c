"""Each process killed in turn, at rest and the only one of its kind, under a supervisor that starts it again as `escalation up` does: how
long until an alert is taken, and until the next page goes out. In seconds from the kill. What dies in the middle of a page is `chaos`'s."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from time import monotonic, monotonic_ns, sleep

import redis

from escalation.local.broker import client_url
from escalation.local.supervisor import CALM
from tests.bench import measures, people, stories, wire
from tests.bench.carrier import Carrier
from tests.bench.figures import Figures, medians
from tests.bench.stage import Site, answers_ping
from workers.queue_batch import EVENTS

PEOPLE = 400
PATIENCE = 60.0  # seconds
LOOK = 0.01
SOON = timedelta(seconds=1)  # a snooze that ends after the kill, before anybody looks at the time again


@dataclass(frozen=True, slots=True)
class Field:
    """The site, and who was not called yet: each page has a phone of its own."""

    site: Site
    carrier: Carrier
    fresh: Iterator[int]


Look = Callable[[Field, str], Figures]


def measure(site: Site, rounds: int, tell: Callable[[str], None], names: Sequence[str]) -> Figures:
    """`names` of what is killed, in that order."""
    field, killed = Field(site, Carrier(site.on.carrier), cycle(range(PEOPLE))), dict.fromkeys(names, 0.0)
    done: list[Figures] = []
    for number in range(rounds):
        tell(f"recovery: round {number + 1}")
        done.append({name: _strike(field, name, killed) for name in names})
    return {"medians": medians(done), "rounds": done}


def _strike(on: Field, name: str, killed: dict[str, float]) -> Figures:
    """When all is quiet; and what was killed lately first has to live for as long as the supervisor wants, or it would pause longer."""
    sleep(max(killed[name] + CALM + 5 - monotonic(), 0) if killed[name] else 0)
    measures.until(lambda: measures.is_quiet(on.site), PATIENCE)
    on.carrier.forget()
    killed[name] = monotonic()
    return LOOKS[name](on, name)


def _an_alert(on: Field, name: str) -> Figures:
    """Sent again and again from the kill on, until it is taken."""
    alert = measures.alert(next(on.fresh), f"recovery-{monotonic_ns()}")
    began = _kill(on, name)
    while not _is_taken(on.site, alert):
        assert (monotonic_ns() - began) / 1e9 < PATIENCE, f"no alert was taken after {name} was killed"
        sleep(LOOK)
    return {"accepted_s": _since(began), "page_s": _paged(on, began)}


def _a_timer(on: Field, name: str) -> Figures:
    """A snooze that ends while the only one who would notice is away."""
    stories.snoozed(on.site.system, next(on.fresh), SOON)
    began = _kill(on, name)
    return {"page_s": _paged(on, began)}


def _a_message(on: Field, name: str) -> Figures:
    """On the open queue, put there after the kill."""
    person = next(on.fresh)
    body = json.loads(people.alert(person, f"queue-{monotonic_ns()}")) | {"key": people.key(person)}
    began = _kill(on, name)
    with redis.Redis.from_url(client_url(on.site.on.broker)) as broker:
        broker.lpush(EVENTS, json.dumps(body))
    return {"page_s": _paged(on, began)}


def _an_answer(on: Field, name: str) -> Figures:
    """Chores page nobody: until the worker answers its broker."""
    alert, answers = measures.alert(next(on.fresh), f"recovery-{monotonic_ns()}"), answers_ping(on.site.on.broker, name)
    began = _kill(on, name)
    assert _is_taken(on.site, alert)
    paged = _paged(on, began)
    measures.until(answers, PATIENCE)
    return {"page_s": paged, "answers_s": _since(began)}


LOOKS: dict[str, Look] = {
    "nothing": _an_alert,
    "receiver": _an_alert,
    "pages": _an_alert,
    "chores": _an_answer,
    "timekeeper": _a_timer,
    "queue_intake": _a_message,
    "broker": _an_alert,
    "database": _an_alert,
}


def _kill(on: Field, name: str) -> int:
    """When (monotonic nanoseconds)."""
    if name != "nothing":
        on.site.kill(name)
    return monotonic_ns()


def _is_taken(site: Site, alert: tuple[bytes, dict[str, str]]) -> bool:
    try:
        return wire.once("POST", f"{site.url}/intake/native", *alert).status == 202
    except OSError:
        return False


def _paged(on: Field, began: int) -> float:
    return round((on.carrier.wait_for(1).at - began) / 1e9, 2)


def _since(began: int) -> float:
    return round((monotonic_ns() - began) / 1e9, 2)
