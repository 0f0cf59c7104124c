"""Plivo's callbacks on a real engine and SQLite: who is let in, what the phone hears, what changes and what does not."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from escalation.domain.events import Acknowledged, AttemptAccepted, AttemptClaimed, Resolved
from escalation.domain.incident import AttemptStatus, Via
from escalation.domain.links import reply_code
from escalation.domain.policy import Rung
from escalation.domain.roster import Channel
from escalation.sandbox.signer import v2_headers, v3_headers
from tests import builders
from tests.carriers.stubs import serving
from tests.webhooks.plivo import NUMBER, OLDER, TOKEN, Plivo, calling, without_database
from tests.webhooks.receiver import PUBLIC_URL, SECRET

FORM = {"CallUUID": "call-1", "CallStatus": "in-progress"}
TEXT_ONLY = builders.policy(builders.step("ann", ladder=(Rung(Channel.SMS),)), builders.step("bob"))


@pytest.fixture
def plivo(tmp_path: Path) -> Iterator[Plivo]:
    found = calling(tmp_path)
    yield found
    found.receiver.system.store.dispose()


@pytest.fixture
def ringing(plivo: Plivo) -> Plivo:
    """Incident 1: Ann's phone rings."""
    plivo.receiver.trouble()
    dial(plivo)
    return plivo


def dial(plivo: Plivo, attempt: int = 1, incident_id: int = 1) -> None:
    engine = plivo.receiver.system.engine
    engine.tell(incident_id, AttemptClaimed(attempt, 1))
    engine.tell(incident_id, AttemptAccepted(attempt, 1, "request-1"))


def status(plivo: Plivo, incident_id: int = 1) -> str:
    return plivo.receiver.status(incident_id)


def attempt(plivo: Plivo, number: int = 1) -> AttemptStatus:
    with plivo.receiver.system.store.transaction() as tx:
        incident = tx.load(1)
    assert incident is not None
    return incident.attempts[number - 1].status


def counter(plivo: Plivo, name: str) -> int:
    return plivo.receiver.system.queries.counters().get(name, 0)


# --- who is let in


def test_an_unsigned_request_is_refused_and_counted(ringing: Plivo) -> None:
    """403, and nothing but the counter changes."""
    before = ringing.receiver.story(1)
    for what in ("answer", "key/0", "hangup", "fallback", "message", "ring"):
        assert ringing.receiver.client.post(f"/plivo/calls/1-1-1/{what}", data=FORM | {"Digits": "1"}).status_code == 403
    assert (status(ringing), ringing.receiver.story(1)) == ("triggered", before)
    assert counter(ringing, "refused_callback") == 6


@pytest.mark.parametrize(
    ("tokens", "expected"), [((TOKEN, "x"), 200), (("x", TOKEN), 200), ((OLDER, "x"), 200), (("x", "y"), 403), (("", ""), 403)]
)
def test_either_signature_by_either_token_will_do(plivo: Plivo, tokens: tuple[str, str], expected: int) -> None:
    """The number's own token or the main account's, the new one or the one that is being rotated out."""
    plivo.tokens = tokens
    assert plivo.call("ring").status_code == expected


def test_the_signature_binds_the_form_and_the_address(ringing: Plivo) -> None:
    """A key changed on the way, or a signature of another address."""
    path = "/plivo/calls/1-1-1/key/0"
    headers = v3_headers("POST", PUBLIC_URL + path, FORM | {"Digits": "2"}, "n", (TOKEN, TOKEN))
    client = ringing.receiver.client
    assert client.post(path, data=FORM | {"Digits": "1"}, headers=headers).status_code == 403
    assert client.post("/plivo/calls/1-1-1/key/1", data=FORM | {"Digits": "2"}, headers=headers).status_code == 403
    assert status(ringing) == "triggered"


def test_the_host_header_decides_nothing(plivo: Plivo) -> None:
    """Behind a proxy it is another; an attacker writes what he likes. The configured URL is what was signed."""
    path, client = "/plivo/calls/1-1-1/ring", plivo.receiver.client
    headers = v3_headers("POST", PUBLIC_URL + path, FORM, "n", (TOKEN, TOKEN))
    assert client.post(path, data=FORM, headers=headers | {"Host": "internal:8000"}).status_code == 200
    headers = v3_headers("POST", "https://evil.example" + path, FORM, "n", (TOKEN, TOKEN))
    assert client.post(path, data=FORM, headers=headers | {"Host": "evil.example"}).status_code == 403


def test_the_query_is_part_of_what_was_signed(plivo: Plivo) -> None:
    """Signed with the query it came with, and refused with another."""
    path, client = "/plivo/calls/1-1-1/ring", plivo.receiver.client
    headers = v3_headers("POST", f"{PUBLIC_URL}{path}?a=1", FORM, "n", (TOKEN, TOKEN))
    assert client.post(f"{path}?a=1", data=FORM, headers=headers).status_code == 200
    assert client.post(f"{path}?a=2", data=FORM, headers=headers).status_code == 403


def test_v2_is_not_enough_for_a_call(ringing: Plivo) -> None:
    """It does not bind the key that was pressed."""
    assert ringing.post_v2("/plivo/calls/1-1-1/key/0", Digits="1", **FORM).status_code == 403


def test_a_text_may_come_with_v2_but_not_beside_a_wrong_v3(plivo: Plivo) -> None:
    """Whoever sends V3 is held to it; V1 is nothing."""
    path, client = "/plivo/texts/1-1-1/status", plivo.receiver.client
    v2 = v2_headers(PUBLIC_URL + path, "n", (TOKEN, TOKEN))
    assert client.post(path, data={"Status": "sent"}, headers=v2).status_code == 200
    assert client.post(path, data={"Status": "sent"}, headers=v2 | {"X-Plivo-Signature-V3": "x"}).status_code == 403
    assert client.post(path, data={}, headers={"X-Plivo-Signature": "x"}).status_code == 403


def test_a_v2_nonce_belongs_to_one_form(plivo: Plivo) -> None:
    """Plivo's own repeat passes; the same signature on another body was taken from somewhere."""
    path = "/plivo/texts/1-1-1/status"
    codes = [plivo.post_v2(path, nonce="once", Status=said).status_code for said in ("sent", "sent", "delivered", "sent")]
    assert codes == [200, 200, 403, 200]


def test_without_an_account_nobody_is_plivo(tmp_path: Path) -> None:
    """No token configured: an empty one signs nothing."""
    plivo = calling(tmp_path, plivo_auth_id="", plivo_auth_tokens=(), plivo_from_number="")
    plivo.tokens = ("", "")
    assert plivo.call("ring").status_code == 403


# --- what the phone hears


def test_whoever_picks_up_hears_the_reason_then_the_keys(ringing: Plivo) -> None:
    """And the machine knows that the call was answered."""
    heard = ringing.picks_up()
    assert "payments" in heard.words
    assert heard.words.index("db-1") < heard.words.index("Press 1")
    assert (heard.action, heard.redirect) == ("/plivo/calls/1-1-1/key/0", "/plivo/calls/1-1-1/silent/0")
    assert attempt(ringing) is AttemptStatus.ANSWERED


def test_1_acknowledges_and_says_so_once_it_is_true(ringing: Plivo) -> None:
    """The database has it before the phone says it."""
    heard = ringing.presses("1", ringing.picks_up())
    assert "acknowledged" in heard.words.lower()
    assert heard.hangs_up
    assert status(ringing) == "acknowledged"
    assert "Acknowledged by Ann, by phone." in ringing.receiver.story(1)


def test_9_then_1_on_one_call_repeats_and_acknowledges(ringing: Plivo) -> None:
    """Two keys, two menus: the second is not taken for a repeat of the first."""
    first = ringing.picks_up()
    second = ringing.presses("9", first)
    assert (second.words, second.action != first.action) == (first.words, True)
    ringing.presses("1", second)
    assert status(ringing) == "acknowledged"


def test_2_pages_the_next_one_and_names_them(ringing: Plivo) -> None:
    """Escalated."""
    heard = ringing.presses("2", ringing.picks_up())
    assert "Bob" in heard.words
    assert heard.hangs_up
    assert "Step 2" in ringing.receiver.story(1)


def test_a_stale_2_skips_nobody_and_says_so(ringing: Plivo) -> None:
    """The step moved on while the menu was spoken."""
    menu = ringing.picks_up()
    ringing.receiver.clock.after(minutes=6)
    ringing.receiver.system.engine.fire_due()
    heard = ringing.presses("2", menu)
    assert "nobody was skipped" in heard.words
    assert "Step 3" not in ringing.receiver.story(1)


def test_3_declines(ringing: Plivo) -> None:
    """Not the one: the next is paged."""
    heard = ringing.presses("3", ringing.picks_up())
    assert heard.hangs_up
    assert "Ann declined" in ringing.receiver.story(1)


@pytest.mark.parametrize("digit", ["7", "#", "*", "0", ""])
def test_a_wrong_key_is_called_wrong_and_the_menu_stays(ringing: Plivo, digit: str) -> None:
    """Nothing changes."""
    heard = ringing.presses(digit, ringing.picks_up())
    assert heard.words.startswith("That key means nothing")
    assert "Press 1" in heard.words
    assert status(ringing) == "triggered"


def test_silence_hears_it_three_times_and_then_it_is_over_and_not_acknowledged(ringing: Plivo) -> None:
    """Twice more, then goodbye; a 9 in between begins the count anew."""
    heard = ringing.presses("9", ringing.stays_silent(ringing.picks_up()))
    for _ in range(2):
        heard = ringing.stays_silent(heard)
        assert "Press 1" in heard.words
    heard = ringing.stays_silent(heard)
    assert "not acknowledged" in heard.words
    assert (heard.hangs_up, heard.action) == (True, "")
    assert status(ringing) == "triggered"


def test_every_menu_of_a_call_has_a_key_address_of_its_own(ringing: Plivo) -> None:
    """Whatever the order of silences, repeats and wrong keys."""
    heard, seen = ringing.picks_up(), set()
    for move in ("silent", "9", "7", "silent", "silent", "9"):
        assert heard.action not in seen
        seen.add(heard.action)
        heard = ringing.stays_silent(heard) if move == "silent" else ringing.presses(move, heard)
    assert heard.action not in seen


def test_who_was_first_is_said_and_the_call_ends(ringing: Plivo) -> None:
    """Picking up after somebody else had it: no menu, a name."""
    ringing.receiver.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    heard = ringing.picks_up()
    assert "Bob has it already" in heard.words
    assert (heard.hangs_up, heard.action) == (True, "")


def test_a_key_after_somebody_else_had_it_hears_who(ringing: Plivo) -> None:
    """Two people at the same second: both hear the truth."""
    menu = ringing.picks_up()
    ringing.receiver.system.engine.tell(1, Acknowledged("bob", Via.CONSOLE))
    assert "Bob has it already" in ringing.presses("1", menu).words


def test_a_resolved_incident_is_called_resolved(ringing: Plivo) -> None:
    """At picking up and at every key."""
    menu = ringing.picks_up()
    ringing.receiver.system.engine.tell(1, Resolved("the monitor", Via.MONITOR))
    assert "resolved" in ringing.presses("1", menu).words
    assert "resolved" in ringing.picks_up().words


def test_a_machine_gets_a_short_message_and_a_key_still_counts(ringing: Plivo) -> None:
    """A person who was taken for a machine can acknowledge."""
    heard = ringing.hears("message")
    assert "not acknowledged" in heard.words
    ringing.presses("1", heard)
    assert status(ringing) == "acknowledged"


@pytest.mark.parametrize("name", ["9-1-1", "1-9-1", "1-1-9"])
def test_a_call_that_nobody_knows_is_answered_all_the_same(ringing: Plivo, name: str) -> None:
    """A restored database: XML, never an error, and nobody else's attempt changes."""
    for what in ("answer", "message", "silent/0", "key/0"):
        assert ringing.hears(what, name).words
    assert attempt(ringing) is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("name", ["x", "1-1", "0-1-1", "1-1-1-1", "1-1-" + "9" * 30, "1-1-%31"])
def test_a_broken_name_is_answered_all_the_same(plivo: Plivo, name: str) -> None:
    """Signed, so it is Plivo's: it gets XML, and news about it is taken note of."""
    assert plivo.hears("answer", name).words if "%" not in name else plivo.call("answer", name).status_code == 403
    assert plivo.call("ring", name).status_code in (200, 403)


# --- the same again


def test_the_same_key_delivered_twice_is_one_and_is_answered_alike(ringing: Plivo) -> None:
    """Plivo asks again when our answer was lost."""
    menu = ringing.picks_up()
    first, again = ringing.presses("2", menu), ringing.presses("2", menu)
    assert first.words == again.words
    assert ringing.receiver.story(1).count("Escalated by") == 1


def test_news_delivered_twice_changes_nothing(ringing: Plivo) -> None:
    """Ring, answer and hangup, each twice."""
    over = {"HangupCauseCode": "3000", "HangupCauseName": "No Answer", "CallStatus": "no-answer", "Event": "Hangup"}
    for what, form in (("ring", {"CallStatus": "ringing"}), ("hangup", over)):
        assert ringing.call(what, **form).status_code == 200
        story = ringing.receiver.story(1)
        assert ringing.call(what, **form).status_code == 200
        assert ringing.receiver.story(1) == story
    assert attempt(ringing) is AttemptStatus.SETTLED


def test_news_of_what_does_not_exist_is_taken_note_of(ringing: Plivo) -> None:
    """Late ones and strangers' are 200: Plivo need not repeat them."""
    for name in ("9-1-1", "1-9-1"):
        for what in ("ring", "hangup", "machine"):
            assert ringing.call(what, name).status_code == 200
        assert ringing.post(f"/plivo/texts/{name}/status", Status="delivered", MessageUUID="m").status_code == 200


def test_a_machine_that_picks_up_does_not_acknowledge(ringing: Plivo) -> None:
    """Voicemail never counts."""
    ringing.picks_up()
    assert ringing.call("machine", Event="MachineDetection", Machine="true").status_code == 200
    assert status(ringing) == "triggered"
    assert "oicemail" in ringing.receiver.story(1)


# --- without a database


def test_without_a_database_the_phone_still_hears_something_and_keeps_the_menu(tmp_path: Path) -> None:
    """Nothing is called saved that is not; the key can be pressed again, in a menu of its own."""
    plivo = without_database(tmp_path)
    menu = plivo.picks_up()
    assert "incident" in menu.words
    again = plivo.presses("1", menu)
    assert "could not be saved" in again.words
    assert "cknowledged" not in again.words
    assert again.action not in ("", menu.action)
    for what in ("message", "silent/0", "fallback", "key/0"):
        assert plivo.hears(what).words


def test_without_a_database_news_is_asked_for_again(tmp_path: Path) -> None:
    """503: Plivo tries again. A forged one is still 403."""
    plivo = without_database(tmp_path)
    assert [plivo.call(what).status_code for what in ("ring", "hangup")] == [503, 503]
    assert plivo.post("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.post_v2("/plivo/texts/1-1-1/status", Status="delivered").status_code == 503
    assert plivo.text("1").status_code == 503
    assert plivo.receiver.client.post("/plivo/calls/1-1-1/ring").status_code == 403


def test_a_locked_database_is_answered_within_about_a_second(ringing: Plivo) -> None:
    """A key press waits for nobody: said to be unsaved, and it is."""
    menu = ringing.picks_up()
    path = ringing.receiver.system.settings.data_dir / "escalation.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    heard = ringing.presses("1", menu)
    took = time.monotonic() - began
    other.rollback()
    other.close()
    assert took < 1.8
    assert "could not be saved" in heard.words
    assert status(ringing) == "triggered"
    ringing.presses("1", heard)
    assert status(ringing) == "acknowledged"


def test_the_fallback_needs_no_database_and_its_key_counts(ringing: Plivo) -> None:
    """Asked for when our answer failed: what failed may work again by the time a key is pressed."""
    ringing.presses("1", ringing.hears("fallback"))
    assert status(ringing) == "acknowledged"


# --- texts


@pytest.fixture
def texted(plivo: Plivo) -> Plivo:
    """Incident 1, told to Ann by text."""
    with plivo.receiver.system.store.transaction() as tx:
        tx.apply(builders.site(policy=TEXT_ONLY), "")
    plivo.receiver.trouble()
    dial(plivo)
    return plivo


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


# --- any bytes at all


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_bytes_cause_a_500_or_change_anything(ringing: Plivo, data: st.DataObject) -> None:
    """Unsigned: 403, 404 or 405, whatever address, headers and body."""
    what = data.draw(st.sampled_from(["answer", "key/0", "hangup", "silent/1", "key/x", "key/-1", "key/" + "9" * 40, ""]))
    name = data.draw(st.sampled_from(["1-1-1", "x", "1-1-1%00", "%ff"]))
    values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
    headers = data.draw(st.dictionaries(st.sampled_from(["X-Plivo-Signature-V3", "X-Plivo-Signature-V3-Nonce"]), values))
    kind = data.draw(st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]))
    body = data.draw(st.binary(max_size=200))
    answer = ringing.receiver.client.post(f"/plivo/calls/{name}/{what}", data=body, headers=headers, content_type=kind)
    assert answer.status_code in (400, 403, 404, 405)
    assert status(ringing) == "triggered"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_nothing_that_is_signed_causes_a_500_either(ringing: Plivo, data: st.DataObject) -> None:
    """Any form: XML for the phone, 200 for news, and only a 1 acknowledges."""
    keys = st.sampled_from(["CallUUID", "CallStatus", "Digits", "Event", "Machine", "HangupCauseCode", "Duration", "TotalCost"])
    text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60).filter(lambda said: said.strip() != "1")
    form = data.draw(st.dictionaries(keys, text, max_size=6))
    what = data.draw(st.sampled_from(["answer", "key/3", "silent/1", "message", "fallback", "ring", "machine", "hangup"]))
    answer = ringing.post(f"/plivo/calls/1-1-1/{what}", **form)
    assert answer.status_code == 200
    assert status(ringing) != "acknowledged"
