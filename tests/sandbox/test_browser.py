"""The phones page in a real browser at phone size: pick up, read, press a key."""

from __future__ import annotations

import pytest

from escalation.sandbox.calls import CallRequest, Target
from escalation.sandbox.server import Server
from tests.browser import WIDTH, needs_chromium, phone
from tests.sandbox.product import ANN, OURS

XML_NOWHERE = "http://127.0.0.1:9/answer"  # nobody listens: this test is about the page, the words are put in below


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_picks_up_and_reads_on_a_phone_sized_page(scheme: str) -> None:
    """Big enough to hit, nothing beside the screen, no error in the console."""
    with Server(script=f'phones: {{"{ANN}": {{name: Ann}}}}') as server, phone(scheme) as (page, complaints):
        page.goto(f"{server.url}/phone/{ANN[1:]}")
        _ring(server)
        page.get_by_role("button", name="Pick up").click()
        page.get_by_text("on the line").wait_for()
        page.get_by_role("button", name="1", exact=True).click()
        page.get_by_label("Reply").fill("1 k7")
        page.get_by_role("button", name="Send").click()
        small = "[...document.querySelectorAll('button,input')].filter(e => e.offsetParent && e.offsetHeight < 48).length"
        assert page.evaluate(small) == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        page.get_by_role("button", name="Hang up").click()
        page.get_by_text("idle").wait_for()
        assert complaints == []
        assert (server.world.calls[0].pressed, server.world.phone(ANN).sent) == ("1", ["1 k7"])


def _ring(server: Server) -> None:
    """A call whose XML never comes, so that the page has all the time it needs."""
    with server.world.lock:
        server.world.faults.delay("Answer", by=600)
        call = server.world.switchboard.place(CallRequest(OURS[1:], Target(XML_NOWHERE)), ANN[1:])
        call.heard.append("on the line")
