"""Every worker is dead: the timekeeper pages."""

from __future__ import annotations

import pytest

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
