"""How an incident looks in Slack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.slack import blocks
from escalation.domain.alert import Link
from escalation.domain.incident import Status
from tests.carriers.stubs import brief


def shown(**changes: object) -> str:
    return json.dumps(blocks.blocks(brief(**changes)), ensure_ascii=False)  # type: ignore[arg-type]


def buttons(status: Status, **changes: object) -> list[str]:
    found: list[Any] = blocks.blocks(brief(status, **changes))  # type: ignore[arg-type]
    return [b["action_id"] for block in found if block["type"] == "actions" for b in block["elements"]]


def test_the_notification_says_how_bad_where_and_what() -> None:
    """One line for a locked screen."""
    assert blocks.text(brief()) == "🔴 CRITICAL payments (INC-42): db-1 is down"


def test_it_shows_summary_details_links_and_what_comes_next() -> None:
    """Everything a person needs before opening a page."""
    said = shown(
        source="prometheus",
        details={"host": "db-1", "free": 3},
        links=(Link("https://runbooks/db", "Runbook"),),
        next="bob at 03:15 UTC",
    )
    for part in ("db-1 is down", "*source:* prometheus", "*host:* db-1", "*free:* 3", "<https://runbooks/db|Runbook>"):
        assert part in said
    assert "next: bob at 03:15 UTC" in said


def test_it_mentions_whoever_is_being_paged_and_nobody_afterwards() -> None:
    """An edit of an acknowledged incident must not ring anybody again."""
    assert "<@U1> <@U2>" in shown(mentions=("U1", "U2"))
    assert "<@U1>" not in shown(status=Status.ACKNOWLEDGED, mentions=("U1",))


def test_a_mention_is_a_user_id_or_nothing() -> None:
    """A mistyped chat id cannot call a whole channel."""
    assert blocks.calling(brief(mentions=("!channel", "U1><!here", "U2"))) == "<@U2>"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.TRIGGERED, ["acknowledge", "escalate", "resolve"]),
        (Status.EXHAUSTED, ["acknowledge", "escalate", "resolve"]),
        (Status.SNOOZED, ["acknowledge", "escalate", "resolve"]),
        (Status.ACKNOWLEDGED, ["escalate", "resolve"]),
        (Status.RESOLVED, []),
    ],
)
def test_it_offers_what_can_still_be_done(status: Status, expected: list[str]) -> None:
    """No button that could only say "too late"."""
    assert buttons(status) == expected


def test_the_page_is_linked_even_when_nothing_can_be_done() -> None:
    """A resolved incident's story stays one tap away."""
    assert buttons(Status.RESOLVED, link="https://pager/i/abc") == ["open"]


def test_a_button_carries_the_incident_and_nothing_personal() -> None:
    """Only the id leaves the house."""
    found: Any = blocks.blocks(brief(responder="Ann"))[-1]
    assert {b["value"] for b in found["elements"]} == {"42:0"}


def test_it_says_who_has_it() -> None:
    """The status line after an acknowledgement."""
    assert "acknowledged by ann" in shown(status=Status.ACKNOWLEDGED, acknowledged_by="ann")


def test_an_alert_cannot_mention_a_channel_or_forge_a_link() -> None:
    """Slack's control characters come out as text, in the message and in its notification."""
    evil = "<!channel> & <https://evil|click>"
    said = shown(summary=evil, service=evil, details={evil: evil}, source=evil, next=evil)
    assert "<!channel>" not in said
    assert "<https://evil" not in said
    assert "&lt;!channel&gt; &amp;" in blocks.text(brief(summary=evil))


def test_only_web_links_are_linked() -> None:
    """A javascript: or file: link of an alert is left out."""
    assert "alert(1)" not in shown(links=(Link("javascript:alert(1)", "x"),))


def test_cutting_never_splits_an_escape() -> None:
    """Half an `&amp;` would be shown as rubbish."""
    assert blocks.escaped("a&&&&", 8) == "a&amp;…"


@given(
    st.text(max_size=4000),
    st.dictionaries(st.text(max_size=400), st.text(max_size=4000), max_size=60),
    st.lists(st.builds(Link, st.text(max_size=4000).map("https://".__add__), st.text(max_size=400)), max_size=40),
    st.sampled_from(Status),
)
def test_every_message_is_within_slacks_limits(said: str, details: dict[str, str], links: list[Link], status: Status) -> None:
    """Slack refuses a message whole: at most 50 blocks, 3,000 characters a section, encodable text."""
    made: list[Any] = blocks.blocks(
        brief(status, said, details=details, links=tuple(links), source=said, next=said, acknowledged_by=said, service=said)
    )
    assert len(made) <= 50
    texts = [e["text"] for b in made for e in ([b["text"]] if "text" in b else b["elements"]) if e["type"] == "mrkdwn"]
    assert all(0 < len(t.encode("utf-16-le")) // 2 <= 3000 for t in texts)
