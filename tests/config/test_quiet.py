"""When nobody is paged, in the file: what it means, and each of its faults with its line."""

from __future__ import annotations

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from escalation.config.diff import diff
from escalation.config.load import load
from escalation.domain.alert import Severity
from escalation.domain.grouping import Grouping
from escalation.domain.maintenance import Recurring, Scope
from escalation.domain.policy import Site
from escalation.domain.week import Week, daily
from tests.config.texts import GOOD, changed, faults

TEXT = (
    GOOD
    + """\
maintenance:
  backups:
    services: payments
    labels: {host: db-1}
    at_most: warning
    timezone: Europe/Berlin
    when: {days: [sun], from: "02:00", to: "04:00"}
    reason: nightly backup
    stop_ringing: true
"""
)


def said(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_a_maintenance_window_becomes_hours_of_a_zone() -> None:
    """Of these services and labels, no worse than that."""
    scope = Scope(("payments",), {"host": "db-1"}, Severity.WARNING)
    week = Week.of(daily([6], time(2), time(4)))
    assert load(TEXT).site.maintenance == {
        "backups": Recurring("backups", scope, week, ZoneInfo("Europe/Berlin"), "nightly backup", stops=True)
    }


def test_a_site_with_it_is_stored_and_one_without_it_is_read() -> None:
    """What the release before applied has none."""
    site, shape = load(TEXT).site, TypeAdapter(Site)
    assert shape.validate_json(shape.dump_json(site)) == site
    old = shape.dump_python(load(GOOD).site, mode="json")
    del old["maintenance"]
    assert shape.validate_python(old).maintenance == {}


def test_what_changes_is_said() -> None:
    """Before it is applied."""
    [line] = diff(load(GOOD).site, load(TEXT).site)
    assert line.startswith(
        "maintenance backups: added (of payments, host=db-1, at most warning, when sun 02:00 to sun 04:00 Europe"
    )
    assert line.endswith("reason nightly backup, stop_ringing true)")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("services: payments", "services: paymnts", "line 19: maintenance.backups.services: no such service `paymnts`, did you mean"),
        ("services: payments", "services: []", "line 19: maintenance.backups.services: is empty"),
        ("    services: payments\n    labels: {host: db-1}\n", "", "line 18: maintenance.backups: `services` or `labels` is needed"),
        ("{host: db-1}", "{host: 1}", "line 20: maintenance.backups.labels.host: YAML reads this as a number: put it in quotes"),
        ("at_most: warning", "at_most: warn", "line 21: maintenance.backups.at_most: one of critical, error, warning, info"),
        ("Europe/Berlin\n    when", "Europe/Berlni\n    when", "line 22: maintenance.backups.timezone: no such time zone"),
        ("[sun]", "[sonntag]", "line 23: maintenance.backups.when: no such day"),
        ('{days: [sun], from: "02:00", to: "04:00"}', "{from: mon 00:00, to: mon 00:00}", "maintenance.backups: `when` is the whole week"),
        ("    reason: nightly backup\n", "", "line 18: maintenance.backups: `reason` is missing"),
        ("nightly backup", "x" * 201, "line 24: maintenance.backups.reason: a reason has at most 200 characters"),
        ("stop_ringing: true", "stop_ringing: 1", "line 25: maintenance.backups.stop_ringing: true or false expected"),
        ("stop_ringing: true", "stops: true", "line 25: maintenance.backups.stops: unknown key `stops`"),
        ("  backups:", "  _b:", "line 18: maintenance.(2 characters): a name begins with a letter"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line(old: str, new: str, fault: str) -> None:
    """And nothing is applied."""
    found = faults(said(old, new))
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("group_by: service", Grouping()),
        ("group_by: [cluster, rack], window: 10m", Grouping(("cluster", "rack"), timedelta(minutes=10))),
        ("auto_resolve: never", None),
    ],
)
def test_a_service_says_what_belongs_together(said: str, meant: Grouping | None) -> None:
    """Nothing, unless it is asked for."""
    site = load(changed("{policy: default,", f"{{policy: default, {said},")).site
    assert site.services["payments"].grouping == meant
    assert TypeAdapter(Site).validate_json(TypeAdapter(Site).dump_json(site)) == site


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("group_by: rack", "services.payments.group_by: `service`, or a list of 1 to 10 labels"),
        ("group_by: []", "services.payments.group_by: `service`, or a list of 1 to 10 labels"),
        ("group_by: [1]", "services.payments.group_by: YAML reads this as a number"),
        ("window: 5m", "services.payments: `window` belongs to `group_by`"),
        ("group_by: service, window: 8d", "services.payments.window: must be more than 0s and at most 7d"),
    ],
)
def test_what_cannot_be_gathered_is_a_fault(said: str, fault: str) -> None:
    """With its line."""
    [found] = faults(changed("{policy: default,", f"{{policy: default, {said},"))
    assert found.startswith(f"line 8: {fault}")
