"""The single look: only the pager's own yes is one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.local.watch.probe import LONGEST, Probe, judged
from tests.carriers.stubs import closed_port, serving

READY = json.dumps({"status": "ready", "faults": []}).encode()
NOT_READY = json.dumps({"status": "not ready", "faults": [{"what": "timekeeper", "fault": "…"}, {"what": "timers"}]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, READY, ""),
        (503, NOT_READY, "not ready: timekeeper, timers"),
        (503, b"busy", "HTTP 503"),
        (503, b'{"faults": [{"what": "call +15550100001, it is urgent"}, {"what": "timers"}, 7, {}]}', "not ready: timers"),
        (503, READY, "HTTP 503"),
        (301, READY, "HTTP 301"),
        (404, b"", "HTTP 404"),
        (200, b"<html>Please log in to the hotel's network</html>", "an answer that is not the pager's"),
        (200, NOT_READY, "an answer that is not the pager's"),
        (200, b"[" * 100_000, "an answer that is not the pager's"),
        (200, READY + b" " * (LONGEST + 1), "HTTP 200 without an end"),
    ],
)
def test_whatever_is_answered_is_judged(status: int, body: bytes, fault: str) -> None:
    """By status and content; a redirect is not followed."""
    if body.startswith(b"[["):
        assert judged(status, body) == fault
        return
    with serving(lambda path: (status, body)) as stub:
        assert Probe(stub.url).fault() == fault
        assert [asked.path for asked in stub.asked] == ["/readyz"]


def test_a_path_that_was_given_is_asked(tmp_path: object) -> None:
    """For a pager behind a proxy that hides the rest."""
    with serving(lambda path: (200, READY)) as stub:
        assert Probe(f"{stub.url}/pager/readyz").fault() == ""
        assert [asked.path for asked in stub.asked] == ["/pager/readyz"]


def test_no_answer_is_a_fault_whatever_the_reason() -> None:
    """Nobody listens; the line is cut."""
    assert Probe(f"http://127.0.0.1:{closed_port()}").fault() == "no answer (ConnectError)"
    with serving(lambda path: None) as stub:
        assert Probe(stub.url).fault().startswith("no answer (")


@pytest.fixture
def dripping() -> Iterator[str]:
    """Begins an answer and goes on and on, a byte at a time."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200:
                    if stopped.wait(0.02):
                        return
                    line.sendall(bytes([byte]))

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stopped.set()
        thread.join(5)


def test_an_answer_that_never_ends_ends_in_time(dripping: str) -> None:
    """A byte now and then keeps a library's time-outs from ever running out."""
    assert Probe(dripping, deadline=0.2).fault() == "no answer in time"


@given(st.integers(100, 599), st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["status", "faults", "what"]), inner)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_answer_at_all_is_survived(status: int, body: bytes) -> None:
    """And what it says of its faults is fit for a text message."""
    said = judged(status, body)
    assert len(said) < 250
    assert said.isprintable()


@pytest.mark.parametrize(
    "url", ["pager.example.org", "ftp://x", "https://user:pw@x", "https://", "https://x?key=1", "http://[", ""]
)
def test_what_is_no_address_is_refused_when_it_is_given(url: str) -> None:
    """Not at three in the morning."""
    with pytest.raises(ValueError):
        Probe(url)


@pytest.mark.parametrize(("url", "name"), [("https://a.example.org", "a.example.org"), ("http://b:8000/", "b:8000")])
def test_a_site_is_called_by_its_host(url: str, name: str) -> None:
    """That is what a text message has room for."""
    assert Probe(url).name == name
