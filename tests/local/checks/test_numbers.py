"""`doctor` names the numbers that nobody has verified."""

from __future__ import annotations

from escalation.domain.verification import Way, mark
from escalation.local.checks.finding import Level
from tests.local.ward import CONFIGURATION, SECRETS, Ward


def verified(ward: Ward, person: str, address: str) -> None:
    with ward.system.store.transaction() as tx:
        kept = mark(SECRETS["ESCALATION_SECRET_KEY"], address)
        tx.use_code(tx.keep_code(person, kept, Way.SMS, "n", "zoe").id, "zoe")


def test_who_has_a_number_that_nobody_verified_is_named(ward: Ward) -> None:
    """One line: short name, which of their numbers, masked; until it is verified, and again when it is another."""
    phones = '[{name: mobile, number: "+15550100022"}, {name: home, number: "+15550100033"}]'
    ward.apply(CONFIGURATION.replace('phone: "+15550100002"', f"phones: {phones}"))
    [found] = ward.examine("numbers").findings
    assert found.level is Level.WARNING
    assert found.said == "nobody has verified: bob mobile +1•••••••022, bob home +1•••••••033"
    verified(ward, "bob", "+15550100022")
    verified(ward, "bob", "+15550100033")
    assert ward.found("numbers")["numbers"] is Level.OK
    ward.apply(CONFIGURATION.replace("+15550100002", "+15550100044"))
    [found] = ward.examine("numbers").findings
    assert found.said == "nobody has verified: bob phone +1•••••••044"


def test_of_many_some_are_named(ward: Ward) -> None:
    """It stays a line."""
    many = "".join(f'  p{n}: {{phone: "+15550101{n:03}"}}\n' for n in range(30))
    ward.apply(CONFIGURATION.replace("people:\n", f"people:\n{many}"))
    [found] = ward.examine("numbers").findings
    assert found.said.count("+1•") == 8
    assert found.said.endswith(" and 22 more")


def test_where_nothing_can_be_verified_nothing_is_said(ward: Ward) -> None:
    """Without a carrier, and without the secret."""
    assert ward.found("numbers", PLIVO_AUTH_ID="", PLIVO_AUTH_TOKEN="", PLIVO_FROM_NUMBER="")["numbers"] is Level.UNKNOWN
    assert ward.found("numbers", ESCALATION_SECRET_KEY="")["numbers"] is Level.UNKNOWN
