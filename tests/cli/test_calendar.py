"""`escalation calendar`: the address, a new one, and who has none."""

from __future__ import annotations

from tests.cli.conftest import Machine
from tests.cli.test_oncall import site  # noqa: F401  a fixture

HERE = {"ESCALATION_PUBLIC_URL": "https://pager.example.org"}


def test_it_prints_the_same_address_until_it_is_renewed(site: Machine) -> None:
    """A new one each time that it is, and everybody else's stays."""
    addresses = []
    for renew in ((), (), ("--renew",), (), ("--renew",)):
        assert site("calendar", "person", "ann", *renew, **HERE) == 0, site.err
        addresses.append(site.out.strip())
    first, again, second, same, third = addresses
    assert first == again != second == same != third != first
    assert first.startswith("https://pager.example.org/calendar/")
    assert first.endswith(".ics")
    assert site("calendar", "schedule", "primary", **HERE) == 0
    assert site.out.strip() not in addresses


def test_whoever_is_not_there_has_none(site: Machine) -> None:
    """A person or a schedule."""
    assert site("calendar", "person", "max", **HERE) == 1
    assert site("calendar", "schedule", "primray", **HERE) == 1


def test_without_a_public_address_there_is_nothing_to_print(site: Machine) -> None:
    """And it says what is missing."""
    assert site("calendar", "person", "ann") == 1
    assert "ESCALATION_PUBLIC_URL" in site.err
