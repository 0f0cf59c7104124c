"""What people say back, and what they are told: by key, by text and by button, on a real engine and SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.domain import wording
from escalation.domain.events import Resolved
from escalation.domain.incident import Status, Via
from escalation.domain.policy import Rung
from escalation.domain.replies import ReplyAction
from escalation.domain.roster import Channel, Target, TargetKind
from escalation.responses import HELP, NO_PAGE, Kind, Said, sentence
from tests import builders
from tests.desk import Desk, desk  # noqa: F401 - a fixture

ANN, BOB, LEE = builders.PHONES["ann"], builders.PHONES["bob"], builders.PHONES["lee"]
TEXT_ONLY = builders.policy(
    builders.step("ann", ladder=(Rung(Channel.SMS),)), builders.step("bob", "lee", ladder=(Rung(Channel.SMS),))
)


@pytest.fixture
def texting(desk: Desk) -> Desk:
    """The same, where everybody is told by text."""
    desk.office.apply(builders.site(policy=TEXT_ONLY))
    return desk


# --- keys


def test_1_acknowledges_in_the_name_of_whoever_was_called(desk: Desk) -> None:
    """Acknowledged, by the page's responder, and the database says so."""
    desk.trouble()
    said = desk.key("1")
    assert (said.kind, said.who) == (Kind.ACKNOWLEDGED, "Ann")
    assert desk.office.incident().acknowledged_by == "ann"
    assert "acknowledged" in sentence(said)


def test_whoever_is_second_hears_who_was_first(desk: Desk) -> None:
    """Already, and by whom."""
    desk.trouble()
    desk.picks_up()
    desk.key("2")
    desk.office.work()
    desk.key("1", attempt=2)
    said = desk.key("1", attempt=1)
    assert (said.kind, said.who) == (Kind.ALREADY, "Bob")
    assert sentence(said) == "Bob already acknowledged INC-1."


def test_a_late_1_still_acknowledges(desk: Desk) -> None:
    """The step moved on while the phone was held; nobody else has it yet."""
    desk.trouble()
    desk.picks_up()
    desk.office.after(minutes=5)
    assert desk.office.incident().step == 1
    assert desk.key("1").kind is Kind.ACKNOWLEDGED


def test_2_pages_the_next_person_and_says_who(desk: Desk) -> None:
    """Escalated, at once."""
    desk.trouble()
    said = desk.key("2")
    assert (said.kind, said.who) == (Kind.ESCALATED, "Bob")
    assert desk.office.incident().step == 1


def test_2_on_the_last_step_says_that_nobody_is_left(desk: Desk) -> None:
    """The truth, not a promise."""
    desk.office.apply(builders.site(policy=builders.policy(builders.step("ann"))))
    desk.trouble()
    said = desk.key("2")
    assert (said.kind, said.who) == (Kind.ESCALATED, "")
    assert desk.status() is Status.EXHAUSTED
    assert "nobody is left" in sentence(said)


@pytest.mark.parametrize("digit", ["2", "3"])
def test_a_stale_2_or_3_skips_nobody_and_says_so(desk: Desk, digit: str) -> None:
    """Ann's call is of step one, Bob is being called: Bob is not skipped."""
    desk.trouble()
    desk.picks_up()
    desk.office.after(minutes=5)
    before = desk.office.incident()
    said = desk.key(digit)
    assert said.kind is Kind.STALE
    assert desk.office.incident().step == before.step == 1
    assert "nobody was skipped" in sentence(said)


def test_3_declines_and_the_next_person_is_paged(desk: Desk) -> None:
    """The only one of the step says no: on to the next."""
    desk.trouble()
    said = desk.key("3")
    assert (said.kind, said.who) == (Kind.DECLINED, "Bob")


def test_9_repeats_and_other_keys_are_wrong_without_asking_the_database(desk: Desk) -> None:
    """Neither needs the incident."""
    kinds = [desk.responses.key((999, 1, 1), digit).kind for digit in ("9", "0", "*", "", "11", "٣")]
    assert kinds == [Kind.REPEAT, *[Kind.WRONG] * 5]


def test_keys_after_it_was_resolved_are_told_so(desk: Desk) -> None:
    """Whatever was pressed."""
    desk.trouble()
    desk.office.engine.tell(1, Resolved("the monitor", Via.MONITOR))
    assert [desk.key(digit).kind for digit in "123"] == [Kind.RESOLVED] * 3


def test_the_same_delivery_twice_changes_nothing_and_is_answered_by_how_it_stands(desk: Desk) -> None:
    """Plivo fetches again when the first answer got lost."""
    desk.trouble()
    assert desk.key("2", identity="call/0").kind is Kind.ESCALATED
    again = desk.key("2", identity="call/0")
    assert (again.kind, again.who) == (Kind.ESCALATED, "Bob")
    assert desk.office.incident().step == 1
    desk.key("1", identity="call/1")
    assert desk.key("1", identity="call/1").kind is Kind.ACKNOWLEDGED


def test_9_then_1_on_one_call_are_two_things(desk: Desk) -> None:
    """The identity is the call and the hop."""
    desk.trouble()
    assert [desk.key("9", identity="call/0").kind, desk.key("1", identity="call/1").kind] == [Kind.REPEAT, Kind.ACKNOWLEDGED]


@pytest.mark.parametrize("name", [(99, 1, 1), (1, 99, 1), (1, 0, 1), (1, -1, 1), (2**63, 1, 1)])
def test_a_call_that_nobody_knows_is_unknown_not_an_error(desk: Desk, name: tuple[int, int, int]) -> None:
    """A database restored from yesterday, or a made-up name."""
    desk.trouble()
    assert desk.responses.key(name, "1").kind is Kind.UNKNOWN
    assert desk.status() is Status.TRIGGERED


# --- texts


@pytest.mark.parametrize("body", ["1", "ack", " OK thanks "])
def test_a_bare_1_acknowledges_the_only_open_page(texting: Desk, body: str) -> None:
    """No code needed when it can mean only one thing."""
    texting.trouble()
    assert texting.text(ANN, body) == "INC-1 acknowledged. It is yours, thank you."
    assert texting.office.incident().acknowledged_by == "ann"


def test_with_two_open_pages_the_code_decides(texting: Desk) -> None:
    """A bare 1 changes nothing and says which codes there are; the code hits its page only."""
    first, second = texting.trouble(), texting.trouble(summary="disk full", key="disk")
    answer = texting.text(ANN, "1")
    assert answer is not None
    assert f"INC-2 payments: 1 {texting.code(second)}" in answer
    assert texting.status(first) is texting.status(second) is Status.TRIGGERED
    texting.text(ANN, f"1 {texting.code(second)}")
    assert (texting.status(first), texting.status(second)) == (Status.TRIGGERED, Status.ACKNOWLEDGED)


def test_a_code_of_somebody_elses_page_means_nothing(texting: Desk) -> None:
    """Codes are looked up among the sender's own pages."""
    texting.trouble()
    assert texting.text(BOB, f"1 {texting.code(1)}") == NO_PAGE
    assert texting.status() is Status.TRIGGERED


def test_2_escalates_and_3_declines_by_text(texting: Desk) -> None:
    """The same keys as on the phone."""
    texting.trouble()
    assert texting.text(ANN, "2") == "INC-1 escalated. Now paging Bob, Lee."
    texting.office.work()
    assert texting.text(BOB, "3") == "INC-1 declined. Now paging Lee."


def test_a_late_text_is_understood_as_long_as_it_can_mean_only_one_incident(texting: Desk) -> None:
    """The page was closed when the step moved on; the 1 still counts, and a second one hears who was first."""
    texting.trouble()
    texting.office.after(minutes=5)
    assert texting.text(ANN, "1") == "INC-1 acknowledged. It is yours, thank you."
    assert texting.text(BOB, "1") == "Ann already acknowledged INC-1."


def test_the_same_text_delivered_twice_is_answered_the_same(texting: Desk) -> None:
    """By the incident as it stands, without a second event."""
    texting.trouble()
    answers = [texting.text(ANN, "1", identity="sms:1") for _ in range(2)]
    assert answers[0] == answers[1]
    assert texting.story().count("cknowledged") == 1


def test_nothing_happens_on_an_unconfirmed_text(texting: Desk) -> None:
    """Not even an answer."""
    texting.trouble()
    assert [texting.responses.text(ANN, body, trusted=False) for body in ("1", "STOP")] == [None, None]
    assert texting.status() is Status.TRIGGERED
    assert texting.counter("opted_out") == 0


def test_a_slip_is_helped_and_a_long_text_is_not_answered(texting: Desk) -> None:
    """An automatic reply that is answered answers again, for ever."""
    texting.trouble()
    assert texting.text(ANN, "wat") == HELP
    assert texting.text(ANN, "I am on holiday until Monday and will read this later") is None
    assert texting.text("+15550109999", "hello") is None


def test_stop_is_followed_loudly_and_start_undoes_it(texting: Desk) -> None:
    """The timeline of what is open says it, a counter counts it, the address is unusable until START."""
    texting.trouble()
    assert texting.text(ANN, "STOP", identity="sms:1") is None
    assert "Ann opted out of texts (STOP)" in texting.story()
    assert texting.counter("opted_out") == 1
    with texting.office.store.transaction() as tx:
        assert tx.site().roster.people["ann"].contact(Channel.SMS) is None
    assert texting.text(ANN, "START", identity="sms:2") == "You get pages by text again."
    with texting.office.store.transaction() as tx:
        assert tx.site().roster.people["ann"].contact(Channel.SMS) is not None


def test_the_same_stop_twice_is_one(texting: Desk) -> None:
    """A late repeat of a STOP does not undo the START after it."""
    texting.text(ANN, "STOP", identity="sms:1")
    texting.text(ANN, "START", identity="sms:2")
    texting.text(ANN, "STOP", identity="sms:1")
    with texting.office.store.transaction() as tx:
        assert tx.site().roster.people["ann"].contact(Channel.SMS) is not None


STRANGER = "+8821612345678"


@pytest.mark.parametrize("body", ["ok", "1", "no", "4711", "wat", "yes", "START", "STOP"])
def test_a_stranger_gets_no_paid_answer_and_leaves_no_trace(texting: Desk, body: str) -> None:
    """Every answer is a text that we pay for, to whichever premium number likes to be written to."""
    texting.trouble()
    before = texting.story()
    assert texting.text(STRANGER, body, identity="sms:1") is None
    assert (texting.counter("opted_out"), texting.counter("opted_in"), texting.opted_out()) == (0, 0, [])
    assert texting.story() == before


def test_somebody_of_the_roster_without_an_open_page_is_answered(texting: Desk) -> None:
    """They may have written to the wrong night."""
    assert texting.text(ANN, "1") == NO_PAGE


@pytest.mark.parametrize("body", ["yes", "go", "resume", "Yes!"])
def test_yes_is_no_start_from_whoever_never_opted_out(texting: Desk, body: str) -> None:
    """They answer a page: they are told how, not that texts come again."""
    texting.trouble()
    assert texting.text(ANN, body, identity="sms:1") == HELP
    assert texting.counter("opted_in") == 0
    assert "takes texts again" not in texting.story()


def test_yes_is_a_start_after_a_stop(texting: Desk) -> None:
    """Plivo takes it for one, so we do."""
    texting.text(ANN, "STOP", identity="sms:1")
    assert texting.text(ANN, "yes", identity="sms:2") == "You get pages by text again."
    assert texting.opted_out() == []


def test_what_the_carrier_reads_in_a_text_goes_before_what_we_read(texting: Desk) -> None:
    """It blocks by words of its own, in other languages too; a text it unblocked on acknowledges nothing."""
    texting.trouble()
    assert texting.text(ANN, "ARRET", identity="sms:1", wish=ReplyAction.STOP) is None
    assert texting.opted_out() == [ANN]
    assert "Ann opted out of texts" in texting.story()
    assert texting.text(ANN, "ok", identity="sms:2", wish=ReplyAction.START) == "You get pages by text again."
    assert texting.opted_out() == []
    assert texting.status() is Status.TRIGGERED


# --- names


def test_places_are_named_as_one_says_them(desk: Desk) -> None:
    """Nobody wants to hear a mailbox spelled at night, and its address is nobody's business."""
    hook = Target(TargetKind.WEBHOOK, "https://hooks.example.org/T0/xyz")
    last = builders.step("slack:#x", "email:ops@example.org")
    last = replace(last, targets=(*last.targets, hook))
    desk.office.apply(builders.site(policy=builders.policy(builders.step("ann"), last)))
    desk.trouble()
    said = desk.key("2")
    assert said.who == "Slack, the team's mailbox, the team's webhook"
    assert wording.escalated_words(said.who)[0] == "Escalated. Now paging Slack, the team's mailbox, the team's webhook."


def test_every_outcome_can_be_said() -> None:
    """No kind without words, but the repeat, whose words are the menu."""
    unsaid = [kind for kind in Kind if not sentence(Said(kind))]
    assert unsaid == [Kind.REPEAT]
