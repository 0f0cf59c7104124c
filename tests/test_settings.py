"""The environment, read once: every fault told at once, no value repeated, nothing mistyped passed over in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from escalation.errors import BadSettings
from escalation.settings import MOST_PROXIES, Settings, started, strange

PLIVO = {"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN": "hush", "PLIVO_FROM_NUMBER": "+15550109000"}
SITE = {"ESCALATION_PUBLIC_URL": "https://pager.test", "ESCALATION_SECRET_KEY": "s" * 32}


def faults(environ: dict[str, str], read: Callable[[dict[str, str]], Settings] = Settings.from_env) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        read(environ)
    return caught.value.faults


def test_without_an_account_nothing_is_needed() -> None:
    """An alert can be taken and a page mailed without Plivo."""
    assert Settings.from_env({}) == Settings()


def test_with_an_account_a_process_needs_the_address_and_the_secret_too() -> None:
    """Plivo could call nobody back, or texts would have no code to answer with; both are told at once."""
    assert started(PLIVO | SITE).plivo_auth_tokens == ("hush",)
    assert [fault.partition(":")[0] for fault in faults(PLIVO, started)] == list(SITE)
    for missing in SITE:
        assert [fault.partition(":")[0] for fault in faults(PLIVO | SITE | {missing: ""}, started)] == [missing]
    assert started({}) == Settings()


def test_a_command_needs_neither() -> None:
    """`escalation up` keeps a key that a command beside it does not know."""
    assert Settings.from_env(PLIVO).plivo_auth_id == "MA1"


@pytest.mark.parametrize(("said", "meant"), [("", 0), ("0", 0), ("1", 1), (str(MOST_PROXIES), MOST_PROXIES)])
def test_how_many_proxies_are_trusted_is_a_number(said: str, meant: int) -> None:
    """None unless it is said."""
    assert Settings.from_env({"ESCALATION_TRUSTED_PROXIES": said}).trusted_proxies == meant


@pytest.mark.parametrize("said", ["-1", "one", "1.0", "٣", str(MOST_PROXIES + 1), "9" * 5000])
def test_anything_else_is_a_fault(said: str) -> None:
    """Not a traceback."""
    assert faults({"ESCALATION_TRUSTED_PROXIES": said}) == [f"ESCALATION_TRUSTED_PROXIES: not a number from 0 to {MOST_PROXIES}"]


@pytest.mark.parametrize(("said", "meant"), [("", 400), ("0", 0), ("30", 30)])
def test_closed_incidents_are_kept_for_a_number_of_days(said: str, meant: int) -> None:
    """A bit more than a year unless it is said; 0 is for ever."""
    assert Settings.from_env({"ESCALATION_KEEP_DAYS": said}).keep_days == meant
    assert faults({"ESCALATION_KEEP_DAYS": "a year"}) == ["ESCALATION_KEEP_DAYS: not a number from 0 to 36500"]


def test_an_address_for_the_ping_is_a_secret_that_must_be_one() -> None:
    """Neither the fault nor the settings' own text shows it."""
    assert faults({"ESCALATION_PING_URL": "hush"}) == ["ESCALATION_PING_URL: not a URL with scheme and host"]
    assert "hush" not in repr(Settings.from_env({"ESCALATION_PING_URL": "https://watch.test/hush"}))


def test_what_looks_like_a_setting_and_is_none_is_named_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """By whoever starts; without its value. What the test suite is told by is none of ours."""
    environ = {"ESCALATION_SECRET_KYE": "hush", "ESCALATION_TEST_RUN": "1", "PATH": "/bin"}
    assert started(environ) == Settings()
    assert capsys.readouterr().err == "escalation: ESCALATION_SECRET_KYE: no such setting, did you mean ESCALATION_SECRET_KEY?\n"
    assert len(strange(environ)) == 1


TEST = PLIVO | {"ESCALATION_SELF_TEST_NUMBER": "+15550109001"}


@pytest.mark.parametrize(("said", "meant"), [("", 24 * 60), ("10m", 10), ("12h", 12 * 60), ("30d", 30 * 24 * 60)])
def test_the_self_test_has_a_number_and_a_period(said: str, meant: int) -> None:
    """A day unless it is said; without the secret that its key is made of there is none, and the number is never shown."""
    settings = Settings.from_env(TEST | SITE | {"ESCALATION_SELF_TEST_EVERY": said})
    assert (settings.tests_itself, settings.self_test_every) == (True, timedelta(minutes=meant))
    assert "5550109001" not in repr(settings)
    assert not Settings.from_env(TEST).tests_itself
    assert not Settings.from_env(PLIVO | SITE).tests_itself


@pytest.mark.parametrize("said", ["9m", "31d", "1", "day", "-1h", "1h30m", "٣h", "99999d"])
def test_a_period_that_is_none_is_a_fault(said: str) -> None:
    """Too short, too long, or not a time."""
    fault = "ESCALATION_SELF_TEST_EVERY: not a time from 10m to 30d (write it like 12h or 1d)"
    assert faults(TEST | {"ESCALATION_SELF_TEST_EVERY": said}) == [fault]


@pytest.mark.parametrize("number", ["15550109001", "+1 555 010 9001", "+0155501", "hush", PLIVO["PLIVO_FROM_NUMBER"]])
def test_a_number_that_cannot_be_the_test_number_is_a_fault_and_is_not_repeated(number: str) -> None:
    """Not E.164, or the very number that we call from; and without an account nobody can call it."""
    (fault,) = faults(TEST | {"ESCALATION_SELF_TEST_NUMBER": number})
    assert fault.startswith("ESCALATION_SELF_TEST_NUMBER: ")
    assert number not in fault
    assert len(faults({"ESCALATION_SELF_TEST_NUMBER": "+15550109001"})) == 1
