"""The console: who may look, what a button does, and that looking changes nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import session

from escalation.domain.alert import Action
from escalation.domain.incident import Page
from tests import builders
from tests.webhooks.receiver import PUBLIC_URL, Receiver, press, receiver, without_database
from webhooks.console import acts, views, wiring

STATIC = wiring.STYLE.parent


@pytest.fixture
def desk(tmp_path: Path) -> Receiver:
    return receiver(tmp_path)


@pytest.fixture
def incident(desk: Receiver) -> int:
    return desk.trouble()


# --- looking


def test_a_link_preview_acknowledges_nothing(desk: Receiver, incident: int) -> None:
    """Chats and mail scanners open every link, some several times, some with HEAD."""
    before = desk.story(incident)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        answer = desk.client.open(desk.link(incident), method=method, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
        assert answer.status_code == 200
    assert desk.story(incident) == before
    assert desk.status(incident) == "triggered"


def test_the_list_of_a_held_site_says_so_first(desk: Receiver) -> None:
    """Else it would look as if somebody was being called."""
    browser = desk.logged_in()
    assert "resume" not in browser.text
    with desk.system.store.transaction() as tx:
        tx.hold("restored from the backup of noon")
    assert browser.open("/incidents").status_code == 200
    assert "held since 2026-11-23 03:00 UTC, restored from the backup of noon: nobody is paged" in browser.text


def test_the_buttons_do_nothing_by_get(desk: Receiver, incident: int) -> None:
    """An address of an act is no link."""
    token = desk.link(incident).partition("?")[2]
    for act in ("acknowledge", "unacknowledge", "escalate", "snooze", "morning", "resolve"):
        assert desk.client.get(f"/incidents/{incident}/{act}?{token}").status_code == 405
    assert desk.status(incident) == "triggered"


def test_the_page_says_what_who_and_what_is_next(desk: Receiver, incident: int) -> None:
    """What is broken, who is being told, who is next, and the story; in UTC and in the responder's zone; no number anywhere."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    for words in ("db-1 is down", "payments", "critical", "TRIGGERED", "Bob is paged", "Ann", "1 of 4", "prometheus", "INC-1"):
        assert words in browser.text
    assert "03:00:00 UTC" in browser.text
    assert "04:00:00 CET" in browser.text
    assert not re.search(r"\+\d{6,}|\d{10,}", re.sub(r'(value|href|datetime)="[^"]*"', "", browser.text))


def test_an_incident_of_somebody_else_is_not_opened_by_a_link(desk: Receiver, incident: int) -> None:
    """A link is for one incident."""
    other = desk.trouble("disk full", key="disk")
    token = desk.link(incident).partition("?")[2]
    assert desk.client.get(f"/incidents/{other}?{token}").status_code == 403


@pytest.mark.parametrize("lasts", [timedelta(seconds=-1), timedelta(days=-30)])
def test_an_expired_link_says_what_to_do(desk: Receiver, incident: int, lasts: timedelta) -> None:
    """403, and in words; also for the buttons of a page that is still open."""
    browser = desk.browser()
    assert browser.open(desk.link(incident, lasts=lasts)).status_code == 403
    assert "Use the newest message" in browser.text
    browser.open(desk.link(incident, lasts=timedelta(minutes=5)))
    desk.clock.after(minutes=6)
    assert press(browser, incident, "acknowledge") == 403
    assert desk.status(incident) == "triggered"


@pytest.mark.parametrize("token", ["x", "1.1.1.AAAAAAAAAAAA", "1" * 5000, "\x00", "é.1.1.AAAAAAAAAAAA", "...", "1.1"])
def test_a_tampered_link_is_refused(desk: Receiver, incident: int, token: str) -> None:
    """Whatever stands there; and it does not tell which incidents exist."""
    said = {desk.client.get(f"/incidents/{number}", query_string={"k": token}).status_code for number in (incident, 999)}
    assert said == {403}


def test_a_real_link_with_one_letter_changed_is_refused(desk: Receiver, incident: int) -> None:
    """The signature covers incident, page and expiry."""
    link = desk.link(incident)
    start = link.index("k=") + 2
    for place in range(start, len(link)):
        changed = link[:place] + ("a" if link[place] != "a" else "b") + link[place + 1 :]
        assert desk.client.get(changed).status_code == 403


# --- acting


def test_an_acknowledgement_by_link_is_the_responders(desk: Receiver, incident: int) -> None:
    """Recorded as Ann, by link; said only after it is true; shown on the page the answer leads to."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    assert press(browser, incident, "acknowledge") == 303
    assert 'role="status">Acknowledged. Nobody else is called.' in browser.text
    assert desk.status(incident) == "acknowledged"
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert view.incident.acknowledged_by == "ann"
    assert "link" in desk.story(incident)


def test_the_first_one_has_it(desk: Receiver, incident: int) -> None:
    """Whoever comes second is told who was first."""
    ann, console = desk.browser(), desk.logged_in()
    ann.open(desk.link(incident))
    console.open(f"/incidents/{incident}")
    press(ann, incident, "acknowledge")
    press(console, incident, "acknowledge")
    assert "Already acknowledged by Ann." in console.text


def test_escalating_twice_from_one_page_skips_nobody(desk: Receiver, incident: int) -> None:
    """A double tap, or a page that was open since the last step, is one escalation."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    fields = browser.fields(f"/incidents/{incident}/escalate")
    for _ in range(2):
        answer = browser.client.post(f"/incidents/{incident}/escalate", data=fields, base_url=PUBLIC_URL)
        assert answer.status_code == 303
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert view.incident.step == 1
    browser.open(answer.headers["Location"])
    assert "Paging moved on while you were reading" in browser.text


def test_two_taps_at_the_same_moment_are_one_escalation(desk: Receiver, incident: int) -> None:
    """Both requests read the incident before either has moved it: the inbox tells them apart from two people."""
    console = views.Console(desk.system)
    with desk.app.test_request_context(method="POST", data={"turn": "1"}):
        session["console"] = console._door._mark
        seen = [console._seen(incident) for _ in range(2)]
        said = [console._done(acts.ACTS["escalate"], one) for one in seen]
    assert said == ["Escalated: paging goes on.", "It was escalated already."]
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert view.incident.step == 1


def test_a_snooze_until_the_morning_is_by_the_clock_of_whoever_the_link_went_to(desk: Receiver, incident: int) -> None:
    """08:00 in Berlin; at the console nobody's clock is known, so it is UTC and says so."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    press(browser, incident, "morning")
    assert "Snoozed until 08:00 CET. Nobody is called until then." in browser.text
    assert "07:00:00 UTC" in browser.text
    console = desk.logged_in()
    console.open(f"/incidents/{incident}")
    press(console, incident, "morning")
    assert "Snoozed until 08:00 UTC." in console.text


def test_a_note_is_shown_as_it_was_typed_and_sent_to_nobody(desk: Receiver, incident: int) -> None:
    """Escaped; twice the same form is one note; what is no note changes nothing; also when it is over."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    press(browser, incident, "resolve")
    assert "http-equiv" not in browser.open(desk.link(incident) + "&note=1").get_data(as_text=True)
    form, typed = browser.fields(f"/incidents/{incident}/note"), {"text": "<b>disk</b>\n& full"}
    for _ in range(2):
        browser.client.post(f"/incidents/{incident}/note", data=form | typed, base_url=PUBLIC_URL)
    browser.client.post(f"/incidents/{incident}/note", data=form | {"text": "x" * 401}, base_url=PUBLIC_URL)
    browser.open(desk.link(incident))
    assert "Nothing was noted: a note has 400 characters at most" in browser.text
    assert browser.text.count("Note by Ann, by link: &lt;b&gt;disk&lt;/b&gt; &amp; full") == 1
    assert "<b>" not in browser.text
    assert desk.story(incident).count("Note by") == 1


def test_what_is_given_back_by_a_button_is_paged_again(desk: Receiver, incident: int) -> None:
    """Offered to whoever looks at an acknowledged one, and only there."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    assert "Give it back" not in browser.text
    press(browser, incident, "acknowledge")
    press(browser, incident, "unacknowledge")
    assert "Given back: paging begins again with step 1." in browser.text
    assert desk.status(incident) == "triggered"


def test_snooze_and_resolve(desk: Receiver, incident: int) -> None:
    """One hour of silence; then it is over, and no button is left."""
    console = desk.logged_in()
    console.open(f"/incidents/{incident}")
    press(console, incident, "snooze")
    assert desk.status(incident) == "snoozed"
    assert "Paging begins again at" in console.text
    assert "04:00:00 UTC" in console.text
    press(console, incident, "resolve")
    assert desk.status(incident) == "resolved"
    assert "Resolved." in console.text
    assert "/acknowledge" not in console.text


def test_an_incident_resolved_meanwhile_says_so(desk: Receiver, incident: int) -> None:
    """Not "acknowledged": that would not be true."""
    browser = desk.browser()
    browser.open(desk.link(incident))
    desk.system.engine.take([builders.alert(action=Action.RESOLVE)])
    press(browser, incident, "acknowledge")
    assert "It was resolved already" in browser.text


def test_what_could_not_be_saved_is_not_said(tmp_path: Path) -> None:
    """503 and words; the database is away."""
    desk = without_database(tmp_path / "gone")
    answer = desk.client.get(desk.link(1))
    assert answer.status_code == 503
    assert "nothing was changed" in answer.get_data(as_text=True)


@pytest.mark.parametrize("fields", [{}, {"csrf_token": "x"}])
def test_a_form_without_its_token_does_nothing(desk: Receiver, incident: int, fields: dict[str, str]) -> None:
    """Another site cannot press our buttons, neither by link nor in somebody's session."""
    for browser, extra in ((desk.browser(), {"k": desk.link(incident).partition("k=")[2]}), (desk.logged_in(), {})):
        browser.open(f"/incidents/{incident}")
        answer = browser.client.post(f"/incidents/{incident}/acknowledge", data=fields | extra, base_url=PUBLIC_URL)
        assert answer.status_code == 400
        assert "Nothing was done" in answer.get_data(as_text=True)
    assert desk.status(incident) == "triggered"


# --- the pages themselves


def test_pages_that_change_by_themselves_are_loaded_again(desk: Receiver, incident: int) -> None:
    """The list and open incidents; not while somebody types, not when it is over."""
    console, refresh = desk.logged_in(), 'http-equiv="refresh" content="10"'
    assert refresh in console.open("/incidents").get_data(as_text=True)
    assert refresh in console.open(f"/incidents/{incident}").get_data(as_text=True)
    assert refresh not in console.open(f"/incidents/{incident}?rename=1").get_data(as_text=True)
    console.open(f"/incidents/{incident}")
    press(console, incident, "resolve")
    assert refresh not in console.text
    assert refresh not in desk.browser().open("/incidents").get_data(as_text=True)


def test_what_senders_write_is_text_and_small(desk: Receiver) -> None:
    """No markup gets through, and the page stays small on a bad network, whatever was sent."""
    nasty = '<script>alert("x")</script>'
    details = {f"{nasty}{n}": nasty * 500 for n in range(200)}
    incident = desk.trouble(nasty * 30, source=nasty, details=details)
    for _ in range(200):
        desk.system.engine.take([builders.alert(nasty * 30)])
    console = desk.logged_in()
    console.open(f"/incidents/{incident}")
    assert "<script" not in console.text
    size = sum(file.stat().st_size for file in STATIC.iterdir())
    assert size < 10_000
    assert len(console.text.encode()) + size < 60_000
    assert "<script" not in console.open("/incidents").get_data(as_text=True)


def test_a_list_of_a_storm_is_bounded(desk: Receiver) -> None:
    """Sixty lines, and it says that there are more."""
    desk.system.engine.take([builders.alert(f"disk {n} " + "full " * 60, key=str(n)) for n in range(70)])
    console = desk.logged_in()
    console.open("/incidents")
    assert "60 or more open incidents" in console.text
    assert len(console.text.encode()) < 60_000


def test_every_input_has_its_label_and_every_page_its_heading(desk: Receiver, incident: int) -> None:
    """What a screen reader needs."""
    console = desk.logged_in()
    for path in ("/incidents", "/incidents/login", f"/incidents/{incident}?rename=1", "/incidents/999"):
        console.open(path)
        assert console.text.count("<h1>") == 1
        assert '<html lang="en">' in console.text
        typed = re.findall(r'<input id="(\w+)"', console.text)
        assert all(f'<label for="{name}">' in console.text for name in typed)
        assert not re.search(r'<input(?! type="hidden")(?! id=)', console.text)


def test_an_unknown_incident_is_not_found(desk: Receiver) -> None:
    """For whoever is logged in; also one whose number no database can hold."""
    console = desk.logged_in()
    for number in (0, 999, 2**63 - 1, 2**63, 10**40):
        assert console.open(f"/incidents/{number}").status_code == 404


def test_the_front_page_leads_to_the_console(desk: Receiver) -> None:
    """A person types the host's name only."""
    assert desk.browser().open("/").request.path == "/incidents/login"


def test_a_step_may_be_chosen(desk: Receiver, incident: int) -> None:
    """The steps are listed with who is behind them; a page that was open since the last step skips nobody."""
    browser = desk.browser()
    browser.open(f"{desk.link(incident)}&step=1")
    assert "3: Lee" in browser.text
    fields = browser.fields(f"/incidents/{incident}/escalate")
    for wrong in ("9" * 4000, "-7"):
        answer = browser.client.post(f"/incidents/{incident}/escalate", data=fields | {"step": wrong}, base_url=PUBLIC_URL)
        browser.open(answer.headers["Location"])
        assert "Nothing changed" in browser.text
    fields |= {"step": "3"}
    for _ in range(2):
        answer = browser.client.post(f"/incidents/{incident}/escalate", data=fields, base_url=PUBLIC_URL)
        assert answer.status_code == 303
    view = desk.system.queries.incident(incident)
    assert view is not None
    assert view.incident.step == 2
    browser.open(answer.headers["Location"])
    assert "Escalated to step 3 by Ann" in browser.text


def test_what_somebody_has_may_be_handed_over(desk: Receiver, incident: int) -> None:
    """Offered once somebody has it, to everybody but them; twice the same button is one act, and an old page moves nothing."""
    browser = desk.browser()
    link = desk.link(incident)
    browser.open(f"{link}&person=1")
    assert "Hand it over" not in browser.text
    old = browser.fields(f"/incidents/{incident}/escalate") | {"to": "bob"}
    press(browser, incident, "acknowledge")
    browser.open(f"{link}&person=1")
    assert '<option value="bob">Bob' in browser.text
    assert '<option value="ann">' not in browser.text
    fields = browser.fields(f"/incidents/{incident}/handover") | {"to": "bob"}
    for form in (old, fields, fields):
        answer = browser.client.post(f"/incidents/{incident}/handover", data=form, base_url=PUBLIC_URL)
        assert answer.status_code == 303
    browser.open(answer.headers["Location"])
    assert "Paging moved on while you were reading" in browser.text
    assert browser.text.count("Handed over to Bob by Ann") == 1


def test_somebody_of_ones_choice_is_called_too(desk: Receiver, incident: int) -> None:
    """Everybody but who is being called already; beside Ann, whose phone rings on. Once, however often it is pressed."""
    browser = desk.browser()
    browser.open(f"{desk.link(incident)}&person=1")
    assert '<option value="lee">Lee' in browser.text
    assert '<option value="ann">' not in browser.text
    fields = browser.fields(f"/incidents/{incident}/add") | {"to": "lee"}
    for _ in range(2):
        answer = browser.client.post(f"/incidents/{incident}/add", data=fields, base_url=PUBLIC_URL)
    assert [page.responder for page in pages(desk, incident)] == ["ann", "lee"]
    browser.open(answer.headers["Location"])
    assert browser.text.count("Lee was added by Ann") == 1
    assert "Nothing changed: the incident is triggered" in browser.text


def test_it_is_given_to_somebody_of_ones_choice(desk: Receiver, incident: int) -> None:
    """Instead of Ann, whose phone stops; an old page moves nothing, and nobody who is not there is asked."""
    browser = desk.browser()
    browser.open(f"{desk.link(incident)}&person=1")
    fields = browser.fields(f"/incidents/{incident}/add")
    for to, expected in (("nobdy", "Nothing changed"), ("lee", "Reassigned: they are called now"), ("bob", "Paging moved on")):
        answer = browser.client.post(f"/incidents/{incident}/reassign", data=fields | {"to": to}, base_url=PUBLIC_URL)
        browser.open(answer.headers["Location"])
        assert expected in browser.text, to
    assert [page.responder for page in pages(desk, incident) if not page.closed] == ["lee"]
    assert "Reassigned to Lee by Ann" in browser.text


def pages(desk: Receiver, number: int) -> tuple[Page, ...]:
    view = desk.system.queries.incident(number)
    assert view is not None
    return view.incident.pages
