"""Whatever is written to the receiver's socket, it is not our fault: never 500, nothing opened, and the next alert is taken."""

from __future__ import annotations

import itertools
import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from escalation.sandbox.signer import v3_headers
from tests.system.site import KEYS, Site

MEGABYTE = 1_000_000
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
BODIES = {
    "nothing": b"",
    "not UTF-8": b'{"routing_key": "\xff\xfe\xfd", "alerts": [{"status": "\xc3\x28"}]}',
    "not UTF-8, as a form": b"Digits=%ff%fe&CallUUID=\xff\xfe&payload=%00",
    "NUL": b'{"summary": "a\x00b", "alerts": [{"labels": {"alertname": "\\u0000"}, "status": "firing"}]}',
    "lone surrogates": b'{"event_action": "trigger", "alerts": [{"status": "firing", "labels": {"a": "\\ud800"}}]}',
    "absurd nesting": b"[" * 100_000,
    "absurd nesting of objects": b'{"alerts":' * 50_000,
    "a very long number": b'{"version": ' + b"9" * 100_000 + b"}",
    "a megabyte": b'{"summary": "' + b"x" * MEGABYTE + b'"}',
    "a megabyte of form fields": b"a=1&" * (MEGABYTE // 4),
    "a broken multipart": b"--x\r\nContent-Disposition: form-data; name=\"Digits\"\r\n\r\n1",
    "other types than expected": b'{"version": [], "alerts": {"0": 1}, "payload": 7, "status": null, "routing_key": {}}',
}  # fmt: skip
ADDRESSES = (
    "/v2/enqueue", f"/intake/alertmanager/{KEYS['bank']}", f"/intake/native/{KEYS['bank']}", "/intake/%00/%ff",
    "/plivo/calls/1-1-1/answer", "/plivo/calls/1-1-1/key/0", "/plivo/calls/%00/hangup", "/plivo/calls/99999999999999999999-1-1/ring",
    "/plivo/texts/inbound", "/plivo/texts/1-1-1/status", "/slack/actions", "/incidents", "/incidents/1", "/nothing/here",
)  # fmt: skip
NOT_HTTP = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
    b"\x00" * 4096,
    b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}",
    b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    b"POST /v2/enqueue HTTP/1.1\r\nHost: \xff\xfe\r\nX-Intake-Key: \xff\x00\r\n\r\n",
    b"POST /v2/enqueue HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"POST \xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
)


def with_length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(body: bytes) -> bytes:
    parts = [body[at : at + 8192] for at in range(0, len(body), 8192)]
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def cut_off(body: bytes) -> bytes:
    """Promises more than it sends, then hangs up."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body) + 10, body)


def cut_off_in_a_chunk(body: bytes) -> bytes:
    return chunked(body + b" ").removesuffix(b"\r\n0\r\n\r\n")


def request(address: str, kind: str, framed: bytes, *headers: str) -> bytes:
    lines = (f"POST {address} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Type: {kind}", *headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n" + framed


def status(site: Site, sent: bytes) -> int:
    """What was answered; 0 for nothing but a closed door."""
    parts = urlsplit(site.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as door:
        try:
            door.sendall(sent)
            door.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has heard enough: what it answered is still to be read
        found = re.match(rb"HTTP/1\.[01] (\d{3})", _read(door))
    return int(found[1]) if found else 0


def _read(door: socket.socket) -> bytes:
    read = b""
    try:
        while some := door.recv(65536):
            read += some
    except ConnectionError:
        pass
    return read


@pytest.mark.slow
def test_no_bytes_make_the_receiver_fail(site: Site) -> None:
    """Every address with every body, in one piece, in chunks and cut off in the middle: an answer below 500, and one at all."""
    site.start("receiver")
    framings = {"whole": with_length, "chunked": chunked, "cut off": cut_off, "cut off in a chunk": cut_off_in_a_chunk}
    answers = {
        (address, kind, body, framing): status(site, request(address, kind, framings[framing](BODIES[body])))
        for address, kind, body, framing in itertools.product(ADDRESSES, (JSON, FORM, MULTIPART), BODIES, framings)
    }
    assert {tried: answer for tried, answer in answers.items() if not 200 <= answer < 500} == {}
    big = [answer for (address, _, body, _), answer in answers.items() if body == "a megabyte" and "/intake/native" in address]
    assert set(big) == {413}, "whole or in chunks"
    rubbish = [status(site, sent) for sent in NOT_HTTP]
    assert [answer for answer in rubbish if answer >= 500] == []
    # A firing alert is one, whatever characters are in it.
    nothing_came_of_it(site, but="an alert without a name")


@pytest.mark.slow
def test_not_even_plivo_itself_can_make_it_fail(site: Site) -> None:
    """Its signature is right and the form is rubbish: a phone hears XML, whatever was pressed in whatever call."""
    site.start("receiver")
    texts = ("", "\x00", "\ud83d\ude00" * 3, "1" * 5000, "<&'\">", "٣", "\N{HANGUL FILLER}", "-1")
    forms = [
        {"CallUUID": t, "Digits": t, "Event": t, "CallStatus": t, "HangupCauseCode": t, "Duration": t, "Machine": t}
        for t in texts
    ]
    answers = {}
    for what, (n, form) in itertools.product(
        ("answer", "ring", "hangup", "machine", "fallback", "key/0", "silent/3"), enumerate(forms)
    ):
        for name in ("1-1-1", "77-8-9"):
            form = {k: v.encode("utf-16", "surrogatepass").decode("utf-16") for k, v in form.items()}
            url = f"{site.url}/plivo/calls/{name}/{what}"
            headers = v3_headers("POST", url, form, f"nonce-{what}-{n}-{name}", site.sandbox.world.account.signing_tokens)
            answers[name, what, n] = site.http.post(url, data=form, headers=headers).status_code
    assert set(answers.values()) == {200}
    nothing_came_of_it(site)


def nothing_came_of_it(site: Site, but: str = "") -> None:
    """No incident, no fault in the log, and a real alert is taken as ever."""
    assert {row.summary for row in site.system.queries.incidents(open_only=False)} == ({but} if but else set())
    assert "Traceback" not in site["receiver"].said(), site["receiver"].said()[-3000:]
    assert site.alert("bank", "a real one")[0]
    assert json.loads(site.http.get(f"{site.url}/healthz").text) == {"status": "ok"}
