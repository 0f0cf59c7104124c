"""The receiver as it is shipped: it takes a burst whole; and it dies while somebody holds a ringing phone, and once it is back the key
press counts."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from escalation.domain.incident import Status
from tests.system.programs import until
from tests.system.site import KEYS, Site

# The first call is picked up by the test; should it be lost all the same (a slow machine), the next one is answered like this.
NEXT_CALL = {"habit": "answers", "after": 0.5, "presses": ["1", "1", "1"], "wait": 0.5}


def failed(site: Site, name: str) -> int:
    """Callbacks of that name which nobody was there to hear."""
    with site.sandbox.world.lock:
        return len([r for r in site.sandbox.world.log.of("callback.sent") if r.data["name"] == name and r.data["failure"]])


@pytest.mark.slow
def test_picked_up_while_the_receiver_is_dead_the_phone_gets_its_menu_and_the_key_counts(site: Site) -> None:
    """Plivo asks again, then at the fallback address, which needs nothing remembered."""
    site.start("broker", "pages", "timekeeper", "receiver")
    site.cleo.does(**NEXT_CALL | {"after": 50})
    incident, _ = site.alert("bank", "rings while the receiver dies")
    site.cleo.rings()
    site["receiver"].kill()
    site.cleo.does(**NEXT_CALL).picks_up()
    until(lambda: failed(site, "Answer"), 20, site.story)
    site.start("receiver")
    site.is_acknowledged(incident, "cleo")
    print(
        f"picked up: {failed(site, 'Answer')} tries in vain, {failed(site, 'Fallback')} at the fallback, {len(site.cleo.calls)} call(s)"
    )


@pytest.mark.slow
def test_a_key_that_is_pressed_while_the_receiver_is_dead_counts(site: Site) -> None:
    """The process that read the menu out is gone, the menu is in the address it gave."""
    site.start("broker", "pages", "timekeeper", "receiver")
    site.cleo.does(**NEXT_CALL | {"wait": 4})
    incident, _ = site.alert("bank", "the receiver dies with the menu open")
    site.cleo.has_a_menu()
    site["receiver"].kill()
    until(lambda: failed(site, "Action"), 20, site.story)
    site.start("receiver")
    site.is_acknowledged(incident, "cleo")
    print(
        f"pressed: {failed(site, 'Action')} tries in vain, {failed(site, 'Fallback')} at the fallback, {len(site.cleo.calls)} call(s)"
    )


@pytest.mark.slow
def test_a_burst_of_alerts_is_taken_whole(site: Site) -> None:
    """Sixty at the same moment, from senders that send once: none is told to come again."""
    site.start("receiver")
    together = Barrier(60)

    def alert(number: int) -> int:
        body = {"version": 1, "key": KEYS["bank"], "action": "trigger", "dedup_key": f"b{number}", "summary": "one of many"}
        with httpx.Client(trust_env=False, timeout=30) as sender:
            together.wait(20)
            return sender.post(f"{site.url}/intake/native", json=body).status_code

    with ThreadPoolExecutor(60) as senders:
        assert Counter(senders.map(alert, range(60))) == {202: 60}
    assert site.system.queries.counts()[Status.TRIGGERED] == 60
