"""A call as Plivo places it: the answer to the request, the order of callbacks and their parameters, how it ends."""

from __future__ import annotations

import pytest

from escalation.sandbox import Habit
from tests.sandbox.product import ANN, BOB, OURS, URL, Bench, menu, say
from tests.sandbox.product import bench as make_bench


def test_a_call_is_accepted_with_201_and_a_request_uuid_and_no_call_uuid(bench: Bench) -> None:
    """The client learns nothing from the answer that Plivo's would not have told it."""
    answer = bench.call()
    assert answer.status_code == 201
    assert set(answer.json()) == {"api_id", "message", "request_uuid"}
    assert answer.json()["message"] == "call fired"


def test_nothing_is_delivered_while_a_request_is_being_answered(bench: Bench) -> None:
    """Requests only enqueue."""
    bench.call()
    assert bench.product.seen == []


def test_callbacks_come_in_plivos_order(bench: Bench) -> None:
    """Ring, answer, action, hangup."""
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(30)
    assert bench.product.story == ["ring", "answer", "keys", "hangup"]


def test_callbacks_carry_plivos_parameters_with_numbers_without_plus(bench: Bench) -> None:
    """The names a receiver reads."""
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    uuid = bench.call().json()["request_uuid"]
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(5)
    bench.world.phone(ANN).press("1")
    bench.world.advance(30)
    ring, answer, keys, hangup = (seen.params for seen in bench.product.seen)
    common = {"CallUUID", "RequestUUID", "ALegUUID", "ALegRequestUUID", "From", "To", "Direction", "CallStatus",
              "Event", "SessionStart"}  # fmt: skip
    assert all(common <= set(params) for params in (ring, answer, keys, hangup))
    assert {params["RequestUUID"] for params in (ring, answer, keys, hangup)} == {uuid}
    assert (ring["From"], ring["To"]) == (OURS[1:], ANN[1:])
    assert [params["Event"] for params in (ring, answer, hangup)] == ["Ring", "StartApp", "Hangup"]
    assert [params["CallStatus"] for params in (ring, answer, hangup)] == ["ringing", "in-progress", "completed"]
    assert (keys["Digits"], keys["InputType"]) == ("1", "dtmf")
    assert (hangup["Duration"], hangup["BillDuration"], hangup["TotalCost"]) == ("6", "60", "0.00850")
    assert (hangup["HangupCauseCode"], hangup["HangupCauseName"]) == ("4010", "End Of XML Instructions")
    assert (hangup["HangupCause"], hangup["HangupSource"]) == ("NORMAL_CLEARING", "Answer XML")


def test_call_uuid_differs_from_request_uuid_on_demand() -> None:
    """Nobody may rely on their being equal."""
    bench = make_bench(split_uuids=True)
    asked = bench.call().json()["request_uuid"]
    assert bench.api.get("Call/?status=queued").json()["calls"] == [asked]
    assert bench.api.get(f"Call/{asked}/?status=queued").json()["call_status"] == "queued"
    bench.world.advance(2)
    ring = bench.product.at("ring")[0].params
    assert ring["RequestUUID"] == asked != ring["CallUUID"]
    assert bench.api.get(f"Call/{asked}/?status=live").status_code == 404
    assert bench.api.get(f"Call/{ring['CallUUID']}/?status=live").json()["request_uuid"] == asked


def test_calls_are_dialled_two_a_second(bench: Bench) -> None:
    """The rest is queued by Plivo, not refused."""
    answers = [bench.call() for _ in range(5)]
    assert [answer.json()["message"] for answer in answers] == ["call fired"] + ["call queued"] * 4
    assert len(bench.api.get("Call/?status=queued").json()["calls"]) == 5
    bench.world.advance(10)
    dialled = [record.at for record in bench.world.log.of("call.dialled")]
    assert [round(at - dialled[0], 3) for at in dialled] == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_several_destinations_get_a_list_of_request_uuids(bench: Bench) -> None:
    """Joined with `<`, each one once."""
    bench.world.phone(BOB)
    answer = bench.call(to=f"{ANN}<{BOB}<{ANN}")
    assert len(answer.json()["request_uuid"]) == 2


@pytest.mark.parametrize(("missing"), ["from", "to", "answer_url"])
def test_a_missing_parameter_is_a_400_with_plivos_words(bench: Bench, missing: str) -> None:
    """`error` is the only key that tells."""
    body = {"from": OURS, "to": ANN, "answer_url": f"{URL}/answer"}
    answer = bench.api.post("Call/", json={name: value for name, value in body.items() if name != missing})
    assert answer.status_code == 400
    assert answer.json()["error"] == f"{missing} parameter is missing"


@pytest.mark.parametrize(
    ("habit", "status", "code", "cause", "source"),
    [
        (Habit("busy"), "busy", "3010", "USER_BUSY", "Carrier"),
        (Habit("declines"), "busy", "3020", "CALL_REJECTED", "Callee"),
        (Habit("ignores"), "timeout", "6010", "NO_ANSWER", "Plivo"),
        (Habit("ignores", after=10), "no-answer", "3000", "NO_ANSWER", "Carrier"),
        (Habit("unreachable"), "failed", "2010", "DESTINATION_OUT_OF_ORDER", "Carrier"),
    ],
)
def test_an_unanswered_call_ends_with_its_cause(
    bench: Bench, habit: Habit, status: str, code: str, cause: str, source: str
) -> None:
    """One hangup callback, nothing billed."""
    bench.world.phone(ANN, habits=[habit])
    bench.call(ring_timeout=25)
    bench.world.advance(60)
    (hangup,) = bench.product.at("hangup")
    assert (hangup.params["CallStatus"], hangup.params["HangupCauseCode"]) == (status, code)
    assert (hangup.params["HangupCause"], hangup.params["HangupSource"]) == (cause, source)
    assert (hangup.params["Duration"], hangup.params["TotalCost"], hangup.params["AnswerTime"]) == ("0", "0.00000", "")


def test_an_undeclared_number_is_not_in_service_and_is_remembered(bench: Bench) -> None:
    """A test can assert that nobody was dialled by mistake."""
    bench.call(to="+15550109123")
    bench.world.advance(5)
    assert [each.number for each in bench.world.unexpected] == ["+15550109123"]
    assert bench.product.at("hangup")[0].params["HangupCauseCode"] == "3050"


def test_a_phone_on_a_call_is_busy_for_the_next(bench: Bench) -> None:
    """One call at a time."""
    bench.product.answers = {"answer": say("words " * 100)}
    bench.talk()
    bench.call()
    bench.world.advance(5)
    assert bench.product.at("hangup")[0].params["HangupCauseCode"] == "3010"


def test_hanging_up_by_api_ends_the_call_and_says_so(bench: Bench) -> None:
    """204, then a hangup callback with the API as its source; a second time it is not found."""
    bench.product.answers = {"answer": say("words " * 100)}
    bench.talk()
    uuid = bench.world.calls[0].call_uuid
    assert bench.api.delete(f"Call/{uuid}/").status_code == 204
    assert bench.product.at("hangup") == []
    bench.world.advance()
    hangup = bench.product.at("hangup")[0].params
    assert (hangup["HangupSource"], hangup["HangupCauseCode"]) == ("API Request", "4000")
    assert bench.api.delete(f"Call/{uuid}/").status_code == 404


def test_a_queued_or_ringing_request_can_be_cancelled(bench: Bench) -> None:
    """By request_uuid; a cancelled call never rings."""
    ringing, queued = bench.call().json()["request_uuid"], bench.call().json()["request_uuid"]
    assert bench.api.delete(f"Request/{queued}/").status_code == 204
    bench.world.advance(2)
    assert bench.api.delete(f"Request/{ringing}/").status_code == 204
    bench.world.advance(10)
    assert len(bench.product.at("ring")) == 1
    assert {seen.params["HangupCauseCode"] for seen in bench.product.at("hangup")} == {"1000"}


def test_a_transfer_replaces_what_is_being_spoken(bench: Bench) -> None:
    """202, and the new XML is run instead of the rest."""
    bench.product.answers = {"answer": say("words " * 100), "elsewhere": say("You are elsewhere.")}
    bench.talk()
    uuid = bench.world.calls[0].call_uuid
    answer = bench.api.post(f"Call/{uuid}/", json={"legs": "aleg", "aleg_url": f"{URL}/elsewhere", "aleg_method": "GET"})
    assert (answer.status_code, answer.json()["message"]) == (202, "call transferred")
    bench.world.advance(10)
    assert bench.product.at("elsewhere")[0].method == "GET"
    assert bench.world.phone(ANN).heard[-1] == "You are elsewhere."
    assert bench.product.at("hangup")[0].params["HangupCauseCode"] == "4010"


def test_a_call_is_live_while_it_is_and_a_record_afterwards(bench: Bench) -> None:
    """Three views of one call, each 404 at the wrong time."""
    bench.product.answers = {"answer": say("words")}
    bench.talk()
    uuid = bench.world.calls[0].call_uuid
    assert bench.api.get("Call/?status=live").json()["calls"] == [uuid]
    assert bench.api.get(f"Call/{uuid}/?status=live").json()["call_status"] == "in-progress"
    assert bench.api.get(f"Call/{uuid}/").status_code == 404
    bench.world.advance(10)
    assert bench.api.get(f"Call/{uuid}/?status=live").status_code == 404
    record = bench.api.get(f"Call/{uuid}/").json()
    assert (record["call_state"], record["hangup_cause_code"], record["from_number"]) == ("ANSWER", 4010, OURS)
    assert bench.api.get("Call/").json()["objects"][0]["call_uuid"] == uuid


def test_lists_are_paged_with_relative_links(bench: Bench) -> None:
    """At most twenty at a time."""
    bench.world.phone(ANN, habits=[Habit("busy")])
    for _ in range(21):
        bench.call()
    bench.world.advance(60)
    page = bench.api.get("Call/?to_number=1555010").json()
    assert (len(page["objects"]), page["meta"]["total_count"]) == (20, 21)
    rest = bench.api.get("http://sandbox.test" + page["meta"]["next"]).json()
    assert (len(rest["objects"]), rest["meta"]["next"]) == (1, None)
    assert bench.api.get("Call/?hangup_cause_code=3000").json()["objects"] == []


def test_the_time_limit_cuts_an_answered_call(bench: Bench) -> None:
    """6000, counted from the answer."""
    bench.product.answers = {"answer": say("words " * 1000)}
    bench.call(time_limit=20)
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(60)
    hangup = bench.product.at("hangup")[0].params
    assert (hangup["HangupCauseCode"], hangup["Duration"]) == ("6000", "20")


def test_a_person_can_reject_and_hang_up(bench: Bench) -> None:
    """Both are heard of in the hangup callback."""
    bench.product.answers = {"answer": say("words " * 100)}
    phone = bench.world.phone(ANN)
    bench.call()
    bench.world.advance(2)
    phone.reject()
    bench.talk()
    phone.hang_up()
    bench.world.advance()
    assert [seen.params["HangupSource"] for seen in bench.product.at("hangup")] == ["Callee", "Callee"]
    assert [str(call.status) for call in phone.calls] == ["busy", "completed"]
    with pytest.raises(RuntimeError):
        phone.pick_up()


def test_a_call_without_credit_is_cancelled(bench: Bench) -> None:
    """1010, which a pager must alarm its operators about."""
    bench.world.account.cash_credits *= 0
    bench.call()
    bench.world.advance(5)
    assert bench.product.at("hangup")[0].params["HangupCauseCode"] == "1010"


def test_the_account_tells_its_credit_and_the_number_whether_it_is_ours(bench: Bench) -> None:
    """What a watcher reads."""
    assert bench.api.get("").json()["cash_credits"] == "20.00000"
    bench.world.account.numbers = (OURS,)
    assert bench.api.get(f"Number/{OURS[1:]}/").json()["voice_enabled"] is True
    assert bench.api.get("Number/15550108888/").status_code == 404
    assert [number["number"] for number in bench.api.get("Number/").json()["objects"]] == [OURS[1:]]


def test_wrong_credentials_are_a_401_that_is_not_json(bench: Bench) -> None:
    """A client must not trip over the body."""
    answer = bench.api.get("", auth=(bench.world.account.auth_id, "wrong"))
    assert answer.status_code == 401
    assert "text/html" in answer.headers["Content-Type"]


def test_more_than_300_requests_in_five_seconds_are_a_429(bench: Bench) -> None:
    """And five seconds later all is well."""
    statuses = [bench.api.get("").status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    bench.world.advance(6)
    assert bench.api.get("").status_code == 200


def test_an_unknown_resource_is_a_404_with_an_error_body(bench: Bench) -> None:
    """With or without the slash at the end."""
    answer = bench.api.get("Nonsense/1/")
    assert (answer.status_code, answer.json()["error"]) == (404, "not found")
    assert bench.api.post("Call", json={}).status_code == 400
