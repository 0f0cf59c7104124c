"""CeleryNudge: what a woken worker is told, and that nobody ever waits for a broker."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
import redis

from escalation.domain.commands import Command, CommandKind
from escalation.local.broker import Broker, client_url
from escalation.local.supervisor import Supervisor
from escalation.nudge import CeleryNudge, kwargsrepr
from escalation.ports import Job
from tests.processes import running_broker, until

LABEL = "INC-42 step 1 ann"
Running = tuple[Supervisor, Broker]


def job(id: int = 7, kind: CommandKind = CommandKind.CALL, parent: str = "INC-42.s1.a1.t1") -> Job:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return Job(id, 42, Command(kind, 2, 1), f"INC-42.s1.a2.t{id}", parent, at, LABEL)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running_broker(tmp_path) as running:
        yield running


@pytest.fixture
def nudge(broker: Running) -> Iterator[CeleryNudge]:
    nudge = CeleryNudge(broker[1].url)
    yield nudge
    nudge.close(0)


def waiting(broker: Broker, queue: str) -> list[dict]:
    with redis.Redis.from_url(client_url(broker.url)) as client:
        return [json.loads(message) for message in client.lrange(f"escalation:{queue}", 0, -1)]


def test_it_publishes_ids_only_with_the_incident_as_root_and_the_cause_as_parent(broker: Running, nudge: CeleryNudge) -> None:
    """Flower's story of an incident hangs on these five headers; nothing else about the job reaches the broker."""
    nudge.wake([job()])
    assert nudge.flush(10)
    [message] = waiting(broker[1], "pages")
    headers = message["headers"]
    assert headers["task"] == "page_by_voice"
    assert (headers["id"], headers["root_id"], headers["parent_id"]) == ("INC-42.s1.a2.t7", "INC-42", "INC-42.s1.a1.t1")
    assert headers["kwargsrepr"] == "{'incident': 'INC-42', 'step': '1', 'who': 'ann'}"
    assert headers["argsrepr"] == "(7,)"


def test_chores_have_a_queue_of_their_own(broker: Running, nudge: CeleryNudge) -> None:
    """A page never waits behind a chore."""
    nudge.wake([job(kind=CommandKind.EDIT_SLACK), job(8, CommandKind.TEXT)])
    assert nudge.flush(10)
    assert [m["headers"]["task"] for m in waiting(broker[1], "chores")] == ["update_slack"]
    assert [m["headers"]["task"] for m in waiting(broker[1], "pages")] == ["send_text"]


def test_the_first_page_has_no_parent(broker: Running, nudge: CeleryNudge) -> None:
    """An empty cause is no cause: Flower shows no link to nowhere."""
    nudge.wake([job(parent="")])
    assert nudge.flush(10)
    assert waiting(broker[1], "pages")[0]["headers"]["parent_id"] is None


def test_a_frozen_broker_delays_nobody(broker: Running, nudge: CeleryNudge) -> None:
    """A publish to a broker that hangs takes seconds; the caller, who is answering a phone call, must not see them."""
    nudge.wake([job(1)])
    assert nudge.flush(10)
    pid = broker[0].pid("broker")
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        began = monotonic()
        nudge.wake([job(n) for n in range(2, 50)])
        assert monotonic() - began < 0.2
    finally:
        os.kill(pid, signal.SIGCONT)
    assert nudge.flush(20)
    assert len(waiting(broker[1], "pages")) >= 49


def test_a_broker_that_is_away_raises_nothing_and_is_found_again(broker: Running, nudge: CeleryNudge) -> None:
    """The supervisor starts the killed broker again; a nudge of that second arrives."""
    pid = broker[0].pid("broker")
    assert pid
    os.kill(pid, signal.SIGKILL)
    nudge.wake([job()])
    assert until(lambda: broker[0].pid("broker") not in (None, pid))
    assert nudge.flush(10)
    assert until(broker[1].answers)
    assert len(waiting(broker[1], "pages")) == 1


def test_more_jobs_than_room_are_dropped_not_waited_for(tmp_path: Path) -> None:
    """The rows are the truth; a queue that grows without a bound is not."""
    nudge = CeleryNudge(f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0", room=3)
    began = monotonic()
    nudge.wake([job(n) for n in range(1000)])
    assert monotonic() - began < 1
    assert not nudge.flush(0.1)
    nudge.close(0)


def test_a_broker_that_no_app_can_be_made_for_is_told_and_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    """A thread that died would leave every nudge lying, without a word."""
    nudge = CeleryNudge(None)  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        nudge.wake([job()])
        assert until(lambda: "nudges are not published" in caplog.text)
    assert "nudge" in {thread.name for thread in threading.enumerate()}
    nudge.close(0)


def test_it_works_on_both_sides_of_a_fork(broker: Running, nudge: CeleryNudge) -> None:
    """A receiver may nudge before its server forks workers; the child gets a thread and a connection of its own."""
    nudge.wake([job(1)])
    assert nudge.flush(10)
    if (child := os.fork()) == 0:
        nudge.wake([job(2)])
        os._exit(0 if nudge.flush(10) else 1)
    assert os.waitpid(child, 0)[1] == 0
    nudge.wake([job(3)])
    assert nudge.flush(10)
    assert {m["headers"]["id"] for m in waiting(broker[1], "pages")} == {f"INC-42.s1.a2.t{n}" for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("INC-42 step 1 ann", "{'incident': 'INC-42', 'step': '1', 'who': 'ann'}"),
        (
            "INC-42 last resort email:o•••@example.com",
            "{'incident': 'INC-42', 'step': 'last resort', 'who': 'email:o•••@example.com'}",
        ),
        ("", "{'incident': 'INC-42', 'what': ''}"),
        ("something else", "{'incident': 'INC-42', 'what': 'something else'}"),
    ],
)
def test_flower_finds_the_incident_by_its_id_whatever_the_label_says(label: str, shown: str) -> None:
    """`kwargs:incident=INC-42` needs the text of a dictionary."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert kwargsrepr(Job(7, 42, Command(CommandKind.CALL, 2, 1), "t", "", at, label)) == shown
