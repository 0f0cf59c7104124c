"""The open queue on a real RabbitMQ: foreign producers, redelivery, consumers that stand by, a restart in mid-work."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amqp import Channel, Message
from kombu import Connection

from tests.processes import until
from tests.servers import rabbitmq
from tests.servers.run import NoServer
from tests.workers.open_queue import Place, body, place
from workers.queue_batch import BATCH
from workers.queue_intake import Intake
from workers.queue_rabbit import RabbitSource

__all__ = ["place"]

EVENTS, REJECTED = "incident-events", "incident-events.rejected"

Publish = Callable[..., None]


@pytest.fixture
def channel(rabbitmq_url: str) -> Iterator[Channel]:
    """A foreign producer's."""
    with Connection(rabbitmq_url, transport_options={"confirm_publish": True}) as connection:
        yield connection.channel()


@pytest.fixture
def source(rabbitmq_url: str) -> Iterator[RabbitSource]:
    made = RabbitSource(rabbitmq_url)
    yield made
    made.close()


def publish(channel: Channel, what: bytes, key: str = "any.key", **properties: object) -> None:
    channel.basic_publish(Message(what, delivery_mode=2, **properties), "incidents", key, mandatory=True)


def waiting(channel: Channel, queue: str = EVENTS) -> int:
    """Messages that nobody holds."""
    told = channel.queue_declare(queue, passive=True)
    assert told
    return told[1]


def nothing_is_left(url: str) -> bool:
    """Neither waiting nor unacknowledged: what is unacknowledged would come back when its consumer has gone."""
    with Connection(url) as connection:
        return connection.channel().basic_get(EVENTS) is None


def test_a_raw_body_with_any_routing_key_opens_an_incident(
    place: Place, channel: Channel, source: RabbitSource, rabbitmq_url: str
) -> None:
    """The body is the body: no envelope, no Celery, no content type. And it is acknowledged."""
    publish(channel, body("db-1"), "disk")
    publish(channel, body("db-2"), "eu.payments.db")
    even = body("db-3") + b" " * (len(body("db-3")) % 2)
    publish(channel, even, "", content_type="text/plain", content_encoding="utf-16", application_headers={"a": [1, None]})
    place.drain(source)
    source.close()
    assert place.opened() == ["db-1 is down", "db-2 is down", "db-3 is down"]
    assert nothing_is_left(rabbitmq_url)


def test_many_are_taken_in_batches_and_in_order(place: Place, channel: Channel, source: RabbitSource) -> None:
    """Bounded ones; the order is the producer's."""
    for number in range(2 * BATCH + 5):
        publish(channel, body(f"{number:03}"))
    sizes = []
    while taken := source.take(0.5):
        sizes.append(len(taken.messages))
        place.desk().settle(place.desk().read(taken))
        source.done(taken, [])
    assert max(sizes) == BATCH
    assert place.opened() == [f"{number:03} is down" for number in range(2 * BATCH + 5)]


def test_the_rejected_queue_holds_the_reason_and_the_body_as_it_came(
    place: Place, channel: Channel, source: RabbitSource
) -> None:
    """Kept over a restart; the reason is a header, so that the body can be published again as it is."""
    publish(channel, b"\xffdisk full", message_id="7", content_type="text/x")
    publish(channel, body("db-1"))
    publish(channel, b"x" * 2_000_000)
    place.drain(source)
    first, second = channel.basic_get(REJECTED), channel.basic_get(REJECTED)
    assert first and second
    assert first.body == b"\xffdisk full"
    assert first.properties["application_headers"] == {
        "reason": "JSON parse error: the body is not UTF-8",
        "at": place.office.clock.now().isoformat(),
    }
    assert {"message_id": "7", "content_type": "text/x", "delivery_mode": 2}.items() <= first.properties.items()
    assert len(second.body) == 2_000_000
    assert place.opened() == ["db-1 is down"]


def test_a_rejected_queue_that_is_gone_loses_nothing(place: Place, channel: Channel, rabbitmq_url: str) -> None:
    """Somebody deleted it: the message is not acknowledged before there is one again."""
    intake = Intake(place.desk(), place.store, lambda: RabbitSource(rabbitmq_url), threading.Event())
    assert intake.look()
    channel.queue_delete(REJECTED)
    publish(channel, b"broken")
    assert [intake.look() for _ in range(2)] == [False, True]
    assert waiting(channel, REJECTED) == 1
    intake._close()


def test_what_was_not_acknowledged_comes_again_and_with_a_message_id_changes_nothing(
    place: Place, channel: Channel, rabbitmq_url: str
) -> None:
    """Death between commit and acknowledgement: seen before, not even one more on the count."""
    RabbitSource(rabbitmq_url).close()  # declares
    publish(channel, body("db-1"), message_id="id-1")
    publish(channel, body(None, summary="nameless"), message_id="id-2")
    for is_last in (False, True):
        source = RabbitSource(rabbitmq_url)
        while taken := source.take(0.5):
            place.desk().settle(place.desk().read(taken))
            if not is_last:
                break
            source.done(taken, [])
        source.close()
    assert place.received() == {"db-1 is down": 1, "nameless": 1}
    assert nothing_is_left(rabbitmq_url)


def test_without_a_message_id_it_is_counted_again_and_opens_no_second_incident(
    place: Place, channel: Channel, rabbitmq_url: str
) -> None:
    """Not even when it names no trouble: then its body does."""
    RabbitSource(rabbitmq_url).close()  # declares
    publish(channel, body("db-1"))
    publish(channel, body(None, summary="nameless"))
    for _ in range(2):
        source = RabbitSource(rabbitmq_url)
        while taken := source.take(0.5):
            place.desk().settle(place.desk().read(taken))
        source.close()
    assert place.received() == {"db-1 is down": 2, "nameless": 2}


def test_the_same_message_id_on_another_body_is_another_message(place: Place, channel: Channel, source: RabbitSource) -> None:
    """A producer that numbers from 1 at each start loses no page by that."""
    publish(channel, body("db-1"), message_id="1")
    publish(channel, body("db-2"), message_id="1")
    place.drain(source)
    assert place.opened() == ["db-1 is down", "db-2 is down"]


def test_the_same_words_after_the_resolve_open_a_new_incident(place: Place, channel: Channel, source: RabbitSource) -> None:
    """The trouble is back: bodies are not remembered."""
    for what in (body("db-1"), body("db-1", action="resolve"), body("db-1"), body("db-1", action="resolve"), body("db-1")):
        publish(channel, what)
    place.drain(source)
    assert place.opened() == ["db-1 is down"] * 3
    assert len(place.queries.incidents()) == 1


def test_a_second_consumer_stands_by_and_goes_on_when_the_first_has_gone(channel: Channel, rabbitmq_url: str) -> None:
    """So that a resolve does not overtake its trigger through the other one."""
    first, second = RabbitSource(rabbitmq_url), RabbitSource(rabbitmq_url)
    for number in range(4):
        publish(channel, body(f"db-{number}"))
    assert second.take(0.3) is None
    assert until(lambda: waiting(channel) == 0, 5)
    assert second.take(0.3) is None
    first.close()
    assert until(lambda: second.take(0.05), 5)
    second.close()


ARGUMENTS = [
    {"x-queue-type": "quorum"},
    {"x-single-active-consumer": True},
    {"x-queue-type": "quorum", "x-single-active-consumer": True},
    {"x-max-length": 1000, "x-max-priority": 3},
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_a_queue_that_an_operator_made_otherwise_is_used_as_it_is(
    place: Place, channel: Channel, rabbitmq_url: str, arguments: dict[str, object]
) -> None:
    """Redeclaring it with other arguments would be refused, for ever."""
    channel.queue_declare(EVENTS, durable=True, auto_delete=False, arguments=arguments)
    first, second = RabbitSource(rabbitmq_url), RabbitSource(rabbitmq_url)
    publish(channel, body("db-1"))
    place.drain(first)
    place.drain(second)
    assert place.opened() == ["db-1 is down"]
    first.close()
    second.close()


def test_a_queue_that_is_deleted_is_declared_and_bound_again(place: Place, channel: Channel, rabbitmq_url: str) -> None:
    """The consumer notices by itself."""
    intake = Intake(place.desk(), place.store, lambda: RabbitSource(rabbitmq_url), threading.Event())
    assert intake.look()
    channel.queue_delete(EVENTS)
    assert until(lambda: not intake.look(), 5)
    assert intake.look()
    publish(channel, body("db-1"))
    assert intake.look()
    assert place.opened() == ["db-1 is down"]
    intake._close()


def test_while_the_database_is_away_messages_stay_with_the_broker(place: Place, channel: Channel, rabbitmq_url: str) -> None:
    """None is acknowledged; they are taken in order when it is back."""
    stopped = threading.Event()
    intake = Intake(place.desk(), place.store, lambda: RabbitSource(rabbitmq_url), stopped)
    RabbitSource(rabbitmq_url).close()  # declares
    place.store.away_after = 0
    for number in range(4):
        publish(channel, body(f"db-{number}"))
    taking = threading.Thread(target=intake.run)
    taking.start()
    try:
        assert until(lambda: waiting(channel) == 0)
        assert place.opened() == []
        place.store.away_after = None
        assert until(lambda: len(place.opened()) == 4)
    finally:
        stopped.set()
        taking.join(10)
    assert place.opened() == [f"db-{number} is down" for number in range(4)]
    assert nothing_is_left(rabbitmq_url)


@pytest.mark.slow
def test_a_restart_of_the_broker_in_mid_work_loses_nothing(place: Place, tmp_path: Path) -> None:
    """It reconnects by itself and takes what is left: each trouble is one incident."""
    try:
        rabbitmq.found()
    except NoServer as missing:
        pytest.skip(str(missing))
    with rabbitmq.node(tmp_path) as (supervisor, url):
        stopped = threading.Event()
        intake = Intake(place.desk(), place.store, lambda: RabbitSource(url), stopped)
        taking = threading.Thread(target=intake.run)
        taking.start()
        try:
            send(url, 0)
            pid = supervisor.pid("rabbitmq")
            assert pid
            os.killpg(pid, signal.SIGTERM)
            assert until(lambda: supervisor.pid("rabbitmq") not in (None, pid) and rabbitmq.answers(url), 60)
            send(url, 1)
            assert until(lambda: len(place.opened()) == 60, 30)
        finally:
            stopped.set()
            taking.join(10)
        assert set(place.received().values()) == {1}
        assert nothing_is_left(url)


def send(url: str, first: int) -> None:
    """Thirty, each confirmed by the broker."""

    def sent() -> bool:
        try:
            with Connection(url, transport_options={"confirm_publish": True}) as connection:
                channel = connection.channel()
                for number in range(30):
                    publish(channel, body(f"{first}-{number}"), message_id=f"{first}-{number}")
                return True
        except (OSError, *Connection(url).channel_errors, *Connection(url).connection_errors):
            return False  # the queue is not there yet, or the broker

    assert until(sent, 30)
