"""The open queue on RabbitMQ. Any producer publishes to the exchange `incidents` with whatever routing key; the body is the body. What
the messages mean is not decided here.

One consumer takes, exclusively, so that a resolve never overtakes its trigger; others ask now and then whether the place is free.
The broker keeps a message until it is acknowledged, after the commit, and gives it to the next one otherwise. It has no name for a
message, though: a producer that sets `message_id`, new for each message, names it, and then it is taken once whatever happens. Without one a crash
between commit and acknowledgement brings it twice. That is harmless while its incident is open: it is counted once more, for which
reason a trigger without dedup_key is named after its body. To remember bodies instead would be worse: the same trouble an hour
later, in the same words, would be taken for the old one, and nobody's phone would ring."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from time import sleep

from amqp import Channel
from amqp import Message as AmqpMessage
from amqp.exceptions import AccessRefused, NotFound
from kombu import Connection

from workers.queue_batch import BATCH, EVENTS, REJECTED, Batch, Message, Rejected

EXCHANGE = "incidents"

HEARTBEAT = 60  # seconds; a try at a busy database takes up to 30
PATIENCE = 10  # seconds for the broker's answer to anything
LONGEST_REASON = 500
KEPT = ("content_type", "content_encoding", "message_id")

OPTIONS = {"confirm_publish": True, "read_timeout": PATIENCE, "write_timeout": PATIENCE}


class RabbitSource:
    """Implements `queue_batch.Source`. Connects at once, declares what is not there yet; raises kombu's and amqp's errors."""

    def __init__(self, url: str) -> None:
        self._connection = Connection(url, connect_timeout=3, heartbeat=HEARTBEAT, transport_options=OPTIONS)
        others = len(self._connection.alt)  # `amqp://one;amqp://other`: a cluster
        self._connection.ensure_connection(max_retries=max(others, 1), interval_start=0, interval_step=0)
        self._session = secrets.token_hex(16)
        self._waiting: deque[AmqpMessage] = deque()
        self._taken: list[AmqpMessage] = []
        self._declare()
        self._channel = self._consuming()

    def take(self, seconds: float) -> Batch | None:
        self._channel = self._channel or self._consuming()
        if self._channel is None:
            sleep(seconds)
            self._heard(0)  # else a broker that is gone would not be noticed here
        elif self._waiting or self._heard(seconds):
            while len(self._waiting) < BATCH and self._heard(0):
                pass
        self._connection.heartbeat_check()
        self._taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        return Batch(self._session, tuple(self._read(one) for one in self._taken)) if self._taken else None

    def done(self, batch: Batch, rejected: Sequence[Rejected]) -> None:
        assert self._channel is not None
        for one in rejected:
            _publish(self._channel, self._taken[one.number], one)
        self._channel.basic_ack(_tag(self._taken[-1]), multiple=True)

    def keep(self) -> None:
        self._heard(0)
        self._connection.heartbeat_check()

    def close(self) -> None:
        self._connection.release()

    def _heard(self, seconds: float) -> bool:
        """Waits for one more message (or whatever else the broker has to say)."""
        try:
            self._connection.drain_events(timeout=seconds)
        except TimeoutError:
            return False
        return True

    def _declare(self) -> None:
        """What is there stays as it is: an operator may have made the queue another type, with other limits."""
        self._unless_there(lambda c, there: c.exchange_declare(EXCHANGE, "topic", passive=there, durable=True, auto_delete=False))
        for queue in (EVENTS, REJECTED):
            self._unless_there(partial(_declare_queue, queue))
        with closing(self._opened()) as channel:
            channel.queue_bind(EVENTS, EXCHANGE, "#")

    def _unless_there(self, declare: Callable[[Channel, bool], object]) -> None:
        try:
            with closing(self._opened()) as channel:
                declare(channel, True)
        except NotFound:
            with closing(self._opened()) as channel:
                declare(channel, False)

    def _consuming(self) -> Channel | None:
        """A channel with us as the only consumer; None when there is another one."""
        channel = self._opened()
        channel.basic_qos(0, 2 * BATCH, False)  # the next batch comes while this one is committed
        try:
            channel.basic_consume(EVENTS, exclusive=True, callback=self._waiting.append)
        except AccessRefused:
            return self._shared()
        return channel

    def _shared(self) -> Channel | None:
        """A queue in single active consumer mode refuses exclusiveness also to the first, and keeps the order by itself."""
        channel = self._opened()
        _, _, consumers = channel.queue_declare(EVENTS, passive=True) or ("", 0, 0)
        if consumers:
            channel.close()
            return None
        channel.basic_qos(0, 2 * BATCH, False)
        channel.basic_consume(EVENTS, callback=self._waiting.append)
        return channel

    def _opened(self) -> Channel:
        channel = self._connection.channel()
        assert isinstance(channel, Channel)
        channel.auto_decode = False  # bytes, whatever content_encoding says
        return channel

    def _read(self, message: AmqpMessage) -> Message:
        body = _body(message)
        if given := message.properties.get("message_id"):
            named = _digest(f"{given}\0".encode(errors="backslashreplace") + body)
            return Message(body, named, named)
        return Message(body, f"{self._session}-{_tag(message)}", _digest(body))


def _declare_queue(name: str, channel: Channel, is_there: bool) -> None:
    channel.queue_declare(name, passive=is_there, durable=True, auto_delete=False)


def _publish(channel: Channel, message: AmqpMessage, rejected: Rejected) -> None:
    """Returns when the broker has it. Unroutable (somebody deleted the queue) raises, as does a queue that is full."""
    kept = {name: message.properties[name] for name in KEPT if name in message.properties}
    headers = {"reason": rejected.reason[:LONGEST_REASON], "at": rejected.at.isoformat()}
    copy = AmqpMessage(_body(message), delivery_mode=2, application_headers=headers, **kept)
    channel.basic_publish(copy, "", REJECTED, mandatory=True, confirm_timeout=PATIENCE)


def _body(message: AmqpMessage) -> bytes:
    return message.body.encode() if isinstance(message.body, str) else bytes(message.body)


def _tag(message: AmqpMessage) -> int:
    assert message.delivery_tag is not None
    return message.delivery_tag


def _digest(what: bytes) -> str:
    return hashlib.sha256(what).hexdigest()[:40]
