"""Which numbers may be called. All that are accepted here belong to nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.config.phone import e164, is_landline


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("+4915228817386", "+4915228817386"),
        ("+49 (172) 998-0752", "+491729980752"),
        ("+49 30 / 23125.042", "+493023125042"),
        ("+1 202 555 0143", "+12025550143"),
    ],
)
def test_a_good_number_is_stored_as_e164(written: str, stored: str) -> None:
    """Spaces, brackets, dots, dashes and slashes are only for reading."""
    assert e164(written) == stored


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("+1 900 555 1234", "premium rate"),
        ("+49-180-1234567", "shared cost"),
        ("+44 7012 345678", "personal"),
        ("+882 16 123456", "satellite"),
        ("+870 773 123456", "satellite"),
        ("+800 1234 5678", "worldwide"),
        ("+979 1 2345 6789", "worldwide"),
        ("+49 30 23125042 ext 5", "extensions"),
        ("+49 30 23125042;ext=5", "extensions"),
        ("+49 30 23125042x5", "extensions"),
        ("+1 800 FLOWERS", "only"),
        ("+４９ 30 23125042", "0-9"),
        ("+٤٩ 30 23125042", "0-9"),
        ("030 23125042", "country code"),
        ("0049 30 23125042", "country code"),
        ("112", "country code"),
        ("+49 1", "not a"),
        ("+999 30 23125042", "not a"),
        ("+1 202 555 014", "can exist"),
        ("+1 555 123 4567", "can exist"),
        ("+", "not a"),
        ("", "country code"),
    ],
)
def test_a_number_we_must_not_call_is_refused(written: str, reason: str) -> None:
    """Premium rate, shared cost, satellite, extensions, other digits, national forms, numbers that cannot exist."""
    with pytest.raises(ValueError, match=reason):
        e164(written)


def test_test_numbers_need_the_flag() -> None:
    """+1 555 01… is nobody's: good for the demo, a dead phone on a real night."""
    assert e164("+15550100001", allow_test=True) == "+15550100001"
    with pytest.raises(ValueError, match="allow_test_numbers"):
        e164("+15550100001")


def test_the_flag_lets_through_nothing_else() -> None:
    """Other numbers of the missing area code 555 stay refused."""
    with pytest.raises(ValueError, match="can exist"):
        e164("+15551234567", allow_test=True)


def test_a_landline_is_told_from_a_mobile() -> None:
    """Texts to the first may not arrive; where both look alike (North America) it counts as a mobile."""
    assert [is_landline(n) for n in ("+493023125042", "+4915228817386", "+12025550143", "+15550100001")] == [
        True,
        False,
        False,
        False,
    ]


@given(
    st.one_of(st.text(), st.text(alphabet="+0123456789 ()./-x;", max_size=40), st.from_regex(r"\+[0-9]{1,20}", fullmatch=True))
)
def test_any_text_is_a_number_or_refused(text: str) -> None:
    """Nothing else is raised, what comes out is E.164, and a refusal repeats nothing that was given."""
    try:
        number = e164(text)
    except ValueError as error:
        digits = "".join(c for c in text if c.isdigit())
        assert len(digits) < 4 or digits not in str(error)
    else:
        assert number[0] == "+"
        assert number[1:].isascii()
        assert number[1:].isdigit()
        assert 7 <= len(number) <= 16
        assert e164(number) == number
