"""A spending cap as the file says it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.cost import Cap
from escalation.domain.roster import Target, TargetKind
from tests.config.texts import GOOD, changed, faults

PRICES = "prices: {call: 0.013, text: 0.0079}"


def capped(cap: str, prices: str = PRICES) -> str:
    """In lines 2 and 3."""
    return changed("allow_test_numbers: true", f"allow_test_numbers: true\n{prices}\nspending_cap: {cap}")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{per_day: 20.00}", Cap(Decimal("20.00"))),
        ("{per_day: 20}", Cap(Decimal(20))),
        ('{per_day: "0.5", notify: "slack:#ops"}', Cap(Decimal("0.5"), (Target(TargetKind.SLACK, "#ops"),))),
        ("{per_day: 20, notify: [ann, ann]}", Cap(Decimal(20), (Target(TargetKind.PERSON, "ann"),))),
    ],
)
def test_it_is_read(said: str, meant: Cap) -> None:
    """An amount a day, and who is told."""
    assert load(capped(said)).site.spending_cap == meant
    assert load(GOOD).site.spending_cap is None


@pytest.mark.parametrize(
    "said", ["0", "0.00", "-1", "1e3", "lots", "true", "yes", ".inf", "1_000", "[20]", "12:30", "20 USD", ""]
)
def test_an_amount_is_more_than_nothing(said: str) -> None:
    """Zero would hold everything back, and what is nonsense is no cap."""
    assert faults(capped(f"\n  per_day: {said}")) == [
        "line 4: spending_cap.per_day: an amount such as 20.00 expected, more than nothing"
    ]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("", "line 3: spending_cap: `per_day` is missing"),
        ("20.00", "line 3: spending_cap: a block of `key: value` expected, not a number"),
        ("{per_week: 20}", "line 3: spending_cap.per_week: unknown key `per_week` (there are: per_day, notify)"),
        ("{per_day: 20, notify: [eve]}", "line 3: spending_cap.notify.1: no such person `eve`"),
        ("{per_day: 20, notify: [schedule:x]}", "line 3: spending_cap.notify.1: no such schedule `x`"),
    ],
)
def test_each_fault_has_its_line(said: str, fault: str) -> None:
    """As everywhere in the file."""
    assert any(found.startswith(fault) for found in faults(capped(said))), faults(capped(said))


@pytest.mark.parametrize("prices", ["", "prices: {}", "prices: {call: 0, text: 0.00}", "prices:"])
def test_without_prices_nothing_could_be_counted(prices: str) -> None:
    """So it is a fault, at the cap's own line."""
    assert "line 3: spending_cap: needs `prices`: without them nothing is counted" in faults(capped("{per_day: 20}", prices))


def test_all_faults_come_at_once() -> None:
    """A price that is faulty by itself breeds no second fault."""
    assert faults(capped("{per_day: 0, notify: []}", "prices: {call: cheap}")) == [
        "line 2: prices.call: a price such as 0.013 expected",
        "line 3: spending_cap.per_day: an amount such as 20.00 expected, more than nothing",
    ]


def test_a_difference_is_said_and_addresses_are_masked() -> None:
    """For whoever applies it."""
    before, after = load(capped("{per_day: 20}")).site, load(capped('{per_day: 30.5, notify: "email:ops@example.org"}')).site
    assert diff(load(GOOD).site, before)[-1] == "site: spending_cap none -> 20.00 a day"
    assert diff(before, after) == [
        "site: spending_cap 20.00 a day -> 30.50 a day",
        "site: spending_cap notify none -> email:o•••@example.org",
    ]


@pytest.mark.parametrize(
    ("cap", "prices", "warned"),
    [
        ("{per_day: 20}", PRICES, []),
        ("{per_day: 20, notify: bob}", PRICES, ["nobody can be told in Slack or by e-mail that it is near: `notify` is missing"]),
        ("{per_day: 20, notify: [bob, ann]}", PRICES, []),
        ("{per_day: 20}", "prices: {call: 0.013}", ["texts have no price: they are not counted"]),
        ("{per_day: 20}", "prices: {text: 0.0079}", ["calls have no price: they are not counted"]),
    ],
)
def test_a_cap_that_will_disappoint_is_warned_of(cap: str, prices: str, warned: list[str]) -> None:
    """Nobody would hear of it, or half of it is not counted."""
    assert load(capped(cap, prices)).warnings == [f"line 3: spending_cap: {text}" for text in warned]
