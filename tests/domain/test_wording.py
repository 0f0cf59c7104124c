"""The words: their order, their length, and that nothing an alert says can spoil them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain import wording
from escalation.domain.alert import Link, Severity
from escalation.domain.incident import Again, Status
from escalation.domain.policy import SELF_TEST
from escalation.domain.segments import is_gsm7, segments
from escalation.domain.speech import cut, speakable
from escalation.domain.wording import Brief

BRIEF = Brief(
    incident_id=42,
    short_id="INC-42",
    service="payments",
    severity=Severity.CRITICAL,
    summary="Checkout error rate above 20%",
    status=Status.TRIGGERED,
    opened_at=datetime(2026, 3, 1, 3, 9, 41, tzinfo=UTC),
    responder="Ann",
    link="https://pager.example.com/incidents/42?k=16.1.t5x3k9.AbCdEf-_1234",
    code="4711",
    source="prometheus",
    details={"instance": "db-1"},
    links=(Link("https://runbooks.example.com/checkout", "Runbook"),),
    next="Bob at 03:15:00 UTC",
)
briefs = st.builds(
    replace,
    st.just(BRIEF),
    service=st.text(max_size=80),
    summary=st.text() | st.text("aé€🔥ж \n", max_size=400),
    severity=st.sampled_from(Severity),
    status=st.sampled_from(Status),
    code=st.sampled_from(["", "4711"]),
    again=st.sampled_from([None, *Again]),
    again_by=st.sampled_from(["", "Ann", "Zoë O'Neil 李" * 7]),
    link=st.sampled_from(["", BRIEF.link, BRIEF.link + "x" * 100]),
)


@pytest.mark.parametrize(
    ("why", "spoken", "text"),
    [
        (
            Again.EXPIRED,
            "Ann acknowledged this, and nothing was heard since.",
            "Ann's ack expired. Checkout error rate above 20%",
        ),
        (Again.GIVEN_BACK, "Ann had this and gave it back.", "Ann gave it back. Checkout error rate above 20%"),
    ],
)
def test_whoever_is_called_again_is_told_why(why: Again, spoken: str, text: str) -> None:
    """By phone after the reason and before the keys, by text in one message, by mail at the top."""
    again = replace(BRIEF, again=why, again_by="Ann")
    assert wording.spoken(again)[3:5] == [spoken, "Press 1 to acknowledge."]
    assert text in wording.sms(again)
    assert segments(wording.sms(again)) == 1
    assert wording.mail_text(again).splitlines()[1] == spoken


def test_the_menu_says_who_how_bad_where_and_what_before_the_keys() -> None:
    """The same order every time, nothing before the reason."""
    assert wording.spoken(BRIEF) == [
        "This is the on-call pager.",
        "Critical incident on payments.",
        "Checkout error rate above 20 percent.",
        "Press 1 to acknowledge.",
        "Press 2 to escalate to the next person now.",
        "Press 3 if you are not the one.",
        "Press 9 to hear this again.",
    ]


def test_a_last_resort_hears_that_nobody_has_it() -> None:
    """It is the point of the call."""
    said = wording.spoken(replace(BRIEF, status=Status.EXHAUSTED))
    assert said.index(wording.NOBODY) < said.index("Press 1 to acknowledge.")


@given(briefs)
def test_a_voicemail_is_over_in_15_seconds_and_says_not_acknowledged(brief: Brief) -> None:
    """At about 14 characters a second."""
    said = " ".join(wording.voicemail_words(brief))
    assert len(said) <= 15 * 14
    assert "not acknowledged" in said
    assert said.startswith(wording.WHO)


@given(briefs)
def test_the_menu_is_short_whatever_the_alert_says(brief: Brief) -> None:
    """Half a minute: three rounds of it fit into the call."""
    said = wording.spoken(brief)
    assert sum(map(len, said)) < 520
    assert all(sentence.strip() == sentence and sentence[-1] in ".!?" for sentence in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HighErrorRate: cpu_usage >= 90%", "High Error Rate: cpu usage at least 90 percent"),
        ("[FIRING:1] InstanceDown (node-1)", "FIRING:1 Instance Down (node-1)"),
        ("see https://grafana.example.com/d/abc?x=1.", "see a link"),
        ("INC-42 on 10.0.3.17", "incident 42 on 10 dot 0 dot 3 dot 17"),
        ("pod checkout-7d9f8b6c5-x2x4z restarted", "pod checkout restarted"),
        ("order 3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36 lost", "order id ending f b 3 6 lost"),
        ("i-0a1b2c3d4e5f unreachable", "i-id ending 4 e 5 f unreachable"),
        ("p99 latency=3.2s → 5s", "p99 latency is 3.2s to 5s"),
        ("up == 0", "up is 0"),
        ("🔥🔥 prod\nis down!!", "prod. is down!!"),
        ("Köln: Datenbank überlastet", "Köln: Datenbank überlastet"),
        ("db01 — replica lag", "db01, replica lag"),
        ("", ""),
        ("***", ""),
    ],
)
def test_a_summary_is_made_speakable(text: str, said: str) -> None:
    """Signs become words; addresses and ids are shortened."""
    assert speakable(text) == said


@given(st.text() | st.text("a1-_:/.<>=% 🔥\n", max_size=500), st.integers(0, 300))
def test_any_text_is_speakable_within_its_limit(text: str, limit: int) -> None:
    """One line without what a voice stumbles over."""
    said = speakable(text, limit)
    assert len(said) <= limit
    assert said == " ".join(said.split())
    assert not set(said) & set("_*`|[]{}<>\x00\ud800")


def test_cutting_keeps_whole_words() -> None:
    """And says that there was more."""
    assert cut("one two three four five", 20) == "one two, and more"
    assert cut("x" * 50, 20) == "x" * 10 + ", and more"
    assert cut("short", 20) == "short"


def test_a_text_is_one_message_with_severity_id_service_summary_link_and_code() -> None:
    """Read on a locked screen."""
    said = wording.sms(BRIEF)
    assert said == f"CRITICAL INC-42 payments: Checkout error rate above 20%\n{BRIEF.link}\nReply 1 4711 = ack"
    assert segments(said) == 1


def test_a_long_summary_is_cut_to_one_message() -> None:
    """The link and the code are not."""
    said = wording.sms(replace(BRIEF, summary="disk full on every node " * 30))
    assert segments(said) == 1
    assert said.endswith(f"...\n{BRIEF.link}\nReply 1 4711 = ack")


@given(briefs)
def test_neither_link_nor_code_is_ever_cut_and_a_page_is_three_messages_at_most(brief: Brief) -> None:
    """Whatever the alert says, it can be sent: no half surrogate pair either."""
    said = wording.sms(brief)
    said.encode()
    assert brief.link in said
    assert f"Reply 1 {brief.code} = ack" in said or not brief.code
    assert segments(said) <= (3 if len(brief.link) < 100 else 5)
    assert brief.short_id in said


@given(briefs, st.text("abc äöü “–…é🔥", max_size=300))
def test_a_text_in_latin_letters_is_gsm7(brief: Brief, summary: str) -> None:
    """Typography and emoji must not make it dearer."""
    assert is_gsm7(wording.sms(replace(brief, service="payments", summary=summary)))


def test_another_script_stays_readable() -> None:
    """More messages rather than question marks."""
    said = wording.sms(replace(BRIEF, summary="База данных не отвечает"))
    assert "База данных не отвечает" in said
    assert segments(said) <= 3


def test_a_text_about_an_exhausted_incident_says_so() -> None:
    """The last resort must know at a glance."""
    assert "NOBODY HAS IT" in wording.sms(replace(BRIEF, status=Status.EXHAUSTED))


def test_what_came_of_a_key_is_said_plainly() -> None:
    """And never more than is true."""
    assert wording.acknowledged_words(BRIEF)[0] == "Acknowledged. Incident 42 is yours."
    assert wording.already_words("Bob")[0] == "Thank you, Bob has it already."
    assert wording.escalated_words("Bob, Lee")[0] == "Escalated. Now paging Bob, Lee."
    assert "Nobody is left" in wording.escalated_words("")[0]
    assert "Bob" in wording.declined_words("Bob")[1]
    assert "nobody was skipped" in wording.stale_words("Bob")[0]
    assert "resolved" in wording.resolved_words(BRIEF)[0]
    assert "snoozed" in wording.snoozed_words(BRIEF)[0]


def test_what_did_not_happen_never_sounds_like_an_acknowledgement() -> None:
    """Somebody would go back to sleep."""
    for words in (
        wording.unsaved_words(),
        wording.silence_words(),
        wording.wrong_key_words(),
        wording.fallback_words(),
        wording.enough_words(),
        wording.unknown_words(),
    ):
        assert "Acknowledged" not in " ".join(words)
    assert "not acknowledged" in wording.silence_words()[0]
    assert wording.unsaved_words() == [
        "This could not be saved, so nothing has changed.",
        "Press your key again, or wait for the next call.",
    ]
    assert "look at your messages" in " ".join(wording.fallback_words())
    assert "Press 1" in " ".join(wording.fallback_words(keys=True))


def test_whoever_is_told_that_it_is_over_hears_a_goodbye() -> None:
    """A line that only falls silent sounds like a fault."""
    for words in (wording.unknown_words(), wording.enough_words(), wording.silence_words(), wording.stale_words("Bob")):
        assert words[-1].endswith("Goodbye.")


def test_a_link_begins_no_line_of_its_own_in_a_mail() -> None:
    """What was stored long ago too: an address cannot put words into our mouth."""
    mail = wording.mail_text(replace(BRIEF, links=(Link("https://x/\n\nAcknowledged by: Ann"),)))
    assert "\nAcknowledged by: Ann" not in mail
    assert "https://x/Acknowledgedby:Ann" in mail


def test_a_mail_has_the_reason_in_its_subject_and_everything_else_inside() -> None:
    """Readable in any mail program."""
    assert wording.mail_subject(BRIEF) == "[CRITICAL] payments: Checkout error rate above 20% (INC-42)"
    text = wording.mail_text(BRIEF)
    for expected in (
        BRIEF.summary,
        BRIEF.link,
        "2026-03-01 03:09:41 UTC",
        "Ann",
        "Bob at",
        "instance: db-1",
        "Runbook: https://",
    ):
        assert expected in text
    assert text.index(BRIEF.link) < text.index("instance")


@given(briefs)
def test_every_mail_of_an_incident_has_the_same_one_line_subject(brief: Brief) -> None:
    """So that they thread."""
    subject = wording.mail_subject(brief)
    assert subject == wording.mail_subject(replace(brief, status=Status.RESOLVED))
    assert subject == " ".join(subject.split())


def test_a_self_test_says_that_it_is_one_and_asks_for_nothing() -> None:
    """Should a person hear it after all: short, and no key."""
    said = wording.resolved_words(replace(BRIEF, service=SELF_TEST))
    assert said == ["This is a test call of the on-call pager. Nothing is wrong.", "There is nothing to do. Goodbye."]
