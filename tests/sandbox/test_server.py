"""The sandbox in a process's own threads, on loopback sockets: the official SDK talks to it, time can be skipped, mail taken.
No socket may leave this machine."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import httpx
import plivo
import plivo.rest.client
import pytest
from flask import Flask, Response, request
from plivo.exceptions import AuthenticationError, PlivoServerError, ResourceNotFoundError, ValidationError
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import validate_v3_signature
from werkzeug.serving import WSGIRequestHandler, make_server

from escalation.sandbox.calls import Target
from escalation.sandbox.server import Server
from tests.sandbox.product import ANN, OURS, menu, say

SCRIPT = f"""
phones:
  "{ANN}": {{name: Ann, habit: answers, after: 1, presses: "1", wait: 1}}
"""


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a library tries, it reaches nobody."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):  # type: ignore[index]
            raise AssertionError(f"a socket to {address}")
        return connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None: ...


class Receiver:
    """The product on a real socket; keeps what it got and whether the SDK's validators took it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bool]] = []
        self.token = ""
        app = Flask("receiver")
        app.add_url_rule("/<path>", "hook", self.hook, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def hook(self, path: str) -> Response:
        self.got.append((path, request.form.to_dict(), self._is_genuine()))
        answers = {"answer": menu(action=f"{self.url}/keys"), "keys": say("Thank you.")}
        return Response(answers.get(path, ""), mimetype="application/xml")

    def _is_genuine(self) -> bool:
        headers = request.headers
        if "X-Plivo-Signature-V3" in headers:
            nonce, signature = headers["X-Plivo-Signature-V3-Nonce"], headers["X-Plivo-Signature-V3"]
            return bool(validate_v3_signature("POST", request.url, nonce, self.token, signature, request.form.to_dict()))
        nonce, signature = headers["X-Plivo-Signature-V2-Nonce"], headers["X-Plivo-Signature-V2"]
        return bool(validate_signature(request.url, nonce, signature, self.token))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def server(receiver: Receiver) -> Iterator[Server]:
    with Server(script=SCRIPT, callback_host=receiver.url.removeprefix("http://"), smtp_port=0) as server:
        receiver.token = server.world.account.auth_token
        yield server


@pytest.fixture
def sdk(server: Server, monkeypatch: pytest.MonkeyPatch) -> plivo.RestClient:
    """The SDK sets its base per request, so the constants are patched."""
    base = f"{server.url}/v1/Account"
    for name in ("PLIVO_API_BASE_URI", "API_VOICE_BASE_URI", "API_VOICE_BASE_URI_FALLBACK_1", "API_VOICE_BASE_URI_FALLBACK_2"):
        monkeypatch.setattr(plivo.rest.client, name, base)
    account = server.world.account
    client = plivo.RestClient(account.auth_id, account.auth_token)
    client.session.trust_env = False
    return client


def until(server: Server, done: Callable[[], bool], seconds: int = 60) -> None:
    """Skip the sandbox's time second by second; nobody waits for the wall."""
    for _ in range(seconds):
        if done():
            return
        server.world.skip(1)
    raise AssertionError("it never happened")


def test_the_official_sdk_makes_a_call(server: Server, receiver: Receiver, sdk: plivo.RestClient) -> None:
    """From the request to the hangup callback, every signature genuine; then live list and record."""
    url = receiver.url
    answer = sdk.calls.create(from_=OURS, to_=ANN, answer_url=f"{url}/answer", ring_url=f"{url}/ring", hangup_url=f"{url}/hangup")
    assert (answer.message, len(answer.request_uuid)) == ("call fired", 36)
    until(server, lambda: any(path == "answer" for path, _, _ in receiver.got))
    (uuid,) = sdk.live_calls.list_ids().calls
    assert sdk.live_calls.get(uuid).call_status == "in-progress"
    until(server, lambda: any(path == "hangup" for path, _, _ in receiver.got))
    assert [path for path, _, _ in receiver.got] == ["ring", "answer", "keys", "hangup"]
    assert all(genuine for _, _, genuine in receiver.got)
    assert sdk.calls.get(uuid).hangup_cause_code == 4010
    assert [call.call_uuid for call in sdk.calls.list()] == [uuid]


def test_the_official_sdk_sends_a_message(server: Server, receiver: Receiver, sdk: plivo.RestClient) -> None:
    """Delivered, with V2 signatures that its validator takes."""
    answer = sdk.messages.create(src=OURS, dst=ANN, text="page", url=f"{receiver.url}/status")
    until(server, lambda: len(receiver.got) == 3)
    assert [params["Status"] for _, params, _ in receiver.got] == ["queued", "sent", "delivered"]
    assert all(genuine for _, _, genuine in receiver.got)
    record = sdk.messages.get(answer.message_uuid[0])
    assert (record.message_state, record.to_number) == ("delivered", ANN[1:])
    assert [text.body for text in server.world.phone(ANN).texts] == ["page"]


def test_the_official_sdk_controls_calls(server: Server, receiver: Receiver, sdk: plivo.RestClient) -> None:
    """Transfer, hang up, cancel, queued list."""
    asked = sdk.calls.create(from_=OURS, to_=ANN, answer_url=f"{receiver.url}/answer")
    sdk.calls.create(from_=OURS, to_=ANN, answer_url=f"{receiver.url}/answer", hangup_url=f"{receiver.url}/hangup")
    until(server, lambda: any(path == "answer" for path, _, _ in receiver.got))
    uuid = server.world.switchboard.by_request_uuid(asked.request_uuid).call_uuid  # type: ignore[union-attr]
    assert sdk.calls.transfer(uuid, legs="aleg", aleg_url=f"{receiver.url}/elsewhere").message == "call transferred"
    until(server, lambda: any(path == "elsewhere" for path, _, _ in receiver.got))
    with pytest.raises(ResourceNotFoundError):
        sdk.calls.hangup(uuid)
    queued = sdk.calls.create(from_=OURS, to_=ANN, answer_url=f"{receiver.url}/answer")
    sdk.calls.cancel(queued.request_uuid)
    assert sdk.queued_calls.list_ids().calls == []


def test_the_official_sdk_raises_its_own_errors(server: Server, sdk: plivo.RestClient) -> None:
    """Ours are read as Plivo's."""
    with pytest.raises(ValidationError):
        sdk.messages.create(src=OURS, dst="12", text="page")
    with pytest.raises(ResourceNotFoundError):
        sdk.messages.get("nonsense")
    server.world.faults.answer(500, "POST Message")
    with pytest.raises(PlivoServerError):
        sdk.messages.create(src=OURS, dst=ANN, text="page")
    assert sdk.account.get().cash_credits == "20.00000"
    sdk.session.auth = (server.world.account.auth_id, "wrong")
    with pytest.raises(AuthenticationError):
        sdk.account.get()


def test_the_sdk_posts_a_call_again_after_a_500_that_was_accepted(server: Server, sdk: plivo.RestClient) -> None:
    """The trap that makes our own client necessary."""
    server.world.faults.answer(500, "POST Call", accept=True)
    sdk.calls.create(from_=OURS, to_=ANN, answer_url="http://127.0.0.1:1/answer")
    assert len(server.world.calls) == 2


def test_a_running_server_holds_the_line_or_cuts_it(server: Server) -> None:
    """A time-out is a read timeout at the client, `down` a connection that is closed without an answer."""
    account = server.world.account
    base = f"{server.url}/v1/Account/{account.auth_id}/"
    with httpx.Client(auth=(account.auth_id, account.auth_token), timeout=0.2, trust_env=False) as client:
        server.world.faults.timeout("GET Account", by=0.6)
        with pytest.raises(httpx.ReadTimeout):
            client.get(base)
        server.world.faults.down("GET Account", times=1)
        with pytest.raises(httpx.TransportError):
            client.get(base)
        assert client.get(base, timeout=5).status_code == 200


def test_time_can_be_skipped_through_the_control_api(server: Server) -> None:
    """What would have happened meanwhile has happened when it answers."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        before = client.get("/_sandbox/clock").json()["now"]
        server.world.texting.send(OURS[1:], ANN[1:], "page", Target())
        after = client.post("/_sandbox/clock", json={"advance": 3600}).json()["now"]
        assert 3600 <= after - before < 3630
        assert [text["body"] for text in client.get(f"/_sandbox/phones/{ANN}").json()["texts"]] == ["page"]


def test_mail_is_taken_and_kept(server: Server) -> None:
    """As smtplib sends it, dots and umlauts included; a fault refuses it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "pager@example.com", "ann@example.com", "Störung"
    mail.set_content("First line\n.\n..second\n")
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=5) as client:
        client.login("anybody", "anything")
        client.send_message(mail)
        server.world.faults.answer(451, "Mail")
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(mail)
    (kept,) = server.world.mailbox
    assert (kept.sender, kept.recipients, kept.subject) == ("pager@example.com", ("ann@example.com",), "Störung")
    assert kept.text == "First line\n.\n..second\n"


def test_callbacks_to_another_host_are_refused(server: Server, sdk: plivo.RestClient) -> None:
    """The only host is the one given at the start."""
    sdk.calls.create(from_=OURS, to_=ANN, answer_url="http://192.0.2.1/answer")
    until(server, lambda: bool(server.world.log.of("callback.refused")))
    until(server, lambda: bool(server.world.log.of("call.ended")))
    assert server.world.calls[0].hangup.code == 7011  # type: ignore[union-attr]


def test_it_listens_on_loopback(server: Server) -> None:
    """Unless somebody says otherwise."""
    assert server.url.startswith("http://127.0.0.1:")
