"""Everything that can be made to go wrong, at the client and at the receiver."""

from __future__ import annotations

import httpx
import pytest

from escalation.sandbox import Habit, SandboxDown, SandboxTimeout
from tests.sandbox.product import ANN, BOB, URL, Bench, menu, say
from tests.sandbox.product import bench as make_bench


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_status_before_accepting_places_nothing(bench: Bench, status: int) -> None:
    """Once; the next request is served."""
    bench.world.faults.answer(status, "POST Call")
    assert bench.call().status_code == status
    assert bench.world.calls == []
    assert bench.call().status_code == 201


def test_a_500_after_accepting_places_the_call(bench: Bench) -> None:
    """What a client must treat as unknown."""
    bench.world.faults.answer(500, "POST Call", accept=True)
    assert bench.call().status_code == 500
    assert len(bench.world.calls) == 1
    bench.world.advance(2)
    assert bench.product.story == ["ring"]


def test_a_timeout_reaches_the_client_as_a_read_timeout(bench: Bench) -> None:
    """Before accepting, nothing was placed."""
    bench.world.faults.timeout("POST Call")
    with pytest.raises(httpx.ReadTimeout) as caught:
        bench.call()
    assert isinstance(caught.value, SandboxTimeout)
    assert caught.value.request.url.path.endswith("/Call/")
    assert bench.world.calls == []


def test_a_timeout_after_accepting_places_the_call(bench: Bench) -> None:
    """The phone rings all the same."""
    bench.world.faults.timeout("POST Call", accept=True)
    with pytest.raises(httpx.ReadTimeout):
        bench.call()
    bench.world.advance(2)
    assert bench.product.story == ["ring"]


def test_down_refuses_connections_until_its_time(bench: Bench) -> None:
    """All of Plivo's API, nothing else."""
    bench.world.faults.down(until=bench.world.now() + 60)
    for _ in range(3):
        with pytest.raises(httpx.ConnectError) as caught:
            bench.call()
        assert isinstance(caught.value, SandboxDown)
    assert bench.api.get("http://sandbox.test/_sandbox/clock").status_code == 200
    bench.world.advance(60)
    assert bench.call().status_code == 201


def test_down_can_be_ended(bench: Bench) -> None:
    """By `up`."""
    bench.world.faults.down()
    bench.world.faults.up()
    assert bench.call().status_code == 201


def test_a_fault_strikes_only_what_it_names(bench: Bench) -> None:
    """`Message` leaves calls alone; `Transfer` is not `Call`."""
    bench.world.faults.answer(500, "Message", times=None)
    bench.world.faults.answer(500, "POST Transfer")
    assert bench.call().status_code == 201
    assert bench.text().status_code == 500
    assert bench.text().status_code == 500
    assert bench.api.post("Call/nonsense/", json={}).status_code == 500


def test_a_lost_callback_never_arrives(bench: Bench) -> None:
    """Plivo believes it delivered."""
    bench.world.faults.lose("Ring")
    bench.call()
    bench.world.advance(200)
    assert bench.product.story == ["hangup"]


def test_a_lost_answer_is_a_failed_fetch_and_is_tried_again(bench: Bench) -> None:
    """By the retry rule of its URL."""
    bench.product.answers = {"answer": say("At last.")}
    bench.world.faults.lose("Answer")
    bench.call(answer_url=f"{URL}/answer#rc=1&rt=2000&rp=rt")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(3.1)
    assert bench.product.story == ["ring", "answer"]
    assert bench.world.phone(ANN).heard == ["At last."]


def test_a_doubled_callback_arrives_twice_with_the_same_parameters(bench: Bench) -> None:
    """At-least-once delivery."""
    bench.world.faults.double("Hangup")
    bench.world.phone(ANN, habits=[Habit("busy")])
    bench.call()
    bench.world.advance(10)
    first, second = bench.product.at("hangup")
    assert first.params == second.params


def test_a_doubled_action_is_carried_out_once(bench: Bench) -> None:
    """The phone does not hear the answer twice."""
    bench.product.answers = {"answer": menu(), "keys": say("Thank you.")}
    bench.world.faults.double("Action", by=0)
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(20)
    assert len(bench.product.at("keys")) == 2
    assert bench.world.phone(ANN).heard.count("Thank you.") == 1


def test_a_late_callback_arrives_late(bench: Bench) -> None:
    """By as much as was asked for."""
    bench.world.faults.delay("Ring", by=90)
    bench.call(ring_timeout=20)
    bench.world.advance(200)
    assert bench.product.story == ["hangup", "ring"]
    assert bench.product.seen[1].at - bench.product.seen[0].at == 71


def test_reordered_callbacks_change_places(bench: Bench) -> None:
    """The one held back comes right after the next of the same call."""
    bench.product.answers = {"answer": say("words")}
    bench.world.faults.reorder("Ring")
    bench.talk()
    bench.world.advance(30)
    assert bench.product.story == ["answer", "ring", "hangup"]


def test_texts_may_report_delivered_before_sent(bench: Bench) -> None:
    """A receiver must not go back."""
    bench.world.faults.reorder("Status")
    bench.text()
    bench.world.advance(10)
    assert [seen.params["Status"] for seen in bench.product.at("status")] == ["sent", "queued", "delivered"]


@pytest.mark.parametrize("code", [3080, 5010])
def test_a_call_may_fail_with_any_hangup_code(bench: Bench, code: int) -> None:
    """Without ringing; for one number only, if asked."""
    bench.world.phone(BOB)
    bench.world.faults.unreachable(code, to=BOB)
    bench.call()
    bench.call(to=BOB)
    bench.world.advance(5)
    assert len(bench.product.at("ring")) == 1
    hangup = bench.product.at("hangup")[0].params
    assert (hangup["To"], hangup["HangupCauseCode"], hangup["CallStatus"]) == (BOB[1:], str(code), "failed")


def test_what_struck_is_in_the_log(bench: Bench) -> None:
    """So that a demo can show it."""
    bench.world.faults.answer(429, "POST Call")
    bench.call()
    (used,) = bench.world.log.of("fault.used")
    assert used.data["request"] == "POST Call"


def test_callbacks_go_to_the_one_host_that_is_allowed_and_nowhere_else() -> None:
    """Anything else is refused and logged."""
    bench = make_bench(callback_host="product.test")
    bench.call(ring_url="http://elsewhere.test/ring")
    bench.world.advance(200)
    assert bench.product.story == ["hangup"]
    assert [record.data["url"] for record in bench.world.log.of("callback.refused")] == ["http://elsewhere.test/ring"]
