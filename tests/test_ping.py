"""The dead-man's ping: heard or not, said once, and its address never."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator

import pytest

from escalation.ping import Ping
from tests.carriers.stubs import closed_port, serving

SECRET = "/ping/0f0e-secret"


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that says its yes a byte at a time: no single wait is long, and together they are."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
                    if stopped.wait(0.02):
                        return
                    line.sendall(bytes([byte]))

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stopped.set()
        thread.join(5)


@pytest.mark.parametrize(("status", "heard"), [(200, True), (204, True), (302, False), (404, False), (500, False)])
def test_only_a_yes_is_one(status: int, heard: bool) -> None:
    """A redirect is not followed: the address is nobody else's business."""
    with serving(lambda path: (status, b"")) as stub:
        assert Ping(stub.url + SECRET).send() is heard
        assert [asked.path for asked in stub.asked] == [SECRET]


def test_a_watcher_that_cannot_be_reached_is_said_once_and_its_address_never(caplog: pytest.LogCaptureFixture) -> None:
    """Each minute the same line would hide the others."""
    status = 503
    with caplog.at_level(logging.DEBUG), serving(lambda path: (status, b"go away, 0f0e-secret")) as stub:
        ping = Ping(stub.url + SECRET)
        assert [ping.send() for _ in range(3)] == [False] * 3
        status = 200
        assert [ping.send() for _ in range(2)] == [True] * 2
        status = 503
        ping.send()
    ours = [record.getMessage() for record in caplog.records if record.name == "escalation.ping"]
    assert ours == [
        "the dead-man's ping is not heard: HTTP 503",
        "the dead-man's ping is heard again",
        "the dead-man's ping is not heard: HTTP 503",
    ]


def test_nothing_that_happens_on_the_way_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """A refused connection, a line that is cut, an address that is none: the timekeeper goes on."""
    with serving(lambda path: None) as stub:
        faults = [Ping(f"http://127.0.0.1:{closed_port()}{SECRET}"), Ping(stub.url + SECRET), Ping("ftp://127.0.0.1" + SECRET)]
        assert [ping.send() for ping in faults] == [False] * 3
    assert "secret" not in caplog.text


def test_a_watcher_that_takes_for_ever_is_left_in_time(dripping: str) -> None:
    """Else a hand of the timekeeper's would be held."""
    assert not Ping(dripping + SECRET, deadline=0.2).send()
