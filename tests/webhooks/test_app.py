"""The application around everything: assembly, security headers, masked addresses, errors."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder

from escalation.errors import BadSettings, UnknownKey
from escalation.settings import Settings
from escalation.store.schema import migrate
from tests.intake.bodies import KEY, NATIVE
from tests.webhooks.receiver import Receiver, receiver
from webhooks import app, guard


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


def logged(desk: Receiver, url: str, **more: str) -> str:
    """What gunicorn's access log reads after the answer: the environment that the application was given."""
    path, _, query = url.partition("?")
    environ = EnvironBuilder(path, method="POST", query_string=query, json=NATIVE).get_environ()
    environ |= {"PATH_INFO": path, "RAW_URI": url, "REQUEST_URI": url, **more}
    list(desk.app(environ, lambda *_: lambda _: None))
    return " ".join(str(environ[name]) for name in ("PATH_INFO", "QUERY_STRING", "RAW_URI", "REQUEST_URI", "HTTP_REFERER"))


def test_no_key_and_no_token_reaches_the_access_log(desk: Receiver) -> None:
    """Path, query, raw address and referrer; and an escaped spelling does not get past."""
    for url in (
        f"/intake/native/{KEY}",
        f"/intake/native?token={KEY}",
        f"/incidents/1?x=1&k={KEY}",
        f"//intake//native//{KEY}",
    ):
        said = logged(desk, url, HTTP_REFERER=f"https://pager.test{url}")
        assert KEY not in said
        assert said.count("***") == 4, "the path or the query, twice the raw address, the referrer"


@pytest.mark.parametrize("name", ["k", "%6b", "%6B", "K", "tok%65n", "%61ccess_token", "key"])
@pytest.mark.parametrize("before", ["?", "?a=b&", "?a=b;"])
def test_a_name_spelled_otherwise_is_masked_too(name: str, before: str) -> None:
    """The server decodes it before it looks for its token."""
    assert guard.masked(f"/incidents/1{before}{name}=SECRET&c=d") == f"/incidents/1{before}{name}=***&c=d"
    environment = {"PATH_INFO": "/incidents/1", "QUERY_STRING": f"{before[1:]}{name}=SECRET"}
    guard.MaskedAddress(lambda *_: [])(environment, lambda *_: lambda _: None)
    assert environment["QUERY_STRING"] == f"{before[1:]}{name}=***"


def test_an_escaped_address_is_masked_too() -> None:
    """The server decodes the path; what it would log is the raw address."""
    environment = {"PATH_INFO": f"/intake/native/{KEY}", "QUERY_STRING": "a=1", "RAW_URI": f"/%69ntake/native/{KEY}?a=1"}
    guard.MaskedAddress(lambda *_: [])(environment, lambda *_: lambda _: None)
    assert environment["RAW_URI"] == "/intake/native/***?a=1"


def test_plain_addresses_are_left_as_they_are() -> None:
    """Callbacks hold ids only, and operators need to read them."""
    assert guard.masked("/plivo/calls/42-1-1/key/2?a=b") == "/plivo/calls/42-1-1/key/2?a=b"


@pytest.mark.parametrize("path", ["/healthz", "/incidents/login", "/incidents/static/console.css", "/nowhere"])
def test_every_answer_has_the_security_headers(desk: Receiver, path: str) -> None:
    """No foreign script, no framing, no referrer."""
    with desk.client.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")
    assert ("no-store" in headers.get("Cache-Control", "")) != ("static" in path)


def test_a_wrong_method_names_the_right_one(desk: Receiver) -> None:
    """405 with Allow, in JSON."""
    answer = desk.client.get("/v2/enqueue")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.json["status"] == "error"


def test_a_fault_of_ours_is_logged_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the exception's text nor the address is in the log; where it happened is."""
    broken = Flask("broken")
    guard.install(broken)

    @broken.post("/intake/native/<key>")
    def breaks(key: str) -> str:
        raise RuntimeError(f"secret {key}")

    with caplog.at_level(logging.INFO):
        answer = broken.test_client().post(f"/intake/native/{KEY}")
    assert answer.status_code == 500
    assert KEY not in caplog.text + answer.get_data(as_text=True)
    assert "RuntimeError in breaks" in caplog.text


def test_a_fault_in_an_answer_to_a_fault_is_logged_without_what_was_sent_too(caplog: pytest.LogCaptureFixture) -> None:
    """Flask would write the whole address, with the key in it."""
    broken = Flask("broken")
    guard.install(broken)

    @broken.errorhandler(UnknownKey)
    def answer(_: UnknownKey) -> str:
        raise RuntimeError("too")

    @broken.post("/intake/native/<key>")
    def breaks(key: str) -> str:
        raise UnknownKey([key])

    with caplog.at_level(logging.INFO):
        assert broken.test_client().post(f"/intake/native/{KEY}").status_code == 500
    assert KEY not in caplog.text
    assert "RuntimeError in breaks" in caplog.text


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")])
def test_who_asks_is_told_by_as_many_proxies_as_are_trusted(tmp_path: Path, proxies: int, seen: str) -> None:
    """None by default: anybody can write that header. Scheme and host are never taken from one."""
    found = receiver(tmp_path, trusted_proxies=proxies).app
    found.add_url_rule("/who", "who", lambda: f"{request.remote_addr} {request.host_url}")
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}
    assert found.test_client().get("/who", headers=headers).text == f"{seen} http://localhost/"


def test_settings_that_do_not_exist_are_named_when_it_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped one would pass silently."""
    monkeypatch.setenv("ESCALATION_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ESCALATION_SECRET_KYE", "hush")
    migrate(Settings(data_dir=tmp_path).sql_url)
    migrate(Settings(data_dir=tmp_path).sql_url)
    app.create_app()
    assert capsys.readouterr().err == "escalation: ESCALATION_SECRET_KYE: no such setting, did you mean ESCALATION_SECRET_KEY?\n"


def test_importing_the_module_needs_no_environment() -> None:
    """`webhooks.app:app` is made when it is asked for, and nothing else is in it."""
    assert not hasattr(app, "application")
    assert app.create_app is not None


def test_the_application_of_a_broken_environment_says_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point passes the settings' faults on."""
    monkeypatch.setenv("ESCALATION_PUBLIC_URL", "not a url")
    monkeypatch.setenv("PLIVO_AUTH_ID", "MA")
    with pytest.raises(BadSettings) as caught:
        app.create_app()
    assert len(caught.value.faults) >= 2


def test_the_application_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As a WSGI server asks for it."""
    monkeypatch.setenv("ESCALATION_DATA_DIR", str(tmp_path))
    migrate(Settings(data_dir=tmp_path).sql_url)
    assert app.create_app().test_client().get("/healthz").status_code == 200
