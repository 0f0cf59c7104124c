"""Counting text messages, and putting any text into GSM-7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.domain.segments import gsm7, is_gsm7, is_readable, segments, septets, utf16
from escalation.sandbox import encoding


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" * 5, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("🔥" * 35, 1),
        ("🔥" * 36, 2),
        ("🔥" * 67, 3),
    ],
)
def test_messages_are_counted_as_they_are_billed(text: str, count: int) -> None:
    """160 and 153 septets, 70 and 67 units; an escaped character or an emoji is two, and never cut in half."""
    assert segments(text) == count


@given(st.text(max_size=400) | st.text("aé€🔥", max_size=400))
def test_the_count_is_the_sandboxs_or_one_more_for_what_must_not_be_cut(text: str) -> None:
    """Two counters that share no code; the sandbox's divides and does not mind halves."""
    if any("\ud800" <= each <= "\udfff" for each in text):
        return
    assert encoding.parts(text) <= segments(text) <= encoding.parts(text) + 1
    assert encoding.length(text) == (septets(text) if is_gsm7(text) else utf16(text))


@given(st.text())
def test_any_text_becomes_gsm7(text: str) -> None:
    """Whatever a monitor writes."""
    assert is_gsm7(gsm7(text))


@given(st.text("abc XYZ 019 äöüß éà€[]{}\n"))
def test_what_is_gsm7_already_stays_as_it_is(text: str) -> None:
    """No needless change."""
    assert gsm7(text) == text


@pytest.mark.parametrize(
    ("text", "close"),
    [
        ("“db–1” isn’t up…", '"db-1" isn\'t up...'),
        ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        ("CPU ≥ 90 °C → alarm", "CPU >= 90 degC -> alarm"),
        ("🔥 prod\u200b down\x00", " prod down"),
        ("база", "????"),
        ("a\u00a0b\tc", "a b c"),
        ("ﬁnal ½", "final 1/2"),
    ],
)
def test_the_closest_is_what_a_person_would_type(text: str, close: str) -> None:
    """Typography, accents, arrows; emoji dropped; another script is lost."""
    assert gsm7(text) == close


def test_another_script_is_not_readable_in_gsm7() -> None:
    """Question marks help nobody."""
    assert is_readable("Datenbank überlastet, Łódź")
    assert is_readable("42 %")
    assert not is_readable("База данных")
    assert not is_readable("データベース")
