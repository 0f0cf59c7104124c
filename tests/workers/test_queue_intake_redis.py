"""The open queue on a real Redis: foreign producers, crashes at every point, consumers at the same time, a restart in mid-work."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import monotonic

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalation.local.broker import client_url
from tests.processes import running_broker, until
from tests.workers.open_queue import Place, body, place
from workers.queue_batch import BATCH, Batch
from workers.queue_intake import Intake
from workers.queue_redis import RedisSource, connected

__all__ = ["place"]

EVENTS, REJECTED, TAKING = "incident-events", "incident-events.rejected", "incident-events.taking"


@pytest.fixture
def broker(redis_url: str) -> Iterator[redis.Redis]:
    """A foreign producer's connection."""
    with redis.Redis.from_url(client_url(redis_url)) as client:
        yield client


@pytest.fixture
def source(redis_url: str) -> Iterator[RedisSource]:
    made = RedisSource(redis_url)
    yield made
    made.close()


def keys(broker: redis.Redis) -> set[str]:
    return {key.decode() for key in broker.keys("incident-events*")}


def test_a_plain_lpush_of_json_opens_an_incident(place: Place, broker: redis.Redis, source: RedisSource) -> None:
    """No client library of ours, no envelope; and nothing of it stays behind."""
    broker.lpush(EVENTS, body("db-1"))
    place.drain(source)
    assert place.opened() == ["db-1 is down"]
    assert keys(broker) == {"incident-events.taker"}


def test_many_are_taken_in_batches_and_in_order(place: Place, broker: redis.Redis, source: RedisSource) -> None:
    """Bounded ones: what waits in one transaction waits for all of it."""
    for number in range(2 * BATCH + 5):
        broker.lpush(EVENTS, body(f"{number:03}"))
    sizes = []
    while taken := source.take(1):
        sizes.append(len(taken.messages))
        work = place.desk().read(taken)
        place.desk().settle(work)
        source.done(taken, work.rejected)
    assert sizes == [BATCH, BATCH, 5]
    assert place.opened() == [f"{number:03} is down" for number in range(2 * BATCH + 5)]


def test_a_batch_is_bounded_in_bytes_too(broker: redis.Redis, source: RedisSource) -> None:
    """Fifty large messages are not held in memory at once."""
    for _ in range(8):
        broker.lpush(EVENTS, b"x" * 1024 * 1024)
    taken = source.take(1)
    assert taken and len(taken.messages) == 4


def test_the_rejected_list_holds_reason_time_and_body(place: Place, broker: redis.Redis, source: RedisSource) -> None:
    """Text as text, the rest as base64, the newest at the left: a repaired body can be pushed again."""
    broker.lpush(EVENTS, b"disk full \xc3\xa4")
    broker.lpush(EVENTS, b"\xff\x00")
    place.drain(source)
    newest, oldest = (json.loads(note) for note in broker.lrange(REJECTED, 0, -1))
    assert oldest == {
        "reason": "JSON parse error: line 1 column 1",
        "at": place.office.clock.now().isoformat(),
        "body": "disk full ä",
    }
    assert base64.b64decode(newest["body_base64"]) == b"\xff\x00"


def test_a_body_of_many_megabytes_is_rejected_whole(place: Place, broker: redis.Redis, source: RedisSource) -> None:
    """Too large is no reason to lose it, or to stop."""
    broker.lpush(EVENTS, b"x" * 20_000_000, body("db-1"))
    place.drain(source)
    assert len(json.loads(broker.lindex(REJECTED, 0))["body"]) == 20_000_000
    assert place.opened() == ["db-1 is down"]


class Died(Exception):
    """In place of SIGKILL."""


class Lives:
    """Ends a client at its nth conversation with the server: before its words leave, or after the server did as told."""

    def __init__(self, source: RedisSource, number: int, is_after: bool) -> None:
        self.talks = count(1)
        pool = source._redis.connection_pool
        lives = self

        class Mortal(pool.connection_class):  # type: ignore[misc,name-defined]
            def send_packed_command(self, command: object, check_health: bool = True) -> None:
                if not is_after and next(lives.talks) == number:
                    raise Died
                super().send_packed_command(command, check_health)

            def read_response(self, *args: object, **how: object) -> object:
                said = super().read_response(*args, **how)
                if is_after and next(lives.talks) == number:
                    raise Died
                return said

        pool.connection_class = Mortal


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_dying_at_any_point_loses_nothing_and_opens_nothing_twice(
    place: Place, broker: redis.Redis, redis_url: str, is_after: bool
) -> None:
    """Every single exchange with the server is once the last one. The next consumer finds what is left and ends it."""
    survived = False
    for number in count(1):
        first, second, last = (f"{number}-{n}" for n in range(3))
        sent = [body(first), b"broken", body(None, summary=second), body(first), body(first, action="resolve"), body(last)]
        for one in sent:
            broker.lpush(EVENTS, one)
        mortal = RedisSource(redis_url)
        Lives(mortal, number, is_after)
        try:
            place.drain(mortal)
            survived = True
        except Died:
            pass
        broker.delete("incident-events.taker")  # its three seconds are over
        heir = RedisSource(redis_url)
        place.drain(heir)
        heir.close()
        opened = [summary for summary in place.opened() if summary.startswith(f"{number}-")]
        assert sorted(opened) == sorted([f"{first} is down", second, f"{last} is down"])
        assert place.received()[f"{first} is down"] == 2  # the resolve is no report
        assert broker.llen(REJECTED) == number
        assert keys(broker) == {REJECTED}
        if survived:
            break
    assert number > 12  # else nobody died


class Crowd:
    """Three consumers whose steps can be mixed at will, and what their transactions wrote: a message for each identity."""

    def __init__(self, url: str, broker: redis.Redis) -> None:
        self.broker = broker
        self.sources = [RedisSource(url) for _ in range(3)]
        self.seen: list[Batch | None] = [None] * 3
        self.inbox: dict[str, bytes] = {}
        self.pushed = 0

    def push(self, _who: int) -> None:
        self.broker.lpush(EVENTS, str(self.pushed))
        self.pushed += 1

    def move(self, who: int) -> None:
        if self.broker.llen(EVENTS):
            self.sources[who]._move(1)

    def name(self, who: int) -> None:
        self.sources[who]._name()

    def look(self, who: int) -> None:
        found = self.sources[who]._look()
        self.seen[who] = found.batch if found.key else None

    def commit(self, who: int) -> None:
        for message in self.seen[who].messages if self.seen[who] else ():
            assert self.inbox.setdefault(message.delivery, message.body) == message.body

    def done(self, who: int) -> None:
        self.commit(who)
        if batch := self.seen[who]:
            self.sources[who].done(batch, [])
        self.seen[who] = None

    def end(self) -> None:
        """One of them goes on alone."""
        while self.broker.llen(EVENTS) + self.broker.llen(TAKING):
            self.seen[0] = self.sources[0].take(1)
            self.done(0)
        for one in self.sources:
            one.close()


STEPS = [Crowd.push, Crowd.push, Crowd.move, Crowd.name, Crowd.look, Crowd.commit, Crowd.done]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_consumers_that_get_in_each_others_way_take_each_message_once(
    redis_url: str, broker: redis.Redis, steps: list[tuple[Callable[[Crowd, int], None], int]]
) -> None:
    """However their steps interleave, as if each froze between any two: an identity is the same message for ever, and each message
    has one. (Turns are not asked for here: safety must not hang on a clock.)"""
    broker.flushdb()
    crowd = Crowd(redis_url, broker)
    for step, who in steps:
        step(crowd, who)
    crowd.end()
    assert sorted(crowd.inbox.values(), key=int) == [str(n).encode() for n in range(crowd.pushed)]


def test_a_consumer_that_comes_late_removes_nothing_of_the_next_batch(broker: redis.Redis, redis_url: str) -> None:
    """Frozen between commit and removal, while another one ended the batch and has taken more."""
    late, early = RedisSource(redis_url), RedisSource(redis_url)
    broker.lpush(EVENTS, body("db-1"))
    late.take(1)
    done = early._look().batch
    early.done(done, [])
    broker.lpush(EVENTS, body("db-2"))
    early._move(1)
    late.done(done, [])
    broker.delete("incident-events.taker")
    left = early.take(1)
    assert left and [message.body for message in left.messages] == [body("db-2")]
    early.close()


def test_more_than_a_batch_that_was_left_behind_is_taken_oldest_first(
    place: Place, broker: redis.Redis, source: RedisSource
) -> None:
    """Several consumers may have taken and died."""
    for number in range(BATCH + 10):
        broker.lpush(TAKING, body(f"{number:03}"))
    place.drain(source)
    assert place.opened() == [f"{number:03} is down" for number in range(BATCH + 10)]


def test_a_second_consumer_stands_by_and_goes_on_when_the_first_has_ended(broker: redis.Redis, redis_url: str) -> None:
    """One works, so that the others do not do the same work; it hands over at once when it ends in peace."""
    first, second = RedisSource(redis_url), RedisSource(redis_url)
    assert first.take(1) is None
    broker.lpush(EVENTS, body("db-1"))
    assert second.take(0.01) is None
    first.close()
    assert second.take(1)
    second.close()


def test_a_second_consumer_goes_on_seconds_after_the_first_was_killed(broker: redis.Redis, redis_url: str) -> None:
    """And begins with what the first one had taken."""
    first, second = RedisSource(redis_url), RedisSource(redis_url)
    broker.lpush(EVENTS, body("db-1"))
    left = first.take(1)
    began = monotonic()
    assert until(lambda: second.take(0.05) == left, 6)
    assert monotonic() - began < 5
    second.close()


@pytest.mark.slow
def test_a_restart_of_the_broker_in_mid_work_loses_nothing(place: Place, tmp_path: Path) -> None:
    """It reconnects by itself; the batch that was committed when the broker died is seen before."""
    with running_broker(tmp_path) as (supervisor, broker):
        stopped = threading.Event()
        intake = Intake(place.desk(), place.store, lambda: RedisSource(broker.url), stopped)
        taking = threading.Thread(target=intake.run)
        taking.start()
        try:
            with redis.Redis.from_url(client_url(broker.url)) as client:
                for number in range(2):
                    client.lpush(EVENTS, *(body(f"{number}-{n}") for n in range(30)))
                    pid = supervisor.pid("broker")
                    assert pid
                    os.kill(pid, signal.SIGKILL)
                    assert until(lambda was=pid: supervisor.pid("broker") not in (None, was) and broker.answers())
                assert until(lambda: len(place.opened()) == 60)
                assert until(lambda: client.keys("incident-events*") == [b"incident-events.taker"])
        finally:
            stopped.set()
            taking.join(10)
        assert set(place.received().values()) == {1}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis+socket:///run/x.sock?virtual_host=2", {"path": "/run/x.sock", "db": 2}),
        ("redis+socket:///run/x.sock", {"path": "/run/x.sock", "db": 0}),
        ("redis://:word@host:7000/3", {"host": "host", "port": 7000, "db": 3, "password": "word"}),
        ("rediss://host/0?ssl_cert_reqs=CERT_NONE", {"host": "host", "ssl_cert_reqs": "NONE"}),
    ],
)
def test_a_broker_url_in_kombus_words_is_the_same_place(url: str, says: dict[str, object]) -> None:
    """One setting for both clients."""
    assert says.items() <= connected(url).connection_pool.connection_kwargs.items()
