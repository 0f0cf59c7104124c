"""What the phone hears: the XML interpreter, its fetches and retries, and what Plivo refuses."""

from __future__ import annotations

import httpx
import pytest

from escalation.sandbox import Habit
from tests.sandbox.product import ANN, URL, Bench, menu, say


def hangup_code(bench: Bench) -> str:
    return bench.product.at("hangup")[0].params["HangupCauseCode"]


def test_elements_run_in_order_and_take_their_time(bench: Bench) -> None:
    """Speaking is 14 characters a second."""
    bench.product.answers = {
        "answer": "<Response><Speak>" + "x" * 140 + "</Speak><Wait length='5'/><Speak>End</Speak></Response>"
    }
    bench.talk()
    bench.world.advance(14)
    assert len(bench.world.phone(ANN).heard) == 1
    bench.world.advance(2)
    assert bench.world.phone(ANN).heard[1] == "End"


def test_a_key_interrupts_the_words_and_posts_digits(bench: Bench) -> None:
    """A sleeper presses before the sentence is over."""
    bench.product.answers = {"answer": menu("words " * 50), "keys": say("Thank you.")}
    bench.talk()
    bench.world.advance(1)
    bench.world.phone(ANN).press("1")
    bench.world.advance()
    assert bench.product.at("keys")[0].params["Digits"] == "1"
    assert bench.world.phone(ANN).heard[-1] == "Thank you."


def test_a_key_outside_a_menu_is_heard_by_nobody(bench: Bench) -> None:
    """And does no harm."""
    bench.product.answers = {"answer": say("words " * 50)}
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(1)
    assert bench.product.story == ["ring", "answer"]


def test_no_input_goes_on_to_the_next_element_without_calling_the_action(bench: Bench) -> None:
    """The patience is counted from the end of the prompt."""
    bench.product.answers = {"answer": menu("x" * 28, after="<Speak>Bye.</Speak>", executionTimeout=6)}
    bench.talk()
    bench.world.advance(7.9)
    assert bench.world.phone(ANN).heard == ["x" * 28]
    bench.world.advance(0.2)
    assert bench.world.phone(ANN).heard[-1] == "Bye."
    assert bench.product.at("keys") == []


def test_several_digits_end_with_the_finish_key_or_with_a_pause(bench: Bench) -> None:
    """The finish key is not among the digits."""
    bench.product.answers = {"answer": menu(numDigits=5), "keys": menu(numDigits=5)}
    bench.talk()
    bench.world.phone(ANN).press("12#")
    bench.world.advance()
    bench.world.phone(ANN).press("34")
    bench.world.advance(3)
    assert [seen.params["Digits"] for seen in bench.product.at("keys")] == ["12", "34"]


def test_redirect_false_informs_and_goes_on(bench: Bench) -> None:
    """The answer of the action is not run."""
    bench.product.answers = {"answer": menu(redirect="false", after="<Speak>On.</Speak>"), "keys": say("Never heard.")}
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(5)
    assert bench.world.phone(ANN).heard[-1] == "On."


def test_getdigits_asks_again_as_often_as_it_was_told(bench: Bench) -> None:
    """Then the next element, without the action."""
    xml = f'<Response><GetDigits action="{URL}/keys" timeout="5" retries="2"><Speak>Key?</Speak></GetDigits></Response>'
    bench.product.answers = {"answer": xml}
    bench.talk()
    bench.world.advance(20)
    assert bench.world.phone(ANN).heard == ["Key?", "Key?"]
    assert hangup_code(bench) == "4010"


def test_redirect_fetches_and_replaces(bench: Bench) -> None:
    """By its own method."""
    bench.product.answers = {
        "answer": f'<Response><Redirect method="GET">{URL}/more</Redirect><Speak>Never.</Speak></Response>',
        "more": say("More."),
    }
    bench.talk()
    bench.world.advance(5)
    assert bench.world.phone(ANN).heard == ["More."]
    assert bench.product.at("more")[0].method == "GET"


def test_redirects_in_a_circle_end_as_a_loop(bench: Bench) -> None:
    """After seventy hops."""
    bench.product.answers = {"answer": f"<Response><Redirect>{URL}/answer</Redirect></Response>"}
    bench.talk()
    bench.world.advance(5)
    assert hangup_code(bench) == "2060"


def test_hangup_ends_the_call_now_or_on_schedule(bench: Bench) -> None:
    """Scheduled, what follows it is spoken meanwhile."""
    bench.product.answers = {"answer": '<Response><Hangup schedule="3"/><Speak>' + "x" * 140 + "</Speak></Response>"}
    bench.talk()
    bench.world.advance(5)
    hangup = bench.product.at("hangup")[0].params
    assert (hangup["HangupCauseCode"], hangup["HangupSource"], hangup["Duration"]) == ("4000", "Answer XML", "3")


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "hello",
        "<Response><Say>No.</Say></Response>",
        "<Response><speak>No.</speak></Response>",
        "<response><Speak>No.</Speak></response>",
        "<Response><Speak>No.</Response>",
        "<Response><Transfer/></Response>",
        "<Response><Speak></Speak></Response>",
        "<Response><GetInput><Speak>No action.</Speak></GetInput></Response>",
        f'<Response><GetInput action="{URL}/k" executionTimeout="3"><Speak>Short.</Speak></GetInput></Response>',
        f'<Response><GetInput action="{URL}/k"><Hangup/></GetInput></Response>',
        "<Response><Wait length='zero'/></Response>",
        "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><Response><Speak>&a;</Speak></Response>",
        "<Response>" + "<Wait/>" * 20_000 + "</Response>",
    ],
)
def test_what_is_not_plivo_xml_drops_the_call_with_8011(bench: Bench, xml: str) -> None:
    """As Plivo does, source Error."""
    bench.product.answers = {"answer": xml}
    bench.talk()
    bench.world.advance(5)
    assert hangup_code(bench) == "8011"
    assert bench.product.at("hangup")[0].params["HangupSource"] == "Error"


def test_an_empty_response_ends_the_call_with_4010(bench: Bench) -> None:
    """It is valid XML."""
    bench.product.answers = {"answer": "<Response/>"}
    bench.talk()
    bench.world.advance(5)
    assert hangup_code(bench) == "4010"


@pytest.mark.parametrize(("broken", "code"), [(500, "7012"), ("", "8012")])
def test_a_broken_action_drops_the_call_with_its_own_code(bench: Bench, broken: object, code: str) -> None:
    """7012 when it cannot be had, 8012 when it is no XML."""
    bench.product.answers = {"answer": menu(), "keys": broken}
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(5)
    assert hangup_code(bench) == code


def test_a_relative_action_is_an_invalid_url(bench: Bench) -> None:
    """7022: Plivo wants it whole."""
    bench.product.answers = {"answer": menu(action="/keys")}
    bench.talk()
    bench.world.phone(ANN).press("1")
    bench.world.advance(5)
    assert hangup_code(bench) == "7022"


def test_an_answer_url_that_fails_is_replaced_by_the_fallback(bench: Bench) -> None:
    """At once for a 5xx: by default only time-outs are tried again."""
    bench.product.answers = {"answer": 500, "fallback": say("Fallback.")}
    bench.call(fallback_url=f"{URL}/fallback")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(5)
    assert bench.product.story == ["ring", "answer", "fallback", "hangup"]
    assert bench.world.phone(ANN).heard == ["Fallback."]


def test_without_a_usable_fallback_the_call_is_dropped_with_7011(bench: Bench) -> None:
    """Our server failed, and the code says so."""
    bench.product.answers = {"answer": 503, "fallback": 503}
    bench.call(fallback_url=f"{URL}/fallback")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(5)
    assert hangup_code(bench) == "7011"


def test_a_timeout_is_tried_again_once_after_it_was_waited_for(bench: Bench) -> None:
    """Forty seconds of silence on the phone, in virtual time."""
    bench.product.answers = {"answer": [httpx.ReadTimeout("slow"), say("Late.")]}
    bench.talk()
    bench.world.advance(39)
    assert len(bench.product.at("answer")) == 1
    bench.world.advance(5)
    assert bench.world.phone(ANN).heard == ["Late."]


def test_the_fragment_sets_retries_and_is_neither_sent_nor_signed(bench: Bench) -> None:
    """`#rc=2&rp=5xx`: three tries in all."""
    bench.product.answers = {"a": 500}
    bench.call(answer_url=f"{URL}/a?x=1#rc=2&rp=5xx")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(10)
    assert [seen.url for seen in bench.product.at("a")] == [f"{URL}/a?x=1"] * 3
    assert hangup_code(bench) == "7011"


def test_the_fragments_read_timeout_is_kept(bench: Bench) -> None:
    """`#rt=3000&rc=1`."""
    bench.product.answers = {"a": [httpx.ReadTimeout("slow"), say("Late.")]}
    bench.call(answer_url=f"{URL}/a#rt=3000&rc=1&rp=rt")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(4)
    assert bench.world.phone(ANN).heard == ["Late."]


def test_a_hangup_callback_is_repeated_as_its_fragment_asks(bench: Bench) -> None:
    """`#rc=5&rp=all`: a receiver without its database is called again."""
    bench.product.answers = {"hangup": [503, 503, ""]}
    bench.world.phone(ANN, habits=[Habit("busy")])
    bench.call(hangup_url=f"{URL}/hangup#rc=5&rp=all")
    bench.world.advance(20)
    assert len(bench.product.at("hangup")) == 3


def test_a_machine_is_told_of_asynchronously_while_the_xml_runs(bench: Bench) -> None:
    """Two seconds after the answer."""
    bench.product.answers = {"answer": say("words " * 50)}
    bench.world.phone(ANN, habits=[Habit("voicemail", after=5)])
    bench.call(machine_detection="true", machine_detection_url=f"{URL}/machine")
    bench.world.advance(20)
    assert bench.product.story == ["ring", "answer", "machine"]
    machine = bench.product.at("machine")[0]
    assert (machine.params["Event"], machine.params["Machine"]) == ("MachineDetection", "true")
    assert (machine.params["CallStatus"], machine.params["IfMachine"]) == ("in-progress", "continue")
    assert machine.at - bench.product.at("answer")[0].at == 2


def test_machine_detection_may_hang_up(bench: Bench) -> None:
    """9100, with the flag in the hangup callback."""
    bench.product.answers = {"answer": say("words " * 50)}
    bench.world.phone(ANN).machine = True
    bench.call(machine_detection="hangup", machine_detection_url=f"{URL}/machine")
    bench.world.advance(30)
    hangup = bench.product.at("hangup")[0].params
    assert (hangup["HangupCauseCode"], hangup["Machine"]) == ("9100", "true")


def test_synchronous_detection_delays_the_answer_url_and_flags_it(bench: Bench) -> None:
    """Machine=true on every later URL."""
    bench.product.answers = {"answer": say("words")}
    bench.world.phone(ANN, habits=[Habit("voicemail", after=5)])
    bench.call(machine_detection="true")
    bench.world.advance(20)
    assert bench.product.at("answer")[0].params["Machine"] == "true"


def test_a_person_is_not_announced_as_a_machine(bench: Bench) -> None:
    """No callback unless `detects_humans`."""
    bench.product.answers = {"answer": say("words " * 50)}
    bench.call(machine_detection="true", machine_detection_url=f"{URL}/machine")
    bench.world.advance(2)
    bench.world.phone(ANN).pick_up()
    bench.world.advance(10)
    assert bench.product.at("machine") == []


def test_a_conference_holds_the_call_until_somebody_hangs_up(bench: Bench) -> None:
    """And tells who comes and goes."""
    xml = f'<Response><Conference callbackUrl="{URL}/room">INC-42</Conference><Speak>Never.</Speak></Response>'
    bench.product.answers = {"answer": xml}
    bench.talk()
    bench.world.advance(300)
    bench.world.phone(ANN).hang_up()
    bench.world.advance()
    assert [seen.params["ConferenceAction"] for seen in bench.product.at("room")] == ["enter", "exit"]
    assert bench.world.phone(ANN).heard == ["[joins conference INC-42]"]
