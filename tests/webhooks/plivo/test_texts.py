"""Texts that people send us: believed when they are confirmed, answered, and counted once."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from werkzeug.test import TestResponse

from escalation.domain.links import reply_code
from tests import builders
from tests.carriers.stubs import serving
from tests.webhooks.plivo.line import (
    NUMBER,
    TEXT_ONLY,
    Plivo,
    calling,
    counter,
    dial,
    status,
)
from tests.webhooks.receiver import SECRET


def reply(answer: TestResponse) -> tuple[str, dict[str, str]]:
    """Words and attributes of the message that was answered with."""
    message = ET.fromstring(answer.data).find("Message")
    assert message is not None
    return message.text or "", message.attrib


def test_a_text_acknowledges_and_is_confirmed_by_text(texted: Plivo) -> None:
    """The confirmation goes back to where it came from."""
    words, attributes = reply(texted.text("1"))
    assert "acknowledged" in words
    assert attributes == {"src": NUMBER[1:], "dst": "15550100001", "type": "sms"}
    assert "Acknowledged by Ann, by sms." in texted.receiver.story(1)


def test_the_same_text_twice_is_one(texted: Plivo) -> None:
    """By its MessageUUID, whatever the nonce."""
    for _ in range(2):
        assert texted.text("2").status_code == 200
    assert texted.receiver.story(1).count("Escalated by") == 1


def test_a_strangers_text_is_met_with_little(texted: Plivo) -> None:
    """Somebody without an open page, and a form that is no text."""
    assert texted.text("hello there, who is this?", sender="15550109999").data == b""
    assert texted.post("/plivo/texts/inbound", Text="1").status_code == 200
    assert status(texted) == "triggered"


def test_stop_makes_an_address_unreachable(texted: Plivo) -> None:
    """Loudly, and without an answer: the carrier lets none through."""
    assert texted.text("STOP").data == b""
    assert "opted out" in texted.receiver.story(1)
    assert counter(texted, "opted_out") == 1


def test_what_plivo_took_a_text_for_counts(texted: Plivo) -> None:
    """It has blocked the number by now, in a language that we do not know."""
    form = {"From": "15550100001", "To": NUMBER[1:], "Text": "ARRET", "MessageUUID": "text-1", "MessageIntent": "optout"}
    assert texted.post("/plivo/texts/inbound", **form).data == b""
    assert "opted out" in texted.receiver.story(1)


def test_a_strangers_word_costs_nothing(texted: Plivo) -> None:
    """No answer goes to a number that nobody here has."""
    for number, said in enumerate(("1", "ok", "4711", "START", "STOP")):
        assert texted.text(said, sender="8821612345678", uuid=f"text-{number}").data == b""
    assert (counter(texted, "opted_out"), counter(texted, "opted_in")) == (0, 0)


def test_a_codes_page_is_the_one_that_is_meant(texted: Plivo) -> None:
    """With two open pages only the code's moves."""
    second = texted.receiver.trouble(summary="disk", key="disk")
    dial(texted, incident_id=second)
    texted.text(f"1 {reply_code(SECRET, second, 1)}")
    assert (status(texted, 1), status(texted, second)) == ("triggered", "acknowledged")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"from_number": "15550100001", "to_number": NUMBER[1:], "message_direction": "inbound"}, "acknowledged"),
        ({"from_number": "15550100002", "to_number": NUMBER[1:], "message_direction": "inbound"}, "triggered"),
        ({"from_number": "15550100001", "to_number": "15550108888", "message_direction": "inbound"}, "triggered"),
        ({"from_number": "15550100001", "to_number": NUMBER[1:], "message_direction": "outbound"}, "triggered"),
        (None, "triggered"),
    ],
)
def test_a_text_signed_v2_counts_only_when_plivo_has_it(tmp_path: Path, record: dict[str, str] | None, expected: str) -> None:
    """Its signature says nothing about who wrote: Plivo is asked for that message, from there to us."""
    answer = (200, json.dumps(record).encode()) if record else (404, b'{"error": "not found"}')
    with serving(lambda _: answer) as api:
        plivo = calling(tmp_path, plivo_api_url=api.url)
        with plivo.receiver.system.store.transaction() as tx:
            tx.apply(builders.site(policy=TEXT_ONLY), "")
        plivo.receiver.trouble()
        dial(plivo)
        form = {"From": "15550100001", "To": NUMBER[1:], "Text": "1", "MessageUUID": "text-1"}
        assert plivo.post_v2("/plivo/texts/inbound", **form).status_code == 200
    assert status(plivo) == expected
    assert len(api.asked) == 1
    assert counter(plivo, "refused_callback") == (expected == "triggered")


def test_a_text_that_cannot_be_confirmed_now_is_asked_for_again(tmp_path: Path) -> None:
    """Plivo's API is down: 503, and the repeat is looked up anew."""
    with serving(lambda _: (500, b"")) as api:
        plivo = calling(tmp_path, plivo_api_url=api.url)
        form = {"From": "15550100001", "To": NUMBER[1:], "Text": "1", "MessageUUID": "text-1"}
        codes = [plivo.post_v2("/plivo/texts/inbound", nonce="same", **form).status_code for _ in range(2)]
    assert codes == [503, 503]
    assert len(api.asked) == 2
