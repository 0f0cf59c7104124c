"""`escalation doctor`: a well site has no fault, each thing that is broken is found by name with a cure, and no secret is ever shown."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from escalation.cli.root import run
from escalation.local.checks.finding import Finding, Level
from escalation.local.doctor import CHECKS, Diagnosis, as_json, as_lines, examine
from tests.carriers.stubs import closed_port
from tests.local.ward import Ward, World, refuses


def test_a_well_site_has_no_fault_and_no_warning(ward: Ward) -> None:
    """Everything is looked at, and everything is well."""
    found = ward.found()
    assert {what: level for what, level in found.items() if level is not Level.OK} == {}
    assert {
        "database",
        "clock",
        "configuration",
        "timekeeper",
        "broker",
        "public URL",
        "Plivo",
        "Plivo number",
        "Slack",
        "e-mail",
    } <= {*found}
    assert ward.examine().is_well


def test_a_check_that_hangs_ends_in_time(ward: Ward) -> None:
    """The command ends, and says which."""
    ended = threading.Event()

    def silent(_: httpx.Request) -> httpx.Response:
        ended.wait(20)
        return httpx.Response(200)

    diagnosis = examine(ward.environ, ["public-url"], transport=World(silent), patience=0.3)
    ended.set()
    assert [(finding.level, finding.said) for finding in diagnosis.findings] == [(Level.FAULT, "no answer in time")]


def test_every_fault_and_warning_has_its_cure(ward: Ward) -> None:
    """One line each, also when everything is broken at once."""
    ward.receiver = refuses
    found = ward.examine(
        PLIVO_API_URL=f"http://127.0.0.1:{closed_port()}", SMTP_URL=f"smtp://127.0.0.1:{closed_port()}", ESCALATION_SECRET_KEY="",
        ESCALATION_BROKER_URL="nonsense://x", ESCALATION_CONSOLE_PASSWORD="", ESCALATION_CONFIG=str(ward.folder / "nowhere"),
    ).findings  # fmt: skip
    wrong = [finding for finding in found if finding.level in (Level.FAULT, Level.WARNING)]
    assert len(wrong) >= 6
    assert [finding for finding in wrong if not finding.cure or "\n" in finding.said + finding.cure] == []


def test_lines_and_json_say_the_same() -> None:
    """The sum at the end; `ok` is false with a fault, true with a warning."""
    diagnosis = Diagnosis((Finding("a", Level.FAULT, "broken", "mend it"), Finding("bc", Level.WARNING, "bent", "look")))
    assert [*as_lines(diagnosis)] == ["FAULT    a   broken  → mend it", "warning  bc  bent  → look", "1 fault, 1 warning"]
    told = json.loads(as_json(diagnosis))
    assert told["ok"] is False
    assert told["findings"][0] == {"what": "a", "level": "fault", "said": "broken", "cure": "mend it"}
    assert Diagnosis(diagnosis.findings[1:]).is_well


def test_the_command_fails_with_a_fault_and_not_with_a_warning(ward: Ward, capsys: pytest.CaptureFixture[str]) -> None:
    """For scripts and health checks."""
    assert run(["doctor", "--only", "timekeeper", "--only", "workers"], ward.environ) == 0
    assert run(["doctor", "--only", "settings"], ward.environ | {"ESCALATION_CONSOLE_PASSWORD": ""}) == 0
    assert run(["doctor", "--only", "settings", "-o", "json"], ward.environ | {"ESCALATION_SECRET_KEY": ""}) == 1
    assert '"ok": false' in capsys.readouterr().out
    assert run(["doctor", "--only", "nonsense"], ward.environ) == 2
    assert {"database", "timekeeper", "broker"} <= set(CHECKS)
