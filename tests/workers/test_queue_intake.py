"""The open queue's desk and its loop: what becomes of messages, and that no trouble of broker or database loses one."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.alert import Alert
from escalation.engine import Taken
from escalation.errors import BadSettings
from escalation.intake.reading import MAX_BODY
from tests.workers.open_queue import Place, body, place
from workers.queue_batch import BATCH, Batch, Message, Rejected
from workers.queue_intake import Desk, Intake, source_at

__all__ = ["place"]


def batch(*bodies: bytes, name: str = "one") -> Batch:
    return Batch(name, tuple(Message(b, f"{name}-{i}", f"{name}-{i}") for i, b in enumerate(bodies)))


def settled(place: Place, one: Batch) -> dict[int, str]:
    """Reasons of what was rejected, by number."""
    work = place.desk().read(one)
    place.desk().settle(work)
    return {r.number: r.reason for r in work.rejected}


@dataclass
class Box:
    """A source in memory. `faults` are raised by the next calls of `take`."""

    waiting: list[Batch] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    finished: list[tuple[str, tuple[Rejected, ...]]] = field(default_factory=list)
    kept: int = 0
    closed: int = 0
    then: threading.Event = field(default_factory=threading.Event)

    def take(self, seconds: float) -> Batch | None:
        if self.faults:
            raise self.faults.pop(0)
        return self.waiting[0] if self.waiting else None

    def done(self, batch: Batch, rejected: Sequence[Rejected]) -> None:
        self.finished.append((self.waiting.pop(0).name, tuple(rejected)))

    def keep(self) -> None:
        self.kept += 1
        self.then.set()

    def close(self) -> None:
        self.closed += 1


UNREADABLE = {
    "not JSON": (b"disk full", "JSON parse error"),
    "empty": (b"", "JSON parse error"),
    "not UTF-8": (b"\xff\xfe\x00", "not UTF-8"),
    "not an object": (b"[1, 2]", "not a JSON object"),
    "too large": (body(details={"x": "y" * MAX_BODY}), "longer than"),
    "too deep": (b'{"details":' * 40_000, "JSON parse error"),
    "of a future version": (body(version=2), "'version' must be 1"),
    "without a summary": (body(summary=None), "'summary' is missing"),
    "without a key": (body(key=None), "'key' is missing"),
    "a resolve of nothing": (body("", action="resolve"), "'dedup_key' is missing"),
    "an unknown action": (body(action="explode"), "'action' must be one of"),
    "an unknown key": (body(key="x" * 32), "the intake key belongs to no service"),
}


@pytest.mark.parametrize("unusable", UNREADABLE)
def test_what_cannot_be_used_is_rejected_with_the_reason_and_spoils_nothing(place: Place, unusable: str) -> None:
    """Those before and after it in the batch open their incidents; the reason names the fault and quotes no key."""
    wrong, reason = UNREADABLE[unusable]
    rejected = settled(place, batch(body("db-1"), wrong, body("db-2")))
    assert list(rejected) == [1]
    assert reason in rejected[1]
    assert "x" * 32 not in rejected[1]
    assert place.opened() == ["db-1 is down", "db-2 is down"]
    assert place.queries.counters()["rejected_event"] == 1


def test_every_fault_of_a_message_is_told_at_once(place: Place) -> None:
    """Whoever repairs a producer does it once."""
    (reason,) = settled(place, batch(body(key=None, summary=None, version=7))).values()
    assert [word for word in ("'version'", "'key'", "'summary'") if word not in reason] == []


def test_an_unknown_key_is_counted_as_one_too(place: Place) -> None:
    """A typo in a key is a lost page, so it has a counter of its own, as over HTTP."""
    settled(place, batch(body(key="y" * 32), b"{}"))
    assert {"rejected_event": 2, "unknown_key": 1}.items() <= place.queries.counters().items()


@given(
    st.lists(
        st.one_of(st.binary(), st.builds(body, st.text()), st.recursive(st.integers(), st.lists).map(json.dumps)), max_size=5
    )
)
def test_each_message_is_read_or_rejected_whatever_is_in_it(bodies: list[bytes | str]) -> None:
    """Exactly one of both, in order, without an exception."""
    some = batch(*(b.encode() if isinstance(b, str) else b for b in bodies))
    work = Desk(None, None, lambda: None).read(some)  # type: ignore[arg-type]
    read, refused = [number for number, _ in work.left], [r.number for r in work.rejected]
    assert sorted(read + refused) == list(range(len(bodies)))
    assert read == sorted(read)


def test_a_batch_that_is_taken_again_changes_nothing(place: Place) -> None:
    """A crash between commit and acknowledgement: not a second incident, not even one more on the count."""
    again = batch(body("db-1"), body("db-1"), body(dedup_key=None, summary="nameless"))
    for _ in range(2):
        settled(place, again)
    assert place.received() == {"db-1 is down": 2, "nameless": 1}


def test_triggers_without_dedup_key_are_troubles_of_their_own(place: Place) -> None:
    """Two of them in the same words are two, as over HTTP."""
    settled(place, batch(body(dedup_key=None, summary="odd"), body(dedup_key=None, summary="odd")))
    assert place.opened() == ["odd", "odd"]


def test_a_trigger_and_its_resolve_in_one_batch_are_taken_in_order(place: Place) -> None:
    """Nobody's phone rings for what is over."""
    settled(place, batch(body("db-1"), body("db-1", action="resolve")))
    assert len(place.queries.incidents()) == 0
    assert place.opened() == ["db-1 is down"]


class Broken:
    """An engine that stumbles over one trouble in a way that nobody foresaw."""

    def __init__(self, place: Place, fault: Exception) -> None:
        self._engine, self._fault = place.engine, fault

    def take(self, alerts: Sequence[Alert]) -> tuple[Taken, ...]:
        if any(a.dedup_key == "odd" for a in alerts):
            raise self._fault
        return self._engine.take(alerts)


@pytest.mark.parametrize("fault", [RuntimeError("+15550100001"), MemoryError(), RecursionError("deep")])
def test_a_message_that_breaks_the_engine_is_rejected_alone(place: Place, fault: Exception) -> None:
    """Without the exception's words, which may hold what was sent."""
    desk = Desk(Broken(place, fault), place.store, place.office.clock.now)  # type: ignore[arg-type]
    work = desk.read(batch(body("db-1"), body("odd"), body("db-2")))
    desk.settle(work)
    assert [(r.number, r.reason) for r in work.rejected] == [(1, f"could not be taken ({type(fault).__name__})")]
    assert place.opened() == ["db-1 is down", "db-2 is down"]


@pytest.mark.parametrize("after", range(6))
def test_a_database_that_goes_away_at_any_point_is_waited_for(place: Place, after: int) -> None:
    """What was committed before stays done, what was not is taken afterwards, in order; nothing is counted twice."""
    box = Box([batch(body("db-1"), body("db-2", key="x" * 32), body("db-3")), batch(body("db-4"), name="two")])
    intake = place.intake(box)
    place.store.away_after = after
    taking = threading.Thread(target=lambda: [intake.look() for _ in range(2)])
    taking.start()
    if after < 5:  # transactions of the first batch: all, three single ones, the counters
        assert box.then.wait(10)
        assert box.finished == []
    place.store.away_after = None
    taking.join(10)
    assert place.opened() == ["db-1 is down", "db-3 is down", "db-4 is down"]
    assert set(place.received().values()) == {1}
    assert place.queries.counters()["rejected_event"] == 1
    assert [len(rejected) for _, rejected in box.finished] == [1, 0]


def test_told_to_end_while_the_database_is_away_it_leaves_the_batch_to_the_next_one(place: Place) -> None:
    """Nothing is acknowledged; the connection is given back."""
    box, stopped = Box([batch(body("db-1"))]), threading.Event()
    intake = place.intake(box, stopped)
    place.store.away_after = 0
    running = threading.Thread(target=intake.run)
    running.start()
    assert box.then.wait(10)
    stopped.set()
    running.join(10)
    assert not running.is_alive()
    assert (box.finished, box.closed) == ([], 1)


def test_a_broker_that_fails_is_left_and_connected_to_anew(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the client raises; its words, which may hold a password, are in no log; an outage is told once."""
    box = Box([batch(body("db-1"))], [ConnectionError("redis://:secret@host"), ValueError("secret"), OSError("secret")])
    intake = place.intake(box)
    assert [intake.look() for _ in range(4)] == [False, False, False, True]
    assert (place.opened(), box.closed) == (["db-1 is down"], 3)
    assert caplog.text.count("the queue fails: ConnectionError") == 1
    assert "secret" not in caplog.text


def test_a_broker_that_cannot_be_reached_at_first_is_tried_again(place: Place) -> None:
    """Started before its broker it neither ends nor needs a restart."""
    box, doors = Box([batch(body("db-1"))]), iter([OSError(), None])

    def connect() -> Box:
        if fault := next(doors):
            raise fault
        return box

    intake = Intake(place.desk(), place.store, connect, threading.Event())
    assert [intake.look() for _ in range(2)] == [False, True]
    assert place.opened() == ["db-1 is down"]


def test_it_beats_after_a_look_at_the_broker_and_not_without_one(place: Place) -> None:
    """What beats takes messages, or would if there were any."""
    intake = place.intake(Box(faults=[OSError()]))
    intake.look()
    assert place.queries.heartbeats() == {}
    intake.look()
    assert list(place.queries.heartbeats()) == ["queue intake"]


def test_a_heartbeat_that_cannot_be_written_costs_no_connection(place: Place) -> None:
    """The database away with nothing to take: the broker has nothing to do with it."""
    place.store.away_after = 0
    box = Box()
    assert place.intake(box).look()
    assert box.closed == 0


class Pauses(threading.Event):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return False


def test_behind_a_full_batch_other_writers_get_a_moment(place: Place) -> None:
    """A key press must not lose against a backlog; a few messages cost nobody a pause."""
    full = [body("db-1")] * BATCH
    pauses, box = Pauses(), Box([batch(*full), batch(*full[1:], name="two")])
    intake = Intake(place.desk(), place.store, lambda: box, pauses, breath=0.25)
    assert [intake.look() for _ in range(2)] == [True, True]
    assert pauses.asked == [0.25]


@pytest.mark.parametrize("url", ["memory://", "sqs://", "sentinel://host", "http://host", ""])
def test_a_broker_of_another_kind_is_refused_without_its_url(url: str) -> None:
    """The message says which ones there are."""
    with pytest.raises(BadSettings, match="redis"):
        source_at(url)
