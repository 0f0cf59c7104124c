"""Who may look at the console, and as whom they act: the password, the session, the name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import builders
from tests.webhooks.receiver import PASSWORD, Receiver, press, receiver


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


@pytest.fixture
def incident(desk: Receiver) -> int:
    return desk.trouble()


def test_the_list_is_behind_the_password(desk: Receiver, incident: int) -> None:
    """Without it neither the list nor an incident is shown; afterwards one is where one wanted to go."""
    browser = desk.browser()
    browser.open(f"/incidents/{incident}")
    assert browser.at == f"/incidents/login?incident={incident}"
    assert "db-1" not in browser.text
    browser.send("/incidents/login", password=PASSWORD, name="Cleo")
    assert browser.at == f"/incidents/{incident}"
    assert "Recorded as Cleo" in browser.text
    browser.open("/incidents")
    assert "1 open incident" in browser.text


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", "é\x00\ufffd" * 3])
def test_a_wrong_password_opens_nothing(desk: Receiver, password: str) -> None:
    """403 and the form again."""
    browser = desk.browser()
    browser.open("/incidents/login")
    assert browser.send("/incidents/login", password=password).status_code == 403
    assert "That is not the password." in browser.text
    assert desk.browser().open("/incidents").request.path == "/incidents/login"


def test_many_wrong_passwords_shut_the_door(desk: Receiver) -> None:
    """Ten a minute from one address; then not even the right one is looked at."""
    browser = desk.browser()
    codes = []
    for password in ["wrong"] * 11 + [PASSWORD]:
        browser.open("/incidents/login")
        codes.append(browser.send("/incidents/login", password=password).status_code)
    assert codes == [403] * 10 + [429] * 2


def test_a_new_password_ends_old_sessions(desk: Receiver, tmp_path: Path) -> None:
    """Who has left the team is out."""
    cookie = desk.logged_in().client.get_cookie("escalation", domain="pager.test")
    assert cookie is not None
    for password, path in ((PASSWORD, "/incidents"), ("another", "/incidents/login")):
        browser = receiver(tmp_path / "other", console_password=password).browser()
        browser.client.set_cookie("escalation", cookie.value, domain="pager.test")
        browser.open("/incidents")
        assert browser.at.partition("?")[0] == path


def test_the_session_cookie_is_well_behaved(desk: Receiver) -> None:
    """Not for scripts, not for other sites, not over plain HTTP."""
    browser = desk.browser()
    browser.open("/incidents/login")
    said = browser.send("/incidents/login", password=PASSWORD).headers["Set-Cookie"]
    assert all(word in said for word in ("HttpOnly", "SameSite=Lax", "Secure"))


def test_logging_out_ends_the_session(desk: Receiver) -> None:
    """By a form, as everything that changes something."""
    console = desk.logged_in()
    console.open("/incidents")
    console.send("/incidents/logout")
    assert console.open("/incidents").request.path == "/incidents/login"


def test_without_a_password_the_console_is_closed(tmp_path: Path) -> None:
    """And says which setting opens it; signed links work all the same."""
    desk = receiver(tmp_path, console_password="")
    incident = desk.trouble()
    for path in ("/incidents", "/incidents/login", f"/incidents/{incident}"):
        answer = desk.client.get(path)
        assert answer.status_code == 403
        assert "ESCALATION_CONSOLE_PASSWORD" in answer.get_data(as_text=True)
    browser = desk.browser()
    assert browser.open(desk.link(incident)).status_code == 200
    press(browser, incident, "acknowledge")
    assert desk.status(incident) == "acknowledged"


def test_the_name_is_remembered_and_recorded(desk: Receiver, incident: int) -> None:
    """The password is everybody's; the name says who it was."""
    console = desk.logged_in()
    console.open(f"/incidents/{incident}?rename=1")
    console.send(f"/incidents/{incident}/name", name="  Cleo \n " + "x" * 100)
    assert "Recorded as Cleo x" in console.text
    press(console, incident, "acknowledge")
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert view.incident.acknowledged_by == ("Cleo " + "x" * 100)[:40]
    assert "console" in desk.story(incident)


@pytest.mark.parametrize("name", ["ann", "ANN", "Ann", " bob ", "slack:#incidents", "webhook:https://x", "email:ops@example.org"])
def test_a_typed_name_is_never_a_colleagues(desk: Receiver, incident: int, name: str) -> None:
    """Neither by the console's password nor by a link that went to a place: the story, and who has it, must be true."""
    with desk.system.store.transaction() as tx:
        tx.apply(builders.site(policy=builders.policy(builders.step("slack:#x"))), "")
    other = desk.trouble("another", key="other")
    for browser, number, at in (
        (desk.logged_in(), incident, f"/incidents/{incident}?rename=1"),
        (desk.browser(), other, desk.link(other) + "&rename=1"),
    ):
        browser.open(at)
        browser.send(f"/incidents/{number}/name", name=name)
        press(browser, number, "acknowledge")
        view = desk.system.queries.incident(number)
        assert view is not None
        assert view.incident.acknowledged_by == f"“{name.strip()}”"
        assert f"Acknowledged by “{name.strip()}”" in desk.story(number)


def test_a_typed_name_of_nobody_stays_as_it_is(desk: Receiver, incident: int) -> None:
    """Cleo is Cleo."""
    console = desk.logged_in()
    console.open(f"/incidents/{incident}?rename=1")
    console.send(f"/incidents/{incident}/name", name="Cleo")
    press(console, incident, "acknowledge")
    assert "Acknowledged by Cleo, by console." in desk.story(incident)
