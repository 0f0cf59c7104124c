"""Codes: none of the reference is missing from the tables, and each is told as the reference wants it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.carriers.plivo import causes
from escalation.domain.incident import Outcome
from escalation.errors import Verdict

# Section 1.7 of the reference, code by code; written out, so that a line lost from the table is found here.
CODES = [
    0, 1000, 1010, 1020, 2000, 2010, 2020, 2030, 2040, 2050, 2060, 2070, 3000, 3010, 3020, 3030, 3040, 3050, 3070, 3080, 3090, 3100,
    3110, 3120, 3130, 3140, 4000, 4010, 4020, 4030, 4240, 4250, 5000, 5010, 5020, 5030, 6000, 6010, 6020, 7011, 7012, 7013, 7014,
    7022, 7023, 7024, 7032, 7033, 7034, 8011, 8012, 8013, 8014, 9000, 9100, 9110,
]  # fmt: skip
RETRY_SOON = [3000, 3010, 3090, 3080, 3070, 5000, 5010, 5020, 6010]
NEVER = [2000, 2030, 2040, 2050, 3050, 3120]
OURS = [c for c in CODES if 7000 <= c < 9000] + [1010]
TEXT_CODES = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 200, 201, 300, 420, 450, 900, 910, 1000]


def test_every_hangup_code_of_the_reference_is_in_the_table() -> None:
    """No more and no less."""
    assert sorted(causes.HANGUPS) == sorted(CODES)


def test_every_text_code_of_the_reference_is_in_the_table() -> None:
    """No more and no less."""
    assert sorted(causes.TEXTS) == TEXT_CODES


@pytest.mark.parametrize("code", CODES)
def test_a_hangup_is_known_by_its_name_as_well(code: int) -> None:
    """Either may be missing from a callback."""
    cause = causes.HANGUPS[code]
    assert causes.hangup("", cause.name.upper()) == causes.hangup(str(code))


@pytest.mark.parametrize("code", RETRY_SOON)
def test_what_the_reference_retries_is_over_or_tried_again(code: int) -> None:
    """Never permanent, and nobody's fault here."""
    cause = causes.hangup(str(code))
    assert not cause.permanent
    assert not cause.alarm


@pytest.mark.parametrize("code", NEVER)
def test_what_the_reference_does_not_retry_is_permanent(code: int) -> None:
    """The ladder goes on at once."""
    assert causes.hangup(str(code)).permanent


@pytest.mark.parametrize("code", OURS)
def test_our_own_faults_alarm_and_skip_nobody(code: int) -> None:
    """An empty account or an unreadable answer of ours is the same for everybody: permanent would burn through the policy."""
    cause = causes.hangup(str(code))
    assert cause.outcome is None
    assert cause.alarm
    assert not cause.permanent


@pytest.mark.parametrize("table", [causes.HANGUPS, causes.TEXTS])
def test_no_cause_both_ended_and_failed(table: dict[int, causes.Cause]) -> None:
    """A call that is over has an outcome; only a failure can be permanent or ours; each says something."""
    for cause in table.values():
        assert cause.says
        assert cause.outcome is None or not (cause.permanent or cause.alarm)


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        ("4000", "completed", Outcome.HUNG_UP),
        ("4000", "no-answer", Outcome.NO_ANSWER),
        ("4000", "busy", Outcome.BUSY),
        ("9100", "completed", Outcome.VOICEMAIL),
        ("3020", "busy", Outcome.REJECTED),
        ("6010", "timeout", Outcome.NO_ANSWER),
        ("0", "completed", Outcome.HUNG_UP),
        ("0", "failed", None),
        ("", "busy", Outcome.BUSY),
        ("", "", Outcome.NO_ANSWER),
        ("3999", "no-answer", Outcome.NO_ANSWER),
        ("3999", "failed", None),
    ],
)
def test_an_unanswered_call_was_never_hung_up(code: str, status: str, outcome: Outcome | None) -> None:
    """Where the code does not tell, the call's status does."""
    assert causes.hangup(code, "", status).outcome is outcome


def test_an_unlisted_7xxx_or_8xxx_is_our_fault_and_an_unlisted_5xxx_is_not() -> None:
    """Plivo adds codes; the thousands keep their meaning."""
    assert causes.hangup("7099").alarm
    assert causes.hangup("8077").alarm
    assert not causes.hangup("5099").alarm


@pytest.mark.parametrize("code", ["20", "80", "90", "300", "420", "1000", "000", ""])
def test_a_text_that_may_arrive_later_is_tried_again(code: str) -> None:
    """Temporary trouble."""
    assert not causes.text(code).permanent


@pytest.mark.parametrize("code", ["10", "30", "50", "60", "70", "100", "110", "200", "201", "450", "12345", "rubbish"])
def test_a_text_that_never_will_arrive_is_not_sent_again(code: str) -> None:
    """A code that nobody has heard of included."""
    assert causes.text(code).permanent


@pytest.mark.parametrize("code", ["200", "900", "910", "450", "40", "12345"])
def test_what_somebody_must_repair_is_alarmed(code: str) -> None:
    """Opted out, no credit, account disabled, geo permissions, a sender that cannot text, a code we do not know."""
    assert causes.text(code).alarm


@pytest.mark.parametrize(
    ("status", "error", "verdict"),
    [
        (400, "to parameter is invalid", Verdict.PERMANENT),
        (400, "Invalid number: +1", Verdict.PERMANENT),
        (400, "Insufficient credits", Verdict.CREDENTIALS),
        (401, "", Verdict.CREDENTIALS),
        (402, "", Verdict.CREDENTIALS),
        (403, "Calls to this destination country are barred", Verdict.PERMANENT),
        (403, "SMS geo-permission is not enabled", Verdict.PERMANENT),
        (403, "account suspended", Verdict.CREDENTIALS),
        (404, "not found", Verdict.CREDENTIALS),
        (405, "", Verdict.CREDENTIALS),
        (409, "", Verdict.RETRY),
        (422, "", Verdict.CREDENTIALS),
        (429, "", Verdict.RETRY),
        (301, "", Verdict.CREDENTIALS),
        (500, "", Verdict.UNKNOWN),
        (503, "to parameter is invalid", Verdict.UNKNOWN),
        (599, "", Verdict.UNKNOWN),
    ],
)
def test_a_status_allows_one_conclusion(status: int, error: str, verdict: Verdict) -> None:
    """4xx is certain, 5xx never is, whatever its text says."""
    refused = causes.refusal(status, error)
    assert refused.verdict is verdict
    assert str(status) in refused.reason
    assert error not in refused.reason or not error


@given(st.text(), st.text(), st.text())
def test_any_code_name_and_status_has_a_cause(code: str, name: str, status: str) -> None:
    """Total."""
    assert causes.hangup(code, name, status).says
    assert causes.text(code).says


@given(st.text())
def test_any_amount_is_a_number_between_nothing_and_a_million(text: str) -> None:
    """A bill of NaN would poison every sum."""
    assert 0 <= causes.amount(text) < 10**6
    assert 0 <= causes.whole(text) < 10**6


def test_amounts_and_seconds_are_read() -> None:
    """As Plivo writes them."""
    assert causes.amount("0.00850") == Decimal("0.00850")
    assert causes.amount("NaN") == causes.amount("-1") == causes.amount("1e99") == 0
    assert causes.whole("60") == 60
    assert causes.whole("6_0") == causes.whole("²") == 0
