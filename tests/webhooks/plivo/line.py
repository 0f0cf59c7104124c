"""Plivo as the receiver meets it: signed forms, the XML it reads. Signed by the sandbox's signer, which shares no line with ours."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree as ET

from werkzeug.test import TestResponse

from escalation.domain.events import AttemptAccepted, AttemptClaimed
from escalation.domain.incident import AttemptStatus
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.sandbox.signer import v2_headers, v3_headers
from tests import builders
from tests.webhooks.receiver import PUBLIC_URL, Receiver, receiver

FORM = {"CallUUID": "call-1", "CallStatus": "in-progress"}
TEXT_ONLY = builders.policy(builders.step("ann", ladder=(Rung(Channel.SMS),)), builders.step("bob"))
TOKEN, OLDER = "newer-token", "older-token"
NUMBER = "+15550109000"
ACCOUNT = {"plivo_auth_id": "MA" + "A" * 18, "plivo_auth_tokens": (TOKEN, OLDER), "plivo_from_number": NUMBER}


@dataclass
class Heard:
    """What the phone heard: the words, and where a key or silence leads."""

    words: str
    action: str
    redirect: str
    hangs_up: bool

    @classmethod
    def read(cls, answer: TestResponse) -> Heard:
        assert (answer.status_code, answer.content_type) == (200, "application/xml")
        document = ET.fromstring(answer.data)
        assert document.tag == "Response"
        entered, redirect = document.find("GetInput"), document.find("Redirect")
        return cls(
            " ".join(e.text or "" for e in document.iter("Speak")),
            _path(entered.get("action", "") if entered is not None else ""),
            _path(redirect.text or "" if redirect is not None else ""),
            document.find("Hangup") is not None,
        )


def _path(url: str) -> str:
    assert not url or url.startswith(f"{PUBLIC_URL}/plivo/calls/")
    return url.removeprefix(PUBLIC_URL).partition("#")[0]


@dataclass
class Plivo:
    receiver: Receiver
    call_uuid: str = "call-1"
    tokens: tuple[str, str] = (TOKEN, TOKEN)
    nonces: itertools.count[int] = field(default_factory=itertools.count)

    def with_own_client(self) -> Plivo:
        """For a thread of its own: a test client is one browser."""
        return replace(self, receiver=Receiver(self.receiver.system, self.receiver.clock))

    def post(self, path: str, **form: str) -> TestResponse:
        """Signed V3, as voice callbacks are."""
        nonce = f"n{next(self.nonces)}"
        headers = v3_headers("POST", PUBLIC_URL + path, form, nonce, self.tokens)
        return self.receiver.client.post(path, data=form, headers=headers)

    def post_v2(self, path: str, nonce: str = "", **form: str) -> TestResponse:
        """Signed V2, as texts are by the book."""
        headers = v2_headers(PUBLIC_URL + path, nonce or f"n{next(self.nonces)}", self.tokens)
        return self.receiver.client.post(path, data=form, headers=headers)

    def call(self, what: str, name: str = "1-1-1", **form: str) -> TestResponse:
        said = {"CallUUID": self.call_uuid, "RequestUUID": self.call_uuid, "CallStatus": "in-progress"} | form
        return self.post(f"/plivo/calls/{name}/{what}", **said)

    def hears(self, what: str, name: str = "1-1-1", **form: str) -> Heard:
        return Heard.read(self.call(what, name, **form))

    def follows(self, path: str, **form: str) -> Heard:
        """Goes where the last document pointed."""
        return Heard.read(self.post(path, CallUUID=self.call_uuid, CallStatus="in-progress", **form))

    def picks_up(self, name: str = "1-1-1") -> Heard:
        return self.hears("answer", name, Event="StartApp")

    def presses(self, digit: str, heard: Heard) -> Heard:
        return self.follows(heard.action, Digits=digit, InputType="dtmf")

    def stays_silent(self, heard: Heard) -> Heard:
        return self.follows(heard.redirect)

    def text(self, body: str, sender: str = "15550100001", uuid: str = "text-1") -> TestResponse:
        return self.post("/plivo/texts/inbound", From=sender, To=NUMBER[1:], Text=body, MessageUUID=uuid, Type="sms")


def calling(folder: Path, **settings: object) -> Plivo:
    """A receiver with a Plivo account."""
    return Plivo(receiver(folder, **(ACCOUNT | settings)))  # type: ignore[arg-type]


def without_database(folder: Path) -> Plivo:
    """The same, its database out of reach: a folder lies where the file should be."""
    folder.mkdir(exist_ok=True)
    found = calling(folder)
    found.receiver.system.store.dispose()
    for file in folder.glob("escalation.sqlite*"):
        file.unlink()
    (folder / "escalation.sqlite").mkdir()
    return found


def dial(plivo: Plivo, number: int = 1, incident_id: int = 1) -> None:
    """A worker has sent that attempt, and Plivo took it."""
    engine = plivo.receiver.system.engine
    engine.tell(incident_id, AttemptClaimed(number, 1))
    engine.tell(incident_id, AttemptAccepted(number, 1, "request-1"))


def status(plivo: Plivo, incident_id: int = 1) -> str:
    return plivo.receiver.status(incident_id)


def attempt(plivo: Plivo, number: int = 1) -> AttemptStatus:
    with plivo.receiver.system.store.transaction() as tx:
        incident = tx.load(1)
    assert incident is not None
    return incident.attempts[number - 1].status


def counter(plivo: Plivo, name: str) -> int:
    return plivo.receiver.system.queries.counters().get(name, 0)
