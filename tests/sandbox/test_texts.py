"""Texts out and in: parts, states, status callbacks, error codes, the STOP list, retries."""

from __future__ import annotations

from itertools import pairwise

import pytest

from escalation.sandbox import Reply
from escalation.sandbox.encoding import is_too_long, parts
from tests.sandbox.product import ANN, BOB, OURS, URL, Bench
from tests.sandbox.product import bench as make_bench


def statuses(bench: Bench) -> list[tuple[str, str]]:
    return [(seen.params["Status"], seen.params["ErrorCode"]) for seen in bench.product.at("status")]


def test_a_text_is_accepted_with_202_and_arrives(bench: Bench) -> None:
    """Queued, sent, delivered; the phone has it."""
    answer = bench.text(text="page")
    assert answer.status_code == 202
    assert answer.json()["message"] == "message(s) queued"
    bench.world.advance(10)
    assert statuses(bench) == [("queued", "000"), ("sent", "000"), ("delivered", "000")]
    (text,) = bench.world.phone(ANN).texts
    assert (text.body, text.sender) == ("page", OURS[1:])


def test_status_callbacks_carry_plivos_parameters(bench: Bench) -> None:
    """Numbers without plus, the parent's uuid being the one the client got."""
    (uuid,) = bench.text().json()["message_uuid"]
    bench.world.advance(10)
    params = bench.product.at("status")[-1].params
    assert (params["ParentMessageUUID"], params["MessageUUID"], params["PartInfo"]) == (uuid, uuid, "1 of 1")
    assert (params["From"], params["To"], params["Units"], params["Sequence"]) == (OURS[1:], ANN[1:], "1", "3")


def test_each_part_reports_for_itself(bench: Bench) -> None:
    """161 characters are two parts."""
    bench.text(text="x" * 161)
    bench.world.advance(10)
    delivered = [seen.params for seen in bench.product.at("status") if seen.params["Status"] == "delivered"]
    assert [params["PartInfo"] for params in delivered] == ["1 of 2", "2 of 2"]
    assert len({params["MessageUUID"] for params in delivered}) == 2


def test_the_callbacks_method_is_the_one_asked_for(bench: Bench) -> None:
    """GET puts the parameters into the query."""
    bench.text(method="GET")
    bench.world.advance(10)
    assert {seen.method for seen in bench.product.at("status")} == {"GET"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"src": OURS, "text": "x"}, "dst parameter is missing"),
        ({"src": OURS, "dst": ANN}, "text parameter is missing"),
        ({"dst": ANN, "text": "x"}, "src parameter is missing"),
        ({"src": OURS, "dst": "12", "text": "x"}, "dst parameter is invalid"),
        ({"src": ANN, "dst": ANN, "text": "x"}, "src and dst parameters cannot be the same"),
        ({"src": OURS, "dst": ANN, "text": "x" * 1601}, "text parameter is too long"),
    ],
)
def test_a_bad_request_is_a_400_with_a_reason(bench: Bench, body: dict[str, str], error: str) -> None:
    """And nothing is sent."""
    answer = bench.api.post("Message/", json=body)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert bench.world.texting.messages == []


def test_malformed_destinations_among_good_ones_are_named(bench: Bench) -> None:
    """The good ones are sent to."""
    answer = bench.text(to=f"{ANN}<12<{ANN}").json()
    assert (answer["invalid_number"], len(answer["message_uuid"])) == (["12"], 1)


def test_a_number_nobody_declared_gets_nothing_and_is_remembered(bench: Bench) -> None:
    """Error 50."""
    bench.text(to=BOB)
    bench.world.advance(10)
    assert statuses(bench)[-1] == ("undelivered", "50")
    assert [(each.number, each.kind) for each in bench.world.unexpected] == [(BOB, "text")]


@pytest.mark.parametrize("code", ["20", "80", "300", "420", "999"])
def test_any_error_code_on_demand(bench: Bench, code: str) -> None:
    """Undelivered or failed, once or as often as wanted."""
    bench.world.faults.undelivered(code, to=ANN, status="failed")
    bench.text()
    bench.world.advance(10)
    bench.text()
    bench.world.advance(10)
    assert statuses(bench)[2] == ("failed", code)
    assert statuses(bench)[-1] == ("delivered", "000")


def test_without_credit_a_text_fails_with_900(bench: Bench) -> None:
    """Still accepted with 202."""
    bench.world.account.cash_credits *= 0
    assert bench.text().status_code == 202
    bench.world.advance(10)
    assert statuses(bench)[-1] == ("failed", "900")


def test_after_stop_texts_are_accepted_and_fail_with_200_until_start(bench: Bench) -> None:
    """The product hears of both, with their intent."""
    phone = bench.world.phone(ANN)
    bench.text()
    bench.world.advance(10)
    phone.reply("Stop ")
    bench.world.advance()
    assert bench.text().status_code == 202
    bench.world.advance(10)
    assert statuses(bench)[-1] == ("failed", "200")
    phone.reply("START")
    bench.text()
    bench.world.advance(10)
    assert statuses(bench)[-1] == ("delivered", "000")
    inbound = [seen.params for seen in bench.product.at("inbound")]
    assert [params["MessageIntent"] for params in inbound] == ["optout", "optin"]
    assert len(phone.texts) == 2


def test_a_reply_is_posted_to_the_message_url(bench: Bench) -> None:
    """To the number that had texted."""
    bench.text()
    bench.world.advance(10)
    bench.world.phone(ANN).reply("1 k7")
    bench.world.advance()
    params = bench.product.at("inbound")[0].params
    assert (params["From"], params["To"], params["Text"]) == (ANN[1:], OURS[1:], "1 k7")
    assert "MessageIntent" not in params
    record = bench.api.get(f"Message/{params['MessageUUID']}/").json()
    assert (record["message_direction"], record["from_number"]) == ("inbound", ANN[1:])


def test_a_phone_may_have_the_habit_of_replying(bench: Bench) -> None:
    """With what it found in the text."""
    bench.world.phone(ANN).answers_texts = Reply("1 {found}", after=5, find=r"code (\w+)")
    bench.text(text="Disk full. Reply 1 with code k7.")
    bench.world.advance(20)
    assert bench.product.at("inbound")[0].params["Text"] == "1 k7"


def test_a_callback_that_is_refused_is_repeated_after_60_120_and_240_seconds(bench: Bench) -> None:
    """Then never again."""
    bench.product.answers = {"inbound": 503}
    bench.world.phone(ANN).reply("1", to=OURS)
    bench.world.advance(2000)
    times = [seen.at for seen in bench.product.at("inbound")]
    assert [later - sooner for sooner, later in pairwise(times)] == [60, 120, 240]


def test_message_records_are_listed_and_filtered_without_the_text(bench: Bench) -> None:
    """As Plivo keeps them."""
    (uuid,) = bench.text().json()["message_uuid"]
    bench.world.advance(10)
    listed = bench.api.get("Message/?message_state=delivered&to_number=" + ANN[1:]).json()["objects"]
    assert [each["message_uuid"] for each in listed] == [uuid]
    assert "text" not in bench.api.get(f"Message/{uuid}/").json()
    assert bench.api.get("Message/?message_state=failed").json()["objects"] == []
    assert bench.api.get("Message/nonsense/").status_code == 404


def test_texts_leave_five_a_second() -> None:
    """In order."""
    bench = make_bench(texts_per_second=5)
    for number in range(10):
        bench.text(text=str(number), url="")
    bench.world.advance(20)
    times = [text.at for text in bench.world.phone(ANN).texts]
    assert round(times[-1] - times[0], 3) == 1.8
    assert [text.body for text in bench.world.phone(ANN).texts] == [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2)],
)
def test_parts_are_counted_in_septets_or_utf16_units(text: str, expected: int) -> None:
    """An extension character takes two septets, an emoji two units."""
    assert parts(text) == expected


def test_the_longest_text() -> None:
    """1,600 septets or 737 units."""
    assert not is_too_long("x" * 1600)
    assert is_too_long("x" * 1601)
    assert not is_too_long("ж" * 737)
    assert is_too_long("ж" * 738)


def test_status_url_is_optional(bench: Bench) -> None:
    """No URL, no callbacks."""
    bench.text(url="")
    bench.world.advance(10)
    assert bench.product.seen == []
    assert URL not in str(bench.world.faults.pending)
