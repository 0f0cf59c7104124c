"""What holds what back, in the file: what it means, and each of its faults with its line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.alert import Severity
from escalation.domain.maintenance import Scope
from escalation.domain.policy import Inhibition, Site
from tests.config.texts import changed, faults

SERVICES = "".join(f'  {name}: {{policy: default, keys: ["{name}-0123456789abcdef"]}}\n' for name in ("network", "mail", "web"))
GOOD = changed("policies:\n", SERVICES + "policies:\n")
TEXT = (
    GOOD
    + """\
inhibit:
  network:
    parent: {services: network, at_least: error}
    children: {services: [payments, mail], at_most: warning}
    limit: 2h
    stop_ringing: true
  mail:
    parent: {services: mail}
    children: {services: web}
"""
)


def said(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_a_rule_has_a_parent_children_and_a_limit() -> None:
    """Four hours where it says nothing, and what rings goes on."""
    assert load(TEXT).site.inhibit == (
        Inhibition(
            "network",
            Scope(("network",), at_least=Severity.ERROR),
            Scope(("payments", "mail"), at_most=Severity.WARNING),
            timedelta(hours=2),
            stops=True,
        ),
        Inhibition("mail", Scope(("mail",)), Scope(("web",)), timedelta(hours=4)),
    )


def test_a_site_with_it_is_stored_and_one_without_it_is_read() -> None:
    """What the release before applied has none."""
    site, shape = load(TEXT).site, TypeAdapter(Site)
    assert shape.validate_json(shape.dump_json(site)) == site
    old = shape.dump_python(load(GOOD).site, mode="json")
    del old["inhibit"]
    assert shape.validate_python(old).inhibit == ()


def test_what_changes_is_said() -> None:
    """Before it is applied."""
    assert diff(load(GOOD).site, load(TEXT).site) == [
        "inhibit network: added (parent network, at least error, children payments, mail, at most warning, limit 2h, stop_ringing true)",
        "inhibit mail: added (parent mail, children web, limit 4h)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "services: network,",
            "services: netwrk,",
            "line 22: inhibit.network.parent.services: no such service `netwrk`, did you mean",
        ),
        ("services: network, ", "", "line 22: inhibit.network.parent: `services` is missing"),
        ("services: [payments, mail], at_most", "at_most", "line 23: inhibit.network.children: `services` or `labels` is needed"),
        ("at_least", "at_most", "line 22: inhibit.network.parent.at_most: unknown key `at_most`, did you mean `at_least`?"),
        ("limit: 2h", "limit: 8d", "line 24: inhibit.network.limit: must be more than 0s and at most 7d"),
        (
            "[payments, mail], at_most: warning",
            "[network], at_most: error",
            "line 21: inhibit.network: `network` is parent and child",
        ),
        ("    children: {services: web}\n", "", "line 26: inhibit.mail: `children` is missing"),
    ],
)
def test_each_fault_has_its_line(old: str, new: str, fault: str) -> None:
    """And nothing is applied."""
    found = faults(said(old, new))
    assert len(found) == 1
    assert fault in found[0]


def test_within_a_service_the_severity_tells_parents_from_children() -> None:
    """An error holds back the warnings beside it."""
    rule = said("[payments, mail], at_most: warning", "[network], at_most: warning")
    assert load(rule).site.inhibit[0].children.services == ("network",)


@pytest.mark.parametrize("children", ["{services: network}", "{services: [web, network]}", "{labels: {rack: a}}"])
def test_a_cycle_is_refused_with_the_lines_of_its_rules(children: str) -> None:
    """Two that hold each other back would never be paged; children of any service may be anybody's parents."""
    assert faults(said("{services: web}", children)) == [
        "line 21: inhibit.network: holds back what holds it back: network (line 21) -> mail (line 26) -> network (line 21)",
        "line 26: inhibit.mail: holds back what holds it back: mail (line 26) -> network (line 21) -> mail (line 26)",
    ]


def test_a_long_way_back_is_found_beside_other_faults() -> None:
    """All at once."""
    found = faults(
        TEXT.replace("limit: 2h", "limit: 2") + "  web:\n    parent: {services: web}\n    children: {services: network}\n"
    )
    assert [line.partition(":")[0] for line in found] == ["line 21", "line 24", "line 26", "line 29"]
    assert "network (line 21) -> mail (line 26) -> web (line 29) -> network (line 21)" in found[0]
