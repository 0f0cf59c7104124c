"""CeleryNudge on RabbitMQ: the same promises as on Redis (`test_nudge`), with a broker that freezes, vanishes and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest
from kombu import Connection
from kombu.message import Message

from escalation.domain.commands import CommandKind
from escalation.nudge import CeleryNudge
from tests.servers.wire import Wire
from tests.test_nudge import job


@pytest.fixture
def wire(rabbitmq_url: str) -> Iterator[Wire]:
    wire = Wire(rabbitmq_url)
    yield wire
    wire.cut()


@pytest.fixture
def nudge(wire: Wire) -> Iterator[CeleryNudge]:
    nudge = CeleryNudge(wire.url)
    yield nudge
    nudge.close(0)


def taken(url: str, queue: str) -> list[Message]:
    """Everything that lies in a queue, taken out of it."""
    found = []
    with Connection(url) as connection:
        while message := connection.default_channel.basic_get(queue, no_ack=True):
            found.append(message)
    return found


def test_it_publishes_ids_only_each_class_to_its_own_queue(rabbitmq_url: str, nudge: CeleryNudge) -> None:
    """What Flower's story hangs on, and nothing personal, as on Redis; not written to disk, as the rows are."""
    nudge.wake([job(), job(8, CommandKind.EDIT_SLACK)])
    assert nudge.flush(10)
    [page], [chore] = taken(rabbitmq_url, "pages"), taken(rabbitmq_url, "chores")
    assert (page.headers["task"], chore.headers["task"]) == ("page_by_voice", "update_slack")
    assert (page.headers["id"], page.headers["root_id"]) == ("INC-42.s1.a2.t7", "INC-42")
    assert page.properties["delivery_mode"] == 1


def test_a_frozen_broker_delays_nobody_and_loses_nothing_of_the_last_seconds(
    rabbitmq_url: str, wire: Wire, nudge: CeleryNudge
) -> None:
    """Who nudges goes on at once; the thread does not hang with the broker, and publishes when it is back."""
    nudge.wake([job(1)])
    assert nudge.flush(10)
    with wire.frozen():
        began = monotonic()
        nudge.wake([job(2)])
        assert monotonic() - began < 0.2
        assert not nudge.flush(0.5)
    assert nudge.flush(10)
    assert {m.headers["id"] for m in taken(rabbitmq_url, "pages")} == {"INC-42.s1.a2.t1", "INC-42.s1.a2.t2"}


def test_a_broker_that_stays_frozen_is_given_up(wire: Wire, nudge: CeleryNudge) -> None:
    """A time-out for each word: by default the thread would hang for ever, and with it every later nudge."""
    nudge.wake([job(1)])
    assert nudge.flush(10)
    with wire.frozen():
        nudge.wake([job(2), job(3)])
        assert nudge.flush(20)


def test_a_connection_that_the_broker_has_left_is_noticed(rabbitmq_url: str, wire: Wire, nudge: CeleryNudge) -> None:
    """The first nudge after a restart must not vanish into a dead connection; one of the outage itself arrives too."""
    nudge.wake([job(1)])
    assert nudge.flush(10)
    with wire.cut_off():
        nudge.wake([job(2)])
        assert not nudge.flush(1)
    assert nudge.flush(10)
    nudge.wake([job(3)])
    assert nudge.flush(10)
    assert {m.headers["id"] for m in taken(rabbitmq_url, "pages")} == {f"INC-42.s1.a2.t{n}" for n in (1, 2, 3)}
