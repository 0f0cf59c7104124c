"""The console in a real browser at phone size, light and dark: what a thumb has to hit, what an eye has to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from escalation.domain.alert import Link
from tests.browser import HEIGHT, WIDTH, needs_chromium, phone
from tests.webhooks.receiver import PASSWORD, Receiver, receiver, without_database
from tests.webhooks.test_on_call import apply, scheduled

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, needs_chromium]

HERE = "http://127.0.0.1"  # with https the browser would keep the session to itself
LONG = {"summary": "db-1 is down " * 12 + "x" * 300, "details": {"mount": "/var" * 200, "node": {"rack": 7}}}
EMERGENCY = {"links": (Link("https://runbook.example/" + "r" * 200, "runbook"),), **LONG}

SMALL = """() => [...document.querySelectorAll('a, button, summary, select, textarea, input:not([type=hidden])')]
    .filter(e => e.offsetParent && (e.offsetHeight < 48 || e.offsetWidth < 48))
    .map(e => `${e.outerHTML.slice(0, 80)} is ${e.offsetWidth} x ${e.offsetHeight}`)"""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
# Text and what is painted behind it, by the formula of WCAG 2; 4.5 is its limit for text of this size.
FAINT = """() => {
    const light = c => c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; if (c !== 'rgba(0, 0, 0, 0)') return c; } };
    const says = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    return [...document.body.querySelectorAll('*')].filter(e => says(e) && e.checkVisibility()).map(e => {
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => x - y);
        return [(b + 0.05) / (a + 0.05), e.textContent.slice(0, 40)];
    }).filter(([ratio]) => ratio < 4.5);
}"""


@contextmanager
def served(desk: Receiver) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, desk.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def fits(page: Page) -> None:
    """Whatever page is open: big enough to hit, nothing beside the screen, in the system's colours, and legible in them."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.wait_for_load_state("load")  # the words are there before the style is
    assert page.evaluate(SMALL) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, page.url
    wants_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (sum(page.evaluate(BACKGROUND)) < 3 * 128) is wants_dark, page.url
    assert page.evaluate(FAINT) == [], page.url


def opened(page: Page, url: str, status: int = 200) -> None:
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == status
    fits(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_behind_a_link_fits_a_phone(tmp_path: Path, scheme: str) -> None:
    """Before and after somebody has it, and with the form for a name; half asleep, with one thumb."""
    desk = receiver(tmp_path, public_url=HERE)
    link = desk.link(desk.trouble(**EMERGENCY))
    with served(desk) as url, phone(scheme) as (page, complaints):
        opened(page, url + link)
        where = page.get_by_role("button", name="Acknowledge").bounding_box()
        assert where
        assert where["y"] + where["height"] < HEIGHT * 0.7, "whatever a monitor wrote, it is under the thumb"
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_text("Nobody else is called").wait_for()
        fits(page)
        opened(page, f"{url}{link}&rename=1")
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_behind_the_password_fit_a_phone(tmp_path: Path, scheme: str) -> None:
    """From the login to one incident of the list."""
    desk = receiver(tmp_path, public_url=HERE)
    desk.trouble(**EMERGENCY)
    desk.trouble("other <b>", key="z")
    apply(desk, scheduled(("ann",), ("bob",)))
    with served(desk) as url, phone(scheme) as (page, complaints):
        opened(page, f"{url}/incidents/login")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").click()
        page.get_by_text("other <b>").wait_for()
        fits(page)
        opened(page, f"{url}/incidents/2")
        for form in ("rename", "person", "step", "note"):
            opened(page, f"{url}/incidents/2?{form}=1")
        opened(page, f"{url}/incidents/on-call")
        page.get_by_text("Take over", exact=True).click()
        fits(page)
        page.get_by_role("button", name="Take over now").click()
        page.get_by_text("is on call in primary now").wait_for()
        fits(page)
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_that_say_no_fit_a_phone(tmp_path: Path, scheme: str) -> None:
    """A link that is no good, a password that is not it, an incident that is not there, a database that is away."""
    desk, away = receiver(tmp_path, public_url=HERE), without_database(tmp_path / "away")
    link = desk.link(desk.trouble())
    with served(desk) as url, served(away) as url_away, phone(scheme) as (page, _):
        opened(page, url + link[:-2], 403)
        opened(page, url_away + link, 503)
        opened(page, f"{url}/incidents/login")
        page.get_by_label("Password").fill("nonsense")
        page.get_by_role("button").click()
        page.get_by_text("That is not the password.").wait_for()
        fits(page)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").click()
        page.wait_for_url(f"{url}/incidents")
        opened(page, f"{url}/incidents/99", 404)
