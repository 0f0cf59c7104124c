"""The demo's reckoning: that it can fail, and that what it plays is what the real door takes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from escalation.config.load import load
from escalation.domain.alert import Action, Severity
from escalation.domain.incident import Status
from escalation.intake import FORMATS
from escalation.local.demo import CONFIGURATION, as_values, quickened
from escalation.local.night import ANN, BOB, EXPECTED, KEY, LEA, Facts, Result, _holds, alertmanager
from escalation.local.stage import inherited
from tests.builders import NIGHT


def call(to: str, at: float, *, answered: bool = False, pressed: str = "", machine: bool = False, heard: str = "") -> dict:
    return {
        "to": to, "requested_at": at, "answered_at": at + 1 if answered else None, "pressed": pressed, "machine": machine,
        "heard": [heard] if heard else [],
    }  # fmt: skip


GOOD = Facts(
    calls=[
        call(ANN, 1), call(BOB, 2, answered=True, machine=True, heard="It is not acknowledged."),
        call(LEA, 3, answered=True, pressed="1", heard="Acknowledged. Thank you."), call(ANN, 11), call(BOB, 12), call(LEA, 13),
    ],
    texts=[{"to": ANN, "text": "INC-1"}, *({"to": n, "text": "INC-2"} for n in (ANN, BOB, LEA))],
    slack=[{"text": "INC-2"}],
    mail=[{"to": ["ops@example.org"], "subject": "INC-2"}],
    unexpected=[],
    stories={1: "acknowledged by lea lead, by phone.", 2: "exhausted: nobody has it"},
    statuses={1: Status.RESOLVED, 2: Status.EXHAUSTED},
    tasks={f"INC-{n}.s1.a1.t1": {"name": "page_by_voice", "uuid": f"INC-{n}.s1.a1.t1", "state": "SUCCESS"} for n in (1, 2)},
    until={1: 10.0},
)  # fmt: skip
NOTHING = Facts(
    [], [], [], [], [{"number": "+15550100009"}], {1: "", 2: ""}, {1: Status.TRIGGERED, 2: Status.TRIGGERED}, {}, {1: 10.0}
)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: f"{e.incident}: {e.what}")
def test_each_expectation_is_met_by_a_good_night_and_by_no_empty_one(expected) -> None:
    """A check that cannot fail is not one."""
    leak = {"INC-1.s1": {"args": "+15550100001"}}
    assert _holds(expected, GOOD)
    assert not _holds(expected, replace(NOTHING, tasks=leak))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda e: f"{e.incident}: {e.what}")
def test_broken_records_are_missing_not_an_error(expected) -> None:
    """The table says which line is missing, whatever the sandbox answered."""
    broken = Facts([{}], [{}], [None], [{}], [{}], {}, {}, {"x": {"args": "15550100001"}}, {})  # type: ignore[list-item]
    assert _holds(expected, broken) is False


def test_the_second_incident_s_calls_are_not_taken_for_the_first_s() -> None:
    """Else "nobody answered" would be true of the wrong call."""
    assert len(GOOD.rang(ANN, 1)) == len(GOOD.rang(ANN, 2)) == 1
    assert GOOD.rang(LEA, 2)[0]["answered_at"] is None


@pytest.mark.parametrize(("status", "action"), [("firing", Action.TRIGGER), ("resolved", Action.RESOLVE)])
def test_what_it_posts_is_an_alertmanager_s_body(status: str, action: Action) -> None:
    """Read by the product's own parser; the resolve closes what the firing opened."""
    body = json.dumps(alertmanager("DatabaseDown", "db-1 is down", NIGHT, status)).encode()
    (alert,) = FORMATS["alertmanager"](body, KEY)
    (firing,) = FORMATS["alertmanager"](json.dumps(alertmanager("DatabaseDown", "x", NIGHT, "firing")).encode(), KEY)
    assert (alert.action, alert.dedup_key, alert.severity) == (action, firing.dedup_key, Severity.CRITICAL)


def test_the_demo_s_configuration_and_its_quicker_form_are_valid() -> None:
    """With the key that the night uses, and steps of at most the length that a minute has room for."""
    text = CONFIGURATION.read_text()
    usual, quick = load(text).site, load(quickened(text)).site
    assert usual.service_of(KEY)
    assert sum(s.timeout.total_seconds() for s in quick.policies["default"].steps) <= 20
    assert [len(s.ladder) for s in quick.policies["default"].steps] == [len(s.ladder) for s in usual.policies["default"].steps]


def test_a_machine_s_own_settings_do_not_reach_the_demo() -> None:
    """A demo run on a production machine must call nobody."""
    kept = inherited(
        {"PLIVO_AUTH_ID": "x", "ESCALATION_DATABASE_URL_FILE": "x", "SMTP_URL": "x", "FLOWER_PORT": "1", "PATH": "/bin"}
    )
    assert set(kept) == {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "NO_PROXY", "no_proxy"}


def test_the_json_says_all_and_whether_all_happened() -> None:
    """For programs: one value."""
    values = as_values([Result(1, "this", True), Result(2, "that", False)], 12.34)
    assert values == {
        "ok": False, "seconds": 12.3,
        "expected": [{"incident": "INC-1", "what": "this", "happened": True}, {"incident": "INC-2", "what": "that", "happened": False}],
    }  # fmt: skip
