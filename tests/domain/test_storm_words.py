"""What a phone says in a storm, read aloud."""

from __future__ import annotations

import pytest

from escalation.domain.alert import Severity
from escalation.domain.joined import Headline, worst_first
from escalation.domain.segments import segments
from escalation.domain.storm_words import Came, acknowledged, all_of_them, message, more_came, one_of_them, text
from escalation.domain.wording import VOICEMAIL


def headline(number: int, severity: Severity = Severity.ERROR, summary: str = "") -> Headline:
    return Headline(number, 1, severity, "payments", summary or f"db-{number} is down")


def test_two_incidents_are_both_read_out() -> None:
    """How many, which, the keys."""
    assert " ".join(all_of_them([headline(1), headline(2)])) == (
        "This is the on-call pager. 2 incidents. Error on payments. db-1 is down. Error on payments. db-2 is down. "
        "Press 1 to acknowledge all 2. Press 2 to go through them one by one. Press 9 to hear this again."
    )


def test_of_many_the_worst_three_are_named() -> None:
    """The others are a number: nobody listens to five hundred summaries."""
    storm = worst_first([*map(headline, range(1, 12)), headline(12, Severity.CRITICAL, "the vault is open")])
    assert " ".join(all_of_them(storm)[2:7]) == (
        "The worst: Critical incident on payments. the vault is open. Error on payments. db-1 is down. "
        "Error on payments. db-2 is down. And 9 more."
    )


def test_the_worst_come_first_and_of_equals_the_oldest() -> None:
    """Whatever order the database has them in."""
    mixed = [headline(3), headline(2, Severity.WARNING), headline(1), headline(9, Severity.CRITICAL)]
    assert [h.incident_id for h in worst_first(mixed)] == [9, 1, 3, 2]


def test_one_of_them_has_the_keys_of_any_call() -> None:
    """And one to leave it, while others follow."""
    assert " ".join(one_of_them(headline(1), rest=2)) == (
        "Error on payments. db-1 is down. Press 1 to acknowledge. Press 2 to escalate to the next person now. "
        "Press 3 if you are not the one. Press 0 to leave this one and hear the next. Press 9 to hear this again."
    )
    assert "Press 0" not in " ".join(one_of_them(headline(1), rest=0))


@pytest.mark.parametrize(
    ("came", "says"),
    [
        (Came(12), "Acknowledged. 12 incidents are yours."),
        (Came(1, 1), "Acknowledged. 1 incident is yours. 1 incident is somebody else's, or over already."),
        (Came(7, 0, 3), "Acknowledged. 7 incidents are yours. 3 could not be saved and are not acknowledged."),
        (Came(0, 0, 1), "None of them is yours. 1 could not be saved and is not acknowledged."),
    ],
)
def test_only_what_was_committed_is_said_to_be_acknowledged(came: Came, says: str) -> None:
    """The count first, then what is not yours and why."""
    assert " ".join(acknowledged(came)) == says


def test_a_message_takes_fifteen_seconds_whatever_an_alert_says() -> None:
    """How many, the worst, and that nothing is acknowledged."""
    said = " ".join(message([headline(n, summary="the disk of the primary is nearly full " * 9) for n in range(1, 500)]))
    assert len(said) <= VOICEMAIL
    assert "499 incidents." in said
    assert said.endswith("None is acknowledged. Press 1 to acknowledge all, or look at your messages.")


def test_what_came_meanwhile_is_counted() -> None:
    """In words where it is one."""
    assert (more_came(1), more_came(7)) == (["One more came meanwhile."], ["7 more came meanwhile."])


@pytest.mark.parametrize("summary", ["x" * 900, "disk full on db-1, replication stopped, writes fail", ""])
def test_a_text_of_several_is_one_message_with_its_code_and_its_link_whole(summary: str) -> None:
    """How many first, then as much of the worst as there is room for."""
    said = text([headline(n, summary=summary) for n in range(100)], "https://pager.example.org/incidents", "4711")
    assert segments(said) == 1
    assert said.startswith("100 INCIDENTS. ERROR payments")
    assert said.endswith("\nhttps://pager.example.org/incidents\nReply 1 4711 = ack all 100")


def test_a_text_of_several_without_a_secret_or_an_address_promises_no_reply() -> None:
    """Half configured, it still tells."""
    assert (
        text([headline(1, summary="a"), headline(2, summary="b")], "", "") == "2 INCIDENTS. ERROR payments: a; ERROR payments: b"
    )
