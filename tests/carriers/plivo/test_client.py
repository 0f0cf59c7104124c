"""The client against the pretend Plivo, against stubs that misbehave, and against a socket that drips."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from escalation.carriers.plivo.client import PlivoClient
from escalation.domain.roster import Channel
from escalation.errors import CarrierError, Verdict
from escalation.number_codes import Speaker
from escalation.ports import Carrier, Notice, Telephone
from escalation.sandbox import Habit, World, create_app
from tests.carriers.stubs import brief, closed_port, notice

ANN, OURS, PUBLIC = "+15550100001", "+15550109999", "http://pager.test"
CALL, TEXT = notice(Channel.VOICE, ANN), notice(Channel.SMS, ANN, brief(code="4711"))
XML = b"<Response><Speak>Hello</Speak><GetInput action='http://pager.test/key'/></Response>"


@dataclass
class Site:
    """A pretend Plivo, our client, and every request that Plivo makes to us."""

    world: World
    plivo: PlivoClient
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        self.heard.append((request.url.path, form))
        return httpx.Response(200, content=XML, headers={"Content-Type": "application/xml"})

    @property
    def story(self) -> list[str]:
        return [path.removeprefix("/plivo/") for path, _ in self.heard]


@pytest.fixture(params=[False, True], ids=["same uuids", "other call uuid"])
def site(request: pytest.FixtureRequest) -> Site:
    world = World(split_uuids=request.param)
    account = world.account
    plivo = client(httpx.WSGITransport(app=create_app(world)), auth_id=account.auth_id, token=account.auth_token)
    made = Site(world, plivo)
    world.client = httpx.Client(transport=httpx.MockTransport(made.answer))
    world.phone(ANN)
    return made


def client(transport: httpx.BaseTransport | None, *, auth_id: str = "MAX", token: str = "t", **more: Any) -> PlivoClient:
    return PlivoClient(auth_id, token, OURS, more.pop("api_url", "http://api.test"), PUBLIC, transport, **more)


def stub(answer: Callable[[httpx.Request], httpx.Response]) -> PlivoClient:
    return client(httpx.MockTransport(answer))


def saying(status: int, said: object = None, **more: Any) -> PlivoClient:
    return stub(lambda _: httpx.Response(status, json=said, **more))


def verdict(act: Callable[[], object]) -> tuple[Verdict, str]:
    with pytest.raises(CarrierError) as caught:
        act()
    assert ANN[1:] not in caught.value.reason
    assert caught.value.__cause__ is None
    return caught.value.verdict, caught.value.reason


def test_a_call_that_speaks_a_code_asks_for_its_words_and_tells_nothing_else(site: Site) -> None:
    """Only the code's row is named, and the phone is not kept busy for long."""
    site.plivo.speak_code(ANN, 7)
    site.world.advance()
    site.world.advance_to(site.world.now() + 5)
    site.world.phone(ANN).pick_up()
    site.world.advance()
    assert site.story == ["codes/7/answer"]
    assert site.heard[0][1]["To"] == ANN[1:]
    assert verdict(lambda: site.plivo.speak_code("+1<2", 7))[0] is Verdict.PERMANENT


def test_it_is_a_carrier_and_a_telephone() -> None:
    """By the ports' protocols."""
    plivo: Carrier = client(None)
    assert isinstance(plivo, Telephone)
    assert isinstance(plivo, Speaker)
    assert (plivo.name, set(plivo.channels)) == ("plivo", {Channel.VOICE, Channel.SMS})


def test_a_call_rings_is_answered_and_ends_with_callbacks_that_name_it(site: Site) -> None:
    """Placed, rung, answered, hung up: each told to an address with incident, attempt and try."""
    reference = site.plivo.send(CALL)
    site.world.advance(2)
    site.world.phone(ANN).pick_up()
    site.world.advance(1)
    site.world.phone(ANN).hang_up()
    site.world.advance(1)
    assert site.story == ["calls/42-3-1/ring", "calls/42-3-1/answer", "calls/42-3-1/hangup"]
    assert site.heard[0][1]["RequestUUID"] == reference
    asked = site.world.calls[0].request
    assert (asked.ring_timeout, asked.time_limit, asked.machine_detection) == (25, 300, "true")
    assert asked.fallback.url.startswith(f"{PUBLIC}/plivo/calls/42-3-1/fallback#")


def test_a_machine_is_told_beside_the_menu(site: Site) -> None:
    """Asynchronous detection: nobody is kept waiting."""
    site.world.phone(ANN, habits=[Habit("voicemail", after=5)])
    site.plivo.send(CALL)
    site.world.advance(12)
    assert "calls/42-3-1/machine" in site.story
    assert site.story.index("calls/42-3-1/answer") < site.story.index("calls/42-3-1/machine")


@pytest.mark.parametrize("answered", [False, True])
def test_a_call_is_hung_up_by_the_requests_name_or_its_own(site: Site, answered: bool) -> None:
    """Queued, ringing or answered; a second time is no error."""
    reference = site.plivo.send(CALL)
    site.world.advance(2)
    if answered:
        site.world.phone(ANN).pick_up()
        site.world.advance(1)
        reference = site.heard[-1][1]["CallUUID"]
    site.plivo.hang_up(reference)
    site.world.advance(1)
    assert site.world.calls[0].is_over
    site.plivo.hang_up(reference)
    assert site.story.count("calls/42-3-1/hangup") == 1


def test_an_answered_call_is_turned_into_a_message(site: Site) -> None:
    """The transfer fetches our message's address."""
    site.plivo.send(CALL)
    site.world.advance(2)
    site.world.phone(ANN).pick_up()
    site.world.advance(1)
    site.plivo.leave_message(CALL, site.heard[-1][1]["CallUUID"])
    site.world.advance(1)
    assert site.story[-1] == "calls/42-3-1/message"


def test_no_message_can_be_left_on_a_call_that_is_over(site: Site) -> None:
    """Not worth a second try."""
    assert verdict(lambda: site.plivo.leave_message(CALL, "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"))[0] is Verdict.PERMANENT


def test_a_text_is_sent_and_its_status_told(site: Site) -> None:
    """One destination, our address for its status."""
    reference = site.plivo.send(TEXT)
    site.world.advance(5)
    assert site.world.texting.messages[0].uuid == reference
    assert "Reply 1 4711 = ack" in site.world.phone(ANN).texts[0].body
    assert set(site.story) == {"texts/42-3-1/status"}
    assert [form["Status"] for _, form in site.heard] == ["queued", "sent", "delivered"]


def test_a_text_that_came_in_is_confirmed(site: Site) -> None:
    """What a V2 signature does not cover is looked up."""
    site.world.message_url = f"{PUBLIC}/plivo/texts/inbound"
    site.plivo.send(TEXT)
    site.world.advance(5)
    site.world.phone(ANN).reply("1")
    site.world.advance(1)
    uuid = site.heard[-1][1]["MessageUUID"]
    assert site.plivo.inbound(uuid) == (ANN, OURS, "inbound")
    assert site.plivo.inbound("3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36") is None


def test_it_is_alive_while_plivo_takes_us_and_there_is_money(site: Site) -> None:
    """A carrier that would refuse the next page as well is not back."""
    assert site.plivo.alive()
    assert site.plivo.balance() == Decimal(20)
    site.world.account.cash_credits = Decimal(0)
    assert not site.plivo.alive()
    site.world.account.cash_credits = Decimal(1)
    site.world.faults.down()
    assert not site.plivo.alive()


@pytest.mark.parametrize("status", [200, 500, 401, 404])
def test_alive_never_raises(status: int) -> None:
    """Asked by the timekeeper."""
    assert stub(lambda _: httpx.Response(status, text="<html>")).alive() is (status == 200)
    assert saying(200, {"billing_mode": "postpaid", "cash_credits": "0"}).alive()


def test_a_call_accepted_and_then_answered_500_is_unknown_and_dialled_once(site: Site) -> None:
    """The official SDK would ring three times."""
    site.world.faults.answer(500, on="POST Call", accept=True)
    assert verdict(lambda: site.plivo.send(CALL))[0] is Verdict.UNKNOWN
    assert len(site.world.calls) == 1


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (httpx.ConnectError, Verdict.RETRY),
        (httpx.ConnectTimeout, Verdict.RETRY),
        (httpx.PoolTimeout, Verdict.RETRY),
        (httpx.ProxyError, Verdict.RETRY),
        (httpx.UnsupportedProtocol, Verdict.CREDENTIALS),
        (httpx.LocalProtocolError, Verdict.CREDENTIALS),
        (httpx.ReadTimeout, Verdict.UNKNOWN),
        (httpx.WriteTimeout, Verdict.UNKNOWN),
        (httpx.ReadError, Verdict.UNKNOWN),
        (httpx.WriteError, Verdict.UNKNOWN),
        (httpx.CloseError, Verdict.UNKNOWN),
        (httpx.RemoteProtocolError, Verdict.UNKNOWN),
        (httpx.DecodingError, Verdict.UNKNOWN),
        (OSError, Verdict.UNKNOWN),
    ],
)
def test_only_what_was_certainly_not_sent_is_tried_again_at_once(trouble: type[Exception], expected: Verdict) -> None:
    """The phone may ring after anything else."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise trouble("what httpx says may hold the URL")

    assert verdict(lambda: stub(fail).send(CALL))[0] is expected


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {"error": "to parameter is invalid"}, Verdict.PERMANENT),
        (401, None, Verdict.CREDENTIALS),
        (403, {"error": "Calls to this destination country are barred"}, Verdict.PERMANENT),
        (403, {"error": "account blocked"}, Verdict.CREDENTIALS),
        (404, {"error": "not found"}, Verdict.CREDENTIALS),
        (429, None, Verdict.RETRY),
        (503, None, Verdict.UNKNOWN),
        (201, {"message": "call fired"}, Verdict.UNKNOWN),
        (200, ["captive portal"], Verdict.UNKNOWN),
        (201, {"request_uuid": []}, Verdict.UNKNOWN),
        (201, {"request_uuid": 7}, Verdict.UNKNOWN),
    ],
)
def test_an_answer_becomes_a_verdict(status: int, said: object, expected: Verdict) -> None:
    """By the table; a 2xx without an id is not Plivo's."""
    assert verdict(lambda: saying(status, said).send(CALL))[0] is expected


def test_geo_permissions_are_named_as_the_reason() -> None:
    """Somebody must enable the country: the timeline says so."""
    plivo = saying(403, {"error": "Calls to this destination country are barred"})
    assert "geo permissions" in verdict(lambda: plivo.send(CALL))[1]


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b"{" + b" " * 100_000])
def test_a_body_that_is_no_answer_is_unknown_after_2xx_and_the_status_after_4xx(body: bytes) -> None:
    """A proxy's page, nothing, or without end."""
    for status, expected in ((201, Verdict.UNKNOWN), (429, Verdict.RETRY)):
        plivo = stub(lambda _, status=status: httpx.Response(status, content=body))  # type: ignore[misc]
        assert verdict(lambda plivo=plivo: plivo.send(CALL))[0] is expected  # type: ignore[misc]


def test_several_uuids_and_a_refused_number_are_read() -> None:
    """As texts are answered."""
    assert saying(202, {"message_uuid": ["m-1"]}).send(TEXT) == "m-1"
    refused = saying(202, {"message_uuid": [], "invalid_number": ["x"]})
    assert verdict(lambda: refused.send(TEXT))[0] is Verdict.PERMANENT


@pytest.mark.parametrize("address", ["", "abc", "+1555<+1666", "15550100001<15550100002", "+0123456789", "sip:a b@c"])
def test_what_is_not_one_number_is_never_asked_for(address: str) -> None:
    """`<` joins several destinations."""

    def never(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    for channel in (Channel.VOICE, Channel.SMS):
        said = Notice(1, 1, 1, channel, address, timedelta(seconds=25), brief())
        assert verdict(lambda said=said: stub(never).send(said))[0] is Verdict.PERMANENT  # type: ignore[misc]


@pytest.mark.parametrize("reference", ["", ".", "..", "a/b", "../Call", "x" * 65, "ü"])
def test_without_a_proper_reference_nothing_is_hung_up(reference: str) -> None:
    """DELETE Call/ without an id would hang up every call of the account."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(204)

    plivo = stub(answer)
    plivo.hang_up(reference)
    assert plivo.inbound(reference) is None
    assert verdict(lambda: plivo.leave_message(CALL, reference))[0] is Verdict.PERMANENT
    assert asked == []


def test_hanging_up_asks_for_both_names_and_raises_when_one_of_them_may_still_ring() -> None:
    """204 for the request proves nothing about the call."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(204 if "Request" in request.url.path else 500)

    assert verdict(lambda: stub(answer).hang_up("u-1"))[0] is Verdict.UNKNOWN
    assert asked == ["/v1/Account/MAX/Request/u-1/", "/v1/Account/MAX/Call/u-1/"]


def test_the_bodies_are_what_plivo_documents() -> None:
    """Names and types, nothing else in them."""
    sent: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(202, json={"request_uuid": "r", "message_uuid": ["m"]})

    plivo = stub(answer)
    plivo.send(CALL)
    plivo.send(TEXT)
    call, text = sent
    assert (call["from"], call["to"], call["machine_detection"]) == ("15550109999", "15550100001", "true")
    assert {key for key in call if key.endswith("_method")} == {
        "answer_method",
        "ring_method",
        "hangup_method",
        "fallback_method",
        "machine_detection_method",
    }
    assert {key: text[key] for key in ("src", "dst", "type", "log", "method")} == {
        "src": "15550109999",
        "dst": "15550100001",
        "type": "sms",
        "log": "false",
        "method": "POST",
    }
    assert 5 <= int(str(text["message_expiry"])) <= 10_799


def test_a_text_with_half_a_surrogate_pair_is_sent_all_the_same() -> None:
    """What an alert says must not stop a page."""
    plivo = saying(202, {"message_uuid": ["m-1"]})
    assert plivo.send(notice(Channel.SMS, ANN, brief(summary="\ud83d down \x00"))) == "m-1"


def test_a_refused_connection_is_tried_again() -> None:
    """Nothing was sent."""
    plivo = client(None, api_url=f"http://127.0.0.1:{closed_port()}")
    assert verdict(lambda: plivo.send(CALL)) == (Verdict.RETRY, "Plivo: no connection")
