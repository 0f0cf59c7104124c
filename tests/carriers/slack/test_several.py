"""How several incidents look in one Slack message."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.slack import several
from escalation.domain.alert import Severity
from escalation.domain.incident import Status
from escalation.domain.shown import MOST, Line, in_order
from escalation.domain.wording import Brief
from tests.carriers.stubs import brief


def line(number: int, status: Status = Status.TRIGGERED, **values: Any) -> Line:
    said = {"severity": Severity.ERROR, "service": "payments", "summary": f"db-{number} is down", "turn": 7} | values
    return Line(number, 1, 1, number, status=status, **said)


def of(*lines: Line) -> Brief:
    return brief(shown=tuple(in_order(lines)), post="5:40")


def found(lines: Brief) -> str:
    return json.dumps(several.blocks(lines), ensure_ascii=False)


def test_the_notification_says_how_many_and_the_worst() -> None:
    """One line for a locked screen."""
    said = several.text(of(line(1), line(2, severity=Severity.CRITICAL, service="vault", summary="the vault\nis open")))
    assert said == "🔴 2 incidents, nobody has any of them. CRITICAL vault (INC-2): the vault is open"


def test_each_has_its_own_button_and_all_have_one() -> None:
    """The button of one means that one as it is shown, that of all the message up to its last line."""
    *shown, last = several.blocks(of(line(1), line(2)))
    assert [block["accessory"]["value"] for block in shown[1:]] == ["1:7", "2:7"]
    assert [(b["action_id"], b["value"], b["text"]["text"]) for b in last["elements"]] == [
        ("acknowledge_all", "5:40", "Acknowledge all 2 shown")
    ]


def test_what_somebody_has_is_said_and_needs_no_button() -> None:
    """Who has it, or that it is over; the last one that nobody has is taken by its own button."""
    mixed = of(line(1, Status.ACKNOWLEDGED, acknowledged_by="Ann"), line(2), line(3, Status.RESOLVED))
    assert "3 incidents, nobody has 1 of them" in found(mixed)
    assert "(INC-1) · acknowledged by Ann" in found(mixed)
    assert "(INC-3) · resolved" in found(mixed)
    assert found(mixed).count('"button"') == 1
    over = of(line(1, Status.ACKNOWLEDGED, acknowledged_by="Ann"), line(2, Status.RESOLVED))
    assert "2 incidents, all of them somebody's or over" in found(over)
    assert "button" not in found(over)


def test_that_nobody_answered_is_said_on_top_and_of_each() -> None:
    """The last resort reads what the channel never saw."""
    desperate = of(line(1, Status.EXHAUSTED), line(2, Status.EXHAUSTED))
    assert several.text(desperate).startswith("🆘 2 incidents, nobody has any of them. ERROR payments (INC-1)")
    assert found(desperate).count("🆘 *ERROR payments*") == 2
    assert found(desperate).count(" · *nobody answered*") == 2
    assert found(desperate).count('"Acknowledge"') == 2


def test_twenty_are_named_and_the_rest_is_counted() -> None:
    """Slack takes fifty blocks, and nobody reads them at night; all are taken by the button."""
    storm = of(*(line(number) for number in range(1, MOST + 1)))
    assert "db-20 is down" in found(storm)
    assert "db-21 is down" not in found(storm)
    assert "and 30 more" in found(storm)
    assert "Acknowledge all 50 shown" in found(storm)


def test_names_are_links_where_there_is_a_page() -> None:
    """As in any other message of ours."""
    assert "(<https://pager.example.org/i/1|INC-1>)" in found(of(line(1, link="https://pager.example.org/i/1"), line(2)))


def test_whoever_is_paged_for_any_of_them_is_mentioned_once_above_all() -> None:
    """Whichever incident the message was written for, and whatever became of that one."""
    head = several.blocks(replace(of(line(1), line(2)), mentions=("UANN", "UBOB", "<!here>"), status=Status.RESOLVED))[0]
    assert head == {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*🔴 2 incidents, nobody has any of them*\n<@UANN> <@UBOB>"},
    }


def test_nobody_is_mentioned_by_what_a_monitor_writes() -> None:
    """Neither the channel nor a person, in whichever field."""
    evil = "<!channel> <@U1> & co"
    said = found(of(line(1, summary=evil, service=evil), line(2, Status.ACKNOWLEDGED, acknowledged_by=evil)))
    assert "<!channel>" not in said
    assert "<@U1>" not in said
    assert said.count("&lt;!channel&gt;") == 3


ANY = st.builds(
    line, st.integers(1, 10**12), st.sampled_from(Status), summary=st.text(max_size=4000), service=st.text(max_size=900),
    acknowledged_by=st.text(max_size=400), severity=st.sampled_from(Severity),
)  # fmt: skip


@given(st.lists(ANY, min_size=2, max_size=MOST, unique_by=lambda each: each.incident_id))
def test_slack_takes_whatever_stands_in_it(lines: list[Line]) -> None:
    """At most fifty blocks, 3,000 characters in each, 75 on a button: more and the whole message is refused."""
    blocks: list[Any] = several.blocks(of(*lines))
    assert len(blocks) <= 50
    for block in blocks:
        assert len(str(block.get("text", {}).get("text", ""))) <= 3000
        for button in [block["accessory"]] if "accessory" in block else block.get("elements", []):
            label = button["text"]["text"] if button["type"] == "button" else ""
            assert len(label) <= 75
    assert 0 < len(several.text(of(*lines))) <= 4000
