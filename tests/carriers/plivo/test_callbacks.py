"""Plivo's forms as events: each kind of callback, the identities that make them count once, and any garbage."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.plivo import callbacks
from escalation.carriers.plivo.callbacks import Name
from escalation.domain import events as ev
from escalation.domain.incident import Outcome
from escalation.domain.replies import ReplyAction

NAME = Name(42, 3, 1)
RINGING = {"CallUUID": "call-1", "RequestUUID": "request-1", "Event": "Ring", "CallStatus": "ringing"}
ANSWERED = RINGING | {"Event": "StartApp", "CallStatus": "in-progress"}
ENDED = RINGING | {
    "Event": "Hangup",
    "CallStatus": "completed",
    "HangupCauseCode": "4000",
    "HangupCauseName": "Normal Hangup",
    "Duration": "8",
    "BillDuration": "60",
    "TotalCost": "0.00850",
}
TEXT = {"MessageUUID": "part-1", "ParentMessageUUID": "text-1", "Status": "sent", "ErrorCode": "000"}


def test_ringing_and_answering_carry_the_calls_own_uuid() -> None:
    """The request's uuid cancels a request; transferring and hanging up need the call's."""
    assert callbacks.call_events("ring", RINGING, NAME) == [ev.AttemptRinging(3, 1, "call-1")]
    assert callbacks.call_events("answer", ANSWERED, NAME) == [ev.AttemptAnswered(3, 1, "call-1")]


def test_an_outbound_answer_counts_as_answered_while_it_is_in_progress() -> None:
    """Handlers that wait for `ringing` at this point page nobody."""
    assert isinstance(callbacks.call_events("answer", ANSWERED, NAME)[0], ev.AttemptAnswered)


@pytest.mark.parametrize(("said", "count"), [("true", 1), ("True", 1), ("false", 0), ("", 0)])
def test_a_machine_is_told_and_a_human_is_not(said: str, count: int) -> None:
    """Whether Plivo also calls for humans is unknown: it must not matter."""
    found = callbacks.call_events("machine", ANSWERED | {"Event": "MachineDetection", "Machine": said}, NAME)
    assert found == [ev.MachineDetected(3, 1, "call-1")] * count


def test_a_machine_known_at_the_answer_is_told_with_it() -> None:
    """Synchronous detection marks every later callback."""
    found = callbacks.call_events("answer", ANSWERED | {"Machine": "true"}, NAME)
    assert [type(event) for event in found] == [ev.AttemptAnswered, ev.MachineDetected]


def test_a_hangup_brings_the_outcome_and_the_bill() -> None:
    """Billed seconds and the cost go to the ledger."""
    ended = ev.AttemptEnded(3, 1, Outcome.HUNG_UP, "hung up without a key", 60, Decimal("0.00850"))
    assert callbacks.call_events("hangup", ENDED, NAME) == [ended]


@pytest.mark.parametrize(
    ("code", "permanent", "alarm"),
    [("8011", False, True), ("1010", False, True), ("3050", True, False), ("2030", True, True), ("5010", False, False)],
)
def test_a_call_that_failed_says_whose_fault_it_was(code: str, permanent: bool, alarm: bool) -> None:
    """Ours, the number's, or the network's."""
    [failed] = callbacks.call_events("hangup", ENDED | {"HangupCauseCode": code, "CallStatus": "failed"}, NAME)
    assert isinstance(failed, ev.AttemptFailed)
    assert (failed.permanent, failed.alarm, failed.code) == (permanent, alarm, code)


def test_a_hangup_posted_to_the_answer_url_is_a_hangup() -> None:
    """Plivo does that where it knows no other address: it must not count as answered."""
    [event] = callbacks.call_events("answer", ENDED, NAME)
    assert isinstance(event, ev.AttemptEnded)


def test_other_callbacks_say_nothing() -> None:
    """The fallback's and the keys' are answered, not told."""
    for what in ("fallback", "message", "key", "silent", "", "hangup2"):
        assert callbacks.call_events(what, ANSWERED, NAME) == []


def test_a_texts_status_is_told() -> None:
    """Accepted by the parent's id, which is the one we were given; delivered; undelivered with its code."""
    assert callbacks.text_events(TEXT, NAME) == [ev.AttemptAccepted(3, 1, "text-1")]
    assert callbacks.text_events(TEXT | {"Status": "delivered"}, NAME) == [ev.TextDelivered(3, 1)]
    [failed] = callbacks.text_events(TEXT | {"Status": "undelivered", "ErrorCode": "80"}, NAME)
    assert failed == ev.AttemptFailed(3, 1, False, "the phone is unavailable at the moment", False, "80")
    [stopped] = callbacks.text_events(TEXT | {"Status": "failed", "ErrorCode": "200"}, NAME)
    assert isinstance(stopped, ev.AttemptFailed)
    assert (stopped.permanent, stopped.alarm) == (True, True)
    assert callbacks.text_events(TEXT | {"Status": "dreaming"}, NAME) == []


def test_an_inbound_text_is_read_with_numbers_in_e164() -> None:
    """Plivo writes them without the plus, the roster with it."""
    form = {"MessageUUID": "m-1", "From": "15550100001", "To": "15550109999", "Text": "1 4711"}
    assert callbacks.inbound(form) == callbacks.Inbound("m-1", "+15550100001", "+15550109999", "1 4711")
    assert callbacks.inbound({"Text": "1"}) is None
    assert callbacks.e164("55512") == "55512"


@pytest.mark.parametrize(
    ("intent", "wish"),
    [("optout", ReplyAction.STOP), ("OptIn", ReplyAction.START), ("help", None), ("", None), ("x", None)],
)
def test_what_plivo_reads_in_a_text_is_told(intent: str, wish: ReplyAction | None) -> None:
    """It blocks and unblocks by its own list of words, in languages that we do not know."""
    found = callbacks.inbound({"MessageUUID": "m", "From": "15550100001", "Text": "ARRET", "MessageIntent": intent})
    assert found is not None
    assert found.wish is wish


def test_keys_count_by_menu_and_everything_else_by_status() -> None:
    """9 and then 1 are two keys; the same delivery twice is one."""
    assert callbacks.key_identity(0, ANSWERED, NAME) != callbacks.key_identity(1, ANSWERED, NAME)
    assert callbacks.key_identity(0, ANSWERED, NAME) == callbacks.key_identity(0, ANSWERED | {"Digits": "9"}, NAME)
    assert callbacks.call_identity("ring", RINGING, NAME) != callbacks.call_identity("hangup", ENDED, NAME)
    assert callbacks.text_identity(TEXT, NAME) != callbacks.text_identity(TEXT | {"Status": "delivered"}, NAME)
    assert callbacks.inbound_identity({"MessageUUID": "m-1"}) != callbacks.inbound_identity({"MessageUUID": "m-2"})


@pytest.mark.parametrize(
    ("digits", "key"), [("1", "1"), ("*", "*"), ("#", "#"), ("", ""), (" ", ""), ("12", "?"), ("١", "?"), ("a", "?")]
)
def test_a_key_is_one_of_twelve(digits: str, key: str) -> None:
    """Nothing else was on the phone; none at all is silence, which is something else than a wrong one."""
    assert callbacks.pressed({"Digits": digits}) == key


@given(st.builds(Name, *[st.integers(1, 10**9 - 1)] * 3))
def test_a_name_reads_back_from_its_text(name: Name) -> None:
    """Round trip."""
    assert Name.parse(name.text) == name


@pytest.mark.parametrize(
    "text", ["", "1-2", "1-2-3-4", "0-1-1", "01-1-1", "1-1-1\n", "a-b-c", "1-1-١", "-1-1-1", "1" * 30 + "-1-1"]
)
def test_nothing_else_is_a_name(text: str) -> None:
    """One name, one text: no second spelling of the same call."""
    assert Name.parse(text) is None


KEYS = st.sampled_from([*ENDED, *TEXT, "Machine", "Digits", "From", "To", "Text"])


@given(st.dictionaries(KEYS | st.text(), st.text()), st.sampled_from([*callbacks.READERS, "fallback", ""]), st.integers())
def test_any_form_is_read_and_every_identity_fits_its_column(form: dict[str, str], what: str, hop: int) -> None:
    """Total: whoever signs with our token can still send us anything."""
    found = [*callbacks.call_events(what, form, NAME), *callbacks.text_events(form, NAME)]
    assert all(isinstance(event, ev.AttemptEvent) for event in found)
    callbacks.inbound(form)
    callbacks.pressed(form)
    for identity in (
        callbacks.call_identity(what, form, NAME),
        callbacks.text_identity(form, NAME),
        callbacks.inbound_identity(form),
        callbacks.key_identity(hop % 10**6, form, NAME),
    ):
        assert identity.isascii()
        assert 0 < len(identity) <= 200
