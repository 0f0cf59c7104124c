"""What a call or text is taken to cost, and how much of the cap that is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from escalation.domain.cost import FREE, Cap, Prices, money
from escalation.domain.roster import Channel

PRICES = Prices(Decimal("0.013"), Decimal("0.0079"))


@pytest.mark.parametrize(
    ("channel", "parts", "cost"),
    [
        (Channel.VOICE, 1, "0.013"),
        (Channel.VOICE, 3, "0.013"),
        (Channel.SMS, 3, "0.0237"),
        (Channel.SLACK, 1, "0"),
        (Channel.EMAIL, 1, "0"),
        (Channel.WEBHOOK, 1, "0"),
    ],
)
def test_a_call_is_taken_for_a_minute_and_a_text_for_its_messages(channel: Channel, parts: int, cost: str) -> None:
    """Slack and e-mail cost nothing."""
    assert PRICES.estimate(channel, parts) == Decimal(cost)


@pytest.mark.parametrize(
    ("spent", "percent"), [("0", 0), ("15.999999", 0), ("16", 80), ("19.999999", 80), ("20", 100), ("2000", 100)]
)
def test_the_cap_is_near_at_80_percent_and_reached_at_100(spent: str, percent: int) -> None:
    """To the millionth."""
    assert Cap(Decimal(20)).passed(Decimal(spent)) == percent


@pytest.mark.parametrize(
    ("amount", "shown"), [("20", "20.00"), ("20.5", "20.50"), ("0.0130", "0.013"), ("100", "100.00"), ("1E+2", "100.00")]
)
def test_money_has_two_places_at_least(amount: str, shown: str) -> None:
    """As on a bill."""
    assert (money(Decimal(amount)), money(FREE)) == (shown, "0.00")
