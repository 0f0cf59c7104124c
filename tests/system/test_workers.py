"""Workers that are dead: the timekeeper pages. Workers that are asked to end: they finish what they have."""

from __future__ import annotations

import pytest

from escalation.domain.incident import AttemptStatus
from tests.system.programs import STARTS, until
from tests.system.site import Site


@pytest.mark.slow
def test_when_all_workers_are_killed_the_timekeeper_pages(site: Site) -> None:
    """Both the incident that was being paged and the one that comes afterwards: hints pile up at the broker, phones ring. Who comes
    back finds the hints and calls nobody twice."""
    site.start("broker", "pages", "chores", "timekeeper", "receiver")
    site.bob.does(habit="answers", after=0.3, presses="1", wait=0.3)
    paged, _ = site.alert("shop", "open when the workers die")
    site.ann.rings()
    site["pages"].kill()
    site["chores"].kill()
    _, taken_in = site.alert("bank", "comes when the workers are dead")
    site.ann.picks_up().presses("2").hears("escalated")
    print(f"workers dead: alert taken in {taken_in:.3f} s, its phone rang after {site.cleo.rings():.1f} s")
    site.bob.rang()
    site.is_acknowledged(paged, "bob")
    site.start("pages")
    site.alert("mail", "comes when they are back")
    site.dan.rings()
    assert [len(phone.calls) for phone in (site.ann, site.bob, site.cleo, site.dan)] == [1, 1, 1, 1]


@pytest.mark.slow
def test_a_worker_that_is_asked_to_end_finishes_what_it_has_and_leaves_the_rest(site: Site) -> None:
    """The carrier is slow with Cleo's call when SIGTERM comes: the worker hears its answer and ends with 0. Dan's page, which came after that,
    is the next one's. Nobody is called twice, and nothing is left unknown."""
    site.start("broker", "pages", "timekeeper", "receiver")
    with site.sandbox.world.lock:  # the carrier answers nobody
        cleos, _ = site.alert("bank", "in hand when the worker is asked to end")
        claimed = lambda: [a.status for a in site.incident(cleos).attempts] == [AttemptStatus.CLAIMED]
        until(claimed, STARTS, site.story)
        site["pages"].ask_to_end()
        until(lambda: "Warm shutdown" in site["pages"].said(), STARTS, site.story)
        dans, _ = site.alert("mail", "comes when the worker ends")
    site.cleo.rings()
    assert site["pages"].has_ended() == 0
    site.start("pages")
    site.dan.rings()
    for number in (cleos, dans):
        assert [attempt.tries for attempt in site.incident(number).attempts] == [1]
    assert "Nobody knows" not in site.story()
    assert [len(phone.calls) for phone in (site.ann, site.bob, site.cleo, site.dan)] == [0, 0, 1, 1]
