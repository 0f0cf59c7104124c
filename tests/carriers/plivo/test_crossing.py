"""The one total deadline, and the point of no return that decides what a time-out means: against real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from escalation.carriers.plivo.client import PlivoClient
from escalation.carriers.plivo.crossing import CalledOff, Crossing
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from tests.carriers.stubs import notice

DEADLINE = 0.4
CALL = notice(Channel.VOICE, "+15550100001")


def outcome(url: str, transport: httpx.BaseTransport | None = None) -> tuple[Verdict, str]:
    plivo = PlivoClient("MAX", "t", "+15550109999", url, "http://pager.test", transport, deadline=DEADLINE)
    with pytest.raises(CarrierError) as caught:
        plivo.send(CALL)
    return caught.value.verdict, caught.value.reason


@contextlib.contextmanager
def dripping(head: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request, answers `head`, and then a byte now and then for ever."""
    over, asked = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                line, _ = server.accept()
                with line:
                    asked.append(line.recv(65536))
                    line.sendall(head)
                    while not over.wait(0.02):
                        line.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        finally:
            over.set()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 201 Created\r\n", b"HTTP/1.1 201 Created\r\nContent-Length: 60000\r\n\r\n"])
def test_a_dripping_answer_ends_with_the_deadline_and_is_unknown(head: bytes) -> None:
    """httpx's time-outs start anew with every byte; ours does not."""
    with dripping(head) as (url, asked):
        began = time.monotonic()
        assert outcome(url) == (Verdict.UNKNOWN, "Plivo: no answer in time")
        assert 0.3 < time.monotonic() - began < 2
        assert len(asked) == 1


def test_a_request_that_is_late_before_its_first_byte_never_goes_out() -> None:
    """A resolver that hangs for half a minute must not ring a phone that was dialled again meanwhile."""
    crossing = Crossing()
    crossing.trace("connection.connect_tcp.started", {})
    assert crossing.close() is False
    with pytest.raises(CalledOff):
        crossing.trace("http11.send_request_headers.started", {})


def test_once_its_first_byte_is_out_a_request_may_have_been_accepted() -> None:
    """Then nobody knows; and with a stand-in for the network nobody can tell."""
    crossing = Crossing()
    crossing.trace("http11.send_request_headers.started", {})
    assert crossing.close() is True
    assert Crossing(crossed=True).close() is True


def test_a_connection_that_is_not_made_in_time_is_tried_again() -> None:
    """The real thing: a server whose queue is full accepts nobody; nothing goes out, now or later."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        with contextlib.ExitStack() as queue:
            for _ in range(4):
                waiting = queue.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(address)
            assert outcome(f"http://127.0.0.1:{address[1]}")[0] is Verdict.RETRY


def test_a_stand_in_that_never_answers_is_unknown() -> None:
    """It does not tell when something goes out, so it must be assumed that it did."""
    over = threading.Event()

    def hang(_: httpx.Request) -> httpx.Response:
        over.wait(5)
        return httpx.Response(201)

    try:
        assert outcome("http://api.test", httpx.MockTransport(hang))[0] is Verdict.UNKNOWN
    finally:
        over.set()
