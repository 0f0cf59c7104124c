"""Codes for numbers: what they are made of, how long they count, how often they may be guessed at, how many go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.domain import verification_words as words
from escalation.domain.roster import Channel, ContactMethod, Responder, Roster
from escalation.domain.segments import is_gsm7, segments
from escalation.domain.verification import (
    LASTS,
    MOST,
    TRIES,
    WITHIN,
    Code,
    Number,
    Way,
    digits,
    fitting,
    mark,
    may_send_at,
    newest,
    numbers,
    standings,
    typed,
)
from tests.builders import NIGHT, PHONES, person, roster

SECRET = "a secret of these tests"
secrets = st.text(min_size=1, max_size=40)
nonces = st.text("0123456789abcdef", min_size=32, max_size=32)
spans = st.timedeltas(timedelta(0), timedelta(hours=3))


def code(
    nonce: str = "n", *, id: int = 1, at: datetime = NIGHT, tries: int = 0, address: str = PHONES["ann"], used: bool = False
) -> Code:
    return Code(id, mark(SECRET, address), nonce, at, tries, used)


@given(secrets, nonces)
def test_a_code_is_six_digits_and_the_same_each_time(secret: str, nonce: str) -> None:
    """Whoever speaks it and whoever checks it make it for themselves."""
    said = digits(secret, code(nonce))
    assert (len(said), said.isdecimal(), said.isascii()) == (6, True, True)
    assert said == digits(secret, code(nonce, id=7, tries=3))


def test_codes_of_other_nonces_numbers_and_secrets_are_others() -> None:
    """Of a thousand hardly two are alike, and each digit is anything."""
    made = [digits(SECRET, code(f"{n:032x}")) for n in range(1000)]
    assert len({*made}) > 990
    assert all({said[place] for said in made} == {*"0123456789"} for place in range(6))
    assert len({digits(SECRET, code(address=number)) for number in PHONES.values()} | {digits("another", code())}) == 4


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_of_a_number_only_a_mark_is_kept(address: str) -> None:
    """It fits its column, does not show the number, and is another under another secret."""
    kept = mark(SECRET, address)
    assert (len(kept), address[1:] in kept, kept == mark(SECRET, address)) == (64, False, True)
    assert kept != mark("another secret", address)


def test_what_is_kept_shows_nothing_when_it_is_printed() -> None:
    """Neither the number nor what a code is made of."""
    assert PHONES["ann"] not in repr(Number("mobile", PHONES["ann"], is_texted=True))
    assert str(Number("mobile", PHONES["ann"], is_texted=True)) == "mobile +1•••••••001"
    assert "secret-nonce" not in repr(code("secret-nonce"))


@given(st.integers(0, 10), spans, st.booleans())
def test_a_code_counts_for_ten_minutes_and_five_tries_and_once(tries: int, later: timedelta, used: bool) -> None:
    """Whatever is typed in afterwards fits nothing."""
    sent, now = code(tries=tries, used=used), NIGHT + later
    counts = tries < TRIES and later < LASTS and not used
    assert sent.is_live(now) is counts
    assert fitting(SECRET, [sent], digits(SECRET, sent), now) == (sent if counts else None)


@given(nonces, st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_only_the_code_itself_fits(nonce: str, given: str) -> None:
    """And no other of a million."""
    sent = code(nonce)
    assert (fitting(SECRET, [sent], given, NIGHT) == sent) is (given == digits(SECRET, sent))


def test_the_last_code_to_a_number_takes_the_place_of_those_before() -> None:
    """Of each number one; whichever came first out of the database."""
    first, second, other = code("a", id=1), code("b", id=2), code("c", id=3, address=PHONES["bob"])
    assert newest([second, other, first]) == [second, other]


@given(st.lists(spans, max_size=12))
def test_no_more_than_five_go_to_a_number_within_any_hour(asked: list[timedelta]) -> None:
    """Toll fraud, and strangers' nights: however often somebody asks. Told when, it may go then."""
    sent: list[datetime] = []
    for at in sorted(NIGHT + span for span in asked):
        if (again := may_send_at(sent, at)) is None:
            sent.append(at)
        else:
            assert at < again <= at + WITHIN
            assert may_send_at(sent, again) is None
    assert all(later - earlier >= WITHIN for earlier, later in zip(sent, sent[MOST:], strict=False))


def test_what_people_type_is_read_as_they_heard_it() -> None:
    """With gaps; what has not six digits is no code and no guess."""
    assert [typed(said) for said in ("123456", " 123 456 ", "123-456")] == ["123456"] * 3
    assert [typed(said) for said in ("12345", "1234567", "12345a", "", "١٢٣٤٥٦")] == [None] * 5


def test_the_numbers_of_a_person_are_each_named_once() -> None:
    """As in the configuration; one that is only texted, or has no name, by what it is for."""
    both = person("ann")
    assert numbers(both) == (Number("phone", PHONES["ann"], is_texted=True),)
    named = (
        ContactMethod(Channel.VOICE, "+1", name="mobile"),
        ContactMethod(Channel.VOICE, "+2", name="home"),
        ContactMethod(Channel.VOICE, "+1", name="again"),
        ContactMethod(Channel.SMS, "+3"),
        ContactMethod(Channel.EMAIL, "ann@example.org"),
    )
    several = replace(both, contacts=named)
    assert [(n.name, n.is_texted, n.usual_way) for n in numbers(several)] == [
        ("mobile", False, Way.CALL),
        ("home", False, Way.CALL),
        ("sms", True, Way.SMS),
    ]
    odd = replace(both, contacts=(ContactMethod(Channel.VOICE, "+1", name="sms"), ContactMethod(Channel.SMS, "+3")))
    assert [n.name for n in numbers(odd)] == ["sms", "(sms)"]
    assert numbers(Responder("eve", "Eve")) == ()


def test_who_opted_out_of_texts_is_called() -> None:
    """A text would be dropped."""
    gone = roster("ann").blocking({(Channel.SMS, PHONES["ann"]): "opted out"}).people["ann"]
    assert [(n.has_opted_out, n.usual_way) for n in numbers(gone)] == [(True, Way.CALL)]


def test_a_number_is_verified_for_the_person_that_has_it_now() -> None:
    """Not for who had it before, and not the one that took its place."""
    known = {("ann", mark(SECRET, PHONES["ann"])), ("bob", mark(SECRET, "+15550100077"))}

    def stands(people: Roster) -> dict[str, bool]:
        return {one.person: one.is_verified for one in standings(SECRET, people, known)}

    assert stands(roster()) == {"ann": True, "bob": False, "lee": False}
    assert stands(Roster({"bob": person("bob", phone=PHONES["ann"])})) == {"bob": False}
    assert stands(Roster({"ann": person("ann", phone="+15550100099")})) == {"ann": False}


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_the_text_is_one_message_and_names_nobody(said: str) -> None:
    """It may be a stranger who reads it."""
    text = words.text(said)
    assert (said in text, is_gsm7(text), segments(text)) == (True, True, 1)
    assert "10 minutes" in text


def test_digits_are_spoken_one_by_one() -> None:
    """Zero too."""
    assert words.spelled("190") == ["one", "nine", "zero"]
