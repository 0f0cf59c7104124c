"""Buttons of Slack messages, of one incident and of all that a message shows: on a real engine and SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation.domain.incident import Status
from escalation.errors import StoreUnavailable
from escalation.responses import NONE_LEFT, Kind, Said, sentence
from tests import builders
from tests.desk import Desk, desk  # noqa: F401 - a fixture


@pytest.mark.parametrize(
    ("action", "kind", "status"),
    [
        ("acknowledge", Kind.ACKNOWLEDGED, Status.ACKNOWLEDGED),
        ("escalate", Kind.ESCALATED, Status.TRIGGERED),
        ("resolve", Kind.RESOLVED, Status.RESOLVED),
    ],
)
def test_a_button_does_what_it_says(desk: Desk, action: str, kind: Kind, status: Status) -> None:
    """In the name of the person whose chat id it is."""
    desk.trouble()
    assert desk.responses.button(1, action, "UANN").kind is kind
    assert desk.status() is status


def test_a_stranger_changes_nothing(desk: Desk) -> None:
    """A chat user who is nobody here, and the empty one whom people without a chat id would match."""
    people = {h: replace(p, chat="") for h, p in builders.roster().people.items()}
    site = builders.site()
    desk.office.apply(replace(site, roster=replace(site.roster, people=people)))
    desk.trouble()
    assert [desk.responses.button(1, "acknowledge", user).kind for user in ("U666", "")] == [Kind.STRANGER] * 2
    assert desk.status() is Status.TRIGGERED


def test_a_button_of_an_incident_that_does_not_exist_is_unknown(desk: Desk) -> None:
    """A message from another life of the database."""
    assert desk.responses.button(7, "acknowledge", "UANN").kind is Kind.UNKNOWN


def test_the_same_press_twice_is_one(desk: Desk) -> None:
    """Two deliveries of one press skip one person, not two."""
    desk.trouble()
    kinds = [desk.responses.button(1, "escalate", "UANN", "slack:1").kind for _ in range(2)]
    assert kinds == [Kind.ESCALATED] * 2
    assert desk.office.incident().step == 1


def test_two_who_press_escalate_on_the_same_message_skip_nobody(desk: Desk) -> None:
    """Both read it as it stood in Ann's step: the second press finds Bob being called, and says so."""
    desk.trouble()
    turn = desk.office.incident().turn
    first = desk.responses.button(1, "escalate", "UANN", "slack:1", turn)
    second = desk.responses.button(1, "escalate", "UBOB", "slack:2", turn)
    assert (first.kind, second.kind, second.who) == (Kind.ESCALATED, Kind.STALE, "Bob")
    assert desk.office.incident().step == 1
    assert desk.responses.button(1, "escalate", "UBOB", "slack:3", desk.office.incident().turn).kind is Kind.ESCALATED


# --- the button for all that a message shows


@pytest.fixture
def posted(desk: Desk) -> tuple[Desk, int]:
    """Three incidents in Slack, in a message of that number, the third behind the others."""
    desk.office.apply(builders.site(policy=builders.policy(builders.step("slack:#incidents"))))
    for number in (1, 2, 3):
        desk.office.trouble(key=f"db-{number}")
    desk.office.after(seconds=5)
    with desk.office.store.read() as tx:
        found = tx.post_of(1, 1)
        assert found
        assert [line.incident_id for line in tx.lines(found[0].id)] == [1, 2, 3]
    return desk, found[0].id


def test_the_button_for_all_takes_those_up_to_the_last_line_that_was_shown(posted: tuple[Desk, int]) -> None:
    """In the name of whoever pressed it; one that somebody has is left to them; a second press finds nothing that is free."""
    desk, post = posted
    desk.responses.button(1, "acknowledge", "UBOB")
    assert desk.responses.button_for_all(post, 2, "UANN", "slack:1") == "Acknowledged. 1 incident is yours."
    assert [desk.office.incident(n).acknowledged_by for n in (1, 2, 3)] == ["bob", "ann", ""]
    assert desk.responses.button_for_all(post, 3, "UANN", "slack:2")
    assert desk.office.incident(3).acknowledged_by == "ann"
    assert desk.responses.button_for_all(post, 3, "UANN", "slack:3") == NONE_LEFT


def test_a_stranger_takes_none_of_them(posted: tuple[Desk, int]) -> None:
    """And is told who may; nor does the button of a message that we do not know take anything."""
    desk, post = posted
    assert desk.responses.button_for_all(post, 3, "U666") == sentence(Said(Kind.STRANGER))
    assert desk.responses.button_for_all(post + 7, 3, "UANN") == NONE_LEFT
    assert desk.responses.button_for_all(10**30, 3, "UANN") == NONE_LEFT
    assert {desk.status(n) for n in (1, 2, 3)} == {Status.TRIGGERED}


def test_what_could_not_be_saved_is_counted_and_the_others_are_theirs(
    posted: tuple[Desk, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a transaction of its own: what was not committed is never said to be theirs."""
    desk, post = posted
    tell = desk.office.engine.tell

    def full(incident_id: int, *told: object, **how: object) -> object:
        if incident_id == 2:
            raise StoreUnavailable("disk full")
        return tell(incident_id, *told, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.office.engine, "tell", full)
    assert desk.responses.button_for_all(post, 3, "UANN") == (
        "Acknowledged. 2 incidents are yours. 1 could not be saved and is not acknowledged."
    )
    assert [desk.status(n) for n in (1, 2, 3)] == [Status.ACKNOWLEDGED, Status.TRIGGERED, Status.ACKNOWLEDGED]
