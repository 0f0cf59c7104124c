"""Settings, keys and the public address."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx
import pytest

from escalation.local.checks.finding import Level
from tests.local.ward import Ward, refuses, well


def distrusted(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("certificate") from ssl.SSLCertVerificationError()


@pytest.mark.parametrize(
    ("receiver", "level", "word"),
    [
        (well, Level.OK, "https"),
        (refuses, Level.FAULT, "no answer"),
        (distrusted, Level.FAULT, "certificate"),
        (lambda _: httpx.Response(502), Level.FAULT, "502"),
        (lambda _: httpx.Response(200, text="<h1>Welcome</h1>"), Level.FAULT, "not the receiver"),
        (lambda _: httpx.Response(404), Level.WARNING, "404"),
    ],
)
def test_the_public_address_is_asked(
    ward: Ward, receiver: Callable[[httpx.Request], httpx.Response], level: Level, word: str
) -> None:
    """Carriers hear only what comes from there; a proxy that lets only callbacks through is told from one that leads elsewhere."""
    ward.receiver = receiver
    (found,) = ward.examine("public-url").findings
    assert found.level is level
    assert word in found.said


@pytest.mark.parametrize(
    ("url", "level"), [("http://pager.test", Level.FAULT), ("", Level.FAULT), ("https://pager.test/x", Level.FAULT)]
)
def test_a_public_address_that_carriers_cannot_use(ward: Ward, url: str, level: Level) -> None:
    """Not https, not set, or with a path that no callback has."""
    assert ward.found("public-url", ESCALATION_PUBLIC_URL=url)["public URL"] is level


@pytest.mark.parametrize(("key", "level"), [("", Level.FAULT), ("short", Level.WARNING)])
def test_a_secret_key_is_set_and_long(ward: Ward, key: str, level: Level) -> None:
    """Unless `up` keeps one."""
    assert ward.found("settings", ESCALATION_SECRET_KEY=key)["secret key"] is level


def test_the_key_that_up_keeps_counts(ward: Ward) -> None:
    """A site run by `up` needs no setting for it."""
    (ward.folder / "secret.key").write_text("k" * 64)
    assert ward.found("settings", ESCALATION_SECRET_KEY="")["secret key"] is Level.OK


def test_settings_that_cannot_be_used_are_each_a_fault(ward: Ward) -> None:
    """All at once, as findings; a name that looks like ours is a warning."""
    found = ward.examine(ESCALATION_PUBLIC_URL="nonsense", PLIVO_FROM_NUMBER="").findings
    assert [finding.level for finding in found] == [Level.FAULT] * 2
    assert ward.found("settings", ESCALATION_PUBLC_URL="x")["settings"] is Level.WARNING
