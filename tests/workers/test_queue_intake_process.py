"""`python -m workers.queue_intake` as a process, on both brokers: killed at the worst moments it loses nothing and opens nothing twice;
and it ends when told."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
import redis
from amqp import Message
from kombu import Connection

from escalation.build import build
from escalation.local.broker import client_url, free_port
from escalation.settings import Settings
from escalation.store import schema
from tests.builders import site
from tests.processes import environment, until
from tests.workers.open_queue import body

pytestmark = pytest.mark.slow

SOON = 5  # seconds: two, and the machine may be busy; it must not wait for what hangs


class Wire:
    """A loopback port in front of a broker. While it is mute, what the client says does not arrive, and it is not told."""

    def __init__(self, url: str, port: int = 0) -> None:
        parts = urlsplit(url)
        self._target = parts.path if "socket" in parts.scheme else (parts.hostname, parts.port)
        self._door = socket.create_server(("127.0.0.1", port))
        self._open: list[socket.socket] = []
        self.mute = False
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._door, *self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET)
            server.connect(self._target)
            self._open += [client, server]
            threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _carry(self, giver: socket.socket, taker: socket.socket, is_clients: bool) -> None:
        try:
            while said := giver.recv(65536):
                if not (is_clients and self.mute):
                    taker.sendall(said)
            taker.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        giver.close()  # one that came while we closed is in nobody's list


@dataclass
class Broker:
    """A real one, as a foreign producer sees it. `url_at` is its address by way of a port."""

    url: str
    send: Callable[..., None]
    is_taken: Callable[[], bool]
    is_empty: Callable[[], bool]

    def url_at(self, port: int) -> str:
        parts = urlsplit(self.url)
        if "socket" in parts.scheme:
            return f"redis://127.0.0.1:{port}/0"
        return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}").geturl()


def on_redis(url: str) -> Iterator[Broker]:
    with redis.Redis.from_url(client_url(url)) as client:

        def send(*bodies: bytes, name: str = "") -> None:
            client.lpush("incident-events", *bodies)

        def is_empty() -> bool:
            return not client.exists("incident-events", "incident-events.taking", "incident-events.taking.batch")

        yield Broker(url, send, lambda: bool(client.exists("incident-events.taking.batch")), is_empty)


def on_rabbitmq(url: str) -> Iterator[Broker]:
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        connection.channel().exchange_declare("incidents", "topic", durable=True, auto_delete=False)
        connection.channel().queue_declare("incident-events", durable=True, auto_delete=False)
        connection.channel().queue_bind("incident-events", "incidents", "#")
        channel = connection.channel()

        def send(*bodies: bytes, name: str = "") -> None:
            for number, what in enumerate(bodies):
                named = {"message_id": f"{name}-{number}"} if name else {}
                channel.basic_publish(Message(what, delivery_mode=2, **named), "incidents", "db", mandatory=True)

        def is_taken() -> bool:
            told = channel.queue_declare("incident-events", passive=True)
            return told is not None and told[1:] == (0, 1)

        def is_empty() -> bool:
            told = channel.queue_declare("incident-events", passive=True)
            return told is not None and told[1] == 0

        yield Broker(url, send, is_taken, is_empty)


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    kind = {"redis": on_redis, "rabbitmq": on_rabbitmq}[request.param]
    yield from kind(request.getfixturevalue(f"{request.param}_url"))


class Site:
    """A database with somebody to call, and intakes that are processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        self.log.touch()
        self.system = build(Settings(data_dir=folder))

    def migrate(self) -> None:
        self.folder.mkdir(exist_ok=True)
        schema.migrate(self.system.settings.sql_url)
        with self.system.store.transaction() as tx:
            tx.apply(site(), "")

    @contextmanager
    def intake(self, broker_url: str) -> Iterator[subprocess.Popen[bytes]]:
        env = environment(ESCALATION_DATA_DIR=str(self.folder), ESCALATION_BROKER_URL=broker_url)
        with (
            self.log.open("a") as lines,
            subprocess.Popen([sys.executable, "-m", "workers.queue_intake"], env=env, stderr=lines) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def received(self) -> dict[str, int]:
        return {row.summary: row.repeats + 1 for row in self.system.queries.incidents(open_only=False)}

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Somebody else writes: a commit has to wait."""
        other = sqlite3.connect(self.folder / "escalation.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()


@pytest.fixture
def pager(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    made.migrate()
    yield made
    made.system.store.dispose()


def test_killed_between_take_and_commit_it_loses_nothing(pager: Site, broker: Broker) -> None:
    """The next process takes what was taken, once."""
    with pager.intake(broker.url) as first:
        assert until(lambda: "queue intake" in pager.system.queries.heartbeats())
        with pager.busy():
            broker.send(body("db-1"), b"broken", body(None, summary="nameless"))
            assert until(broker.is_taken)
            first.kill()
            first.wait()
        assert pager.received() == {}
    with pager.intake(broker.url):
        assert until(lambda: len(pager.received()) == 2)
        assert until(lambda: pager.system.queries.counters().get("rejected_event") == 1)
        assert until(broker.is_empty)
    assert pager.received() == {"db-1 is down": 1, "nameless": 1}


def test_killed_between_commit_and_acknowledgement_it_opens_nothing_twice(pager: Site, broker: Broker) -> None:
    """The broker hands it out again; the inbox knows it."""
    wire = Wire(broker.url)
    with pager.intake(broker.url_at(wire.port)) as first:
        assert until(lambda: "queue intake" in pager.system.queries.heartbeats())
        with pager.busy():
            broker.send(body("db-1"), body(None, summary="nameless"), name="first")
            assert until(broker.is_taken)
            wire.mute = True
        assert until(lambda: len(pager.received()) == 2)
        first.kill()
        first.wait()
    wire.close()
    assert until(lambda: not broker.is_empty())
    with pager.intake(broker.url):
        broker.send(body("db-2"), name="second")
        assert until(lambda: "db-2 is down" in pager.received())
        assert until(broker.is_empty)
    assert pager.received() == {"db-1 is down": 1, "nameless": 1, "db-2 is down": 1}


def test_it_ends_soon_after_sigterm_whatever_it_does(pager: Site, broker: Broker) -> None:
    """Idle; and with a batch that waits for the database, which the next one takes."""
    with pager.intake(broker.url) as idle:
        assert until(lambda: "queue intake" in pager.system.queries.heartbeats())
        assert ended(idle) < SOON
    with pager.intake(broker.url) as working:
        broker.send(body("db-1"))
        assert until(lambda: "db-1 is down" in pager.received())
        with pager.busy():
            broker.send(body("db-2"))
            assert until(broker.is_taken)
            assert ended(working) < SOON
    with pager.intake(broker.url):
        assert until(lambda: "db-2 is down" in pager.received())


def ended(process: subprocess.Popen[bytes]) -> float:
    """Seconds; it has to say that all is well."""
    began = monotonic()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(10) == 0
    return monotonic() - began


def test_started_before_broker_and_database_it_waits_for_both(tmp_path: Path, broker: Broker) -> None:
    """Neither ends it, nor needs a restart; and its log has no address in it, which may hold a password."""
    port = free_port()
    (in_the_way := tmp_path / "site" / "escalation.sqlite").mkdir(parents=True)
    pager = Site(tmp_path / "site")
    with pager.intake(broker.url_at(port)):
        assert until(lambda: "the queue fails: " in pager.log.read_text())
        wire = Wire(broker.url, port)
        broker.send(body("db-1"))
        assert until(broker.is_taken)
        assert until(lambda: "database: " in pager.log.read_text())
        in_the_way.rmdir()
        pager.migrate()
        assert until(lambda: pager.received() == {"db-1 is down": 1})
        assert until(broker.is_empty)
        wire.close()
    pager.system.store.dispose()
    assert [found for found in ("127.0.0.1", "amqp:", "redis:") if found in pager.log.read_text()] == []


def test_a_broker_of_another_kind_ends_it_with_one_line(tmp_path: Path) -> None:
    """Waiting would not help; and the line has no URL in it."""
    pager = Site(tmp_path / "site")
    pager.migrate()
    with pager.intake("sqs://user:word@") as process:
        assert process.wait(30) == 1
    pager.system.store.dispose()
    assert pager.log.read_text().splitlines()[-1].startswith("ESCALATION_BROKER_URL: the open queue needs")
    assert "word" not in pager.log.read_text()
