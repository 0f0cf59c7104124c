"""What a text message sent back means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.links import reply_code
from escalation.domain.replies import Reply, ReplyAction, parse

ACK, ESCALATE, DECLINE = ReplyAction.ACKNOWLEDGE, ReplyAction.ESCALATE, ReplyAction.DECLINE


@pytest.mark.parametrize(
    "text", ["1", " 1. ", "ack", "ACK!", "Acknowledged", "ok", "Okay.", "ok thanks", "Ok, on it!", "１", "1️⃣"]
)
def test_these_acknowledge(text: str) -> None:
    """As a half-awake person types them."""
    assert parse(text) == Reply(ACK)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("4711", Reply(ACK, "4711")),
        ("1 4711", Reply(ACK, "4711")),
        ("4711 1", Reply(ACK, "4711")),
        ("ack 4711", Reply(ACK, "4711")),
        ("ok 4711 thanks", Reply(ACK, "4711")),
        ("14711", Reply(ACK, "4711")),
        ("1,4711.", Reply(ACK, "4711")),
        ("2", Reply(ESCALATE)),
        ("2 4711", Reply(ESCALATE, "4711")),
        ("4711 2", Reply(ESCALATE, "4711")),
        ("24711", Reply(ESCALATE, "4711")),
        ("escalate", Reply(ESCALATE)),
        ("3", Reply(DECLINE)),
        ("3 4711", Reply(DECLINE, "4711")),
        ("not me", Reply(DECLINE)),
    ],
)
def test_a_code_may_stand_before_or_behind_and_alone_it_acknowledges(text: str, reply: Reply) -> None:
    """The code names the page."""
    assert parse(text) == reply


@pytest.mark.parametrize(
    "text", ["STOP", "stop ", "Stop.", "STOP ALL", "stopall", "END", "quit", "CANCEL", "unsub", "UNSUBSCRIBE"]
)
def test_these_opt_out(text: str) -> None:
    """Plivo blocks us on them whatever we think."""
    assert parse(text) == Reply(ReplyAction.STOP)


@pytest.mark.parametrize("text", ["START", "start ", "Unstop", "YES", "resume", "go!"])
def test_these_opt_in(text: str) -> None:
    """And the older ones."""
    assert parse(text) == Reply(ReplyAction.START)


@pytest.mark.parametrize(
    "text",
    ["", " ", "?", "0", "4", "11", "1 2", "1 4711 4712", "0711", "ok but I am on a plane", "1 please wait", "stop calling me",
     "acknowledge nothing", "who is this", "47111", "don't ack", "Liked \"CRITICAL INC-42\"", "1" + " " * 70 + "x", "ok " * 40],
)  # fmt: skip
def test_in_doubt_nothing_is_meant(text: str) -> None:
    """A wrong acknowledgement is worse than a question back."""
    assert parse(text) == Reply(ReplyAction.UNKNOWN)


@given(st.text() | st.text("1 2 3 4711ackok.\n"))
def test_any_text_is_read(text: str) -> None:
    """Total; a code is four digits or nothing."""
    reply = parse(text)
    assert reply.code == "" or (len(reply.code) == 4 and reply.code.isascii() and reply.code.isdigit())
    assert reply.action is not ReplyAction.UNKNOWN or not reply.code


@given(st.text(min_size=1), st.integers(1, 10**6), st.integers(1, 99), st.sampled_from("123"))
def test_every_code_we_give_out_is_understood(secret: str, incident: int, page: int, key: str) -> None:
    """Whatever `links` makes, in all three spellings."""
    if any("\ud800" <= each <= "\udfff" for each in secret):
        return
    code = reply_code(secret, incident, page)
    assert parse(code) == Reply(ACK, code)
    assert parse(f"{key} {code}") == parse(f"{key}{code}") == parse(f"{code} {key}")
    assert parse(f"{key} {code}").code == code
